import { unleashPayload, type UnleashPayload } from '../compiler/index.js';
import type { FlagContext } from '../flag.js';
import { decideAs, sees, type SdkGrant } from './sdk-access.js';
import type { ServedFlag } from './served-flag.js';

/** JSON of a flag's answer by its variant; a flag has few of them, so each is made once. */
const answers = new WeakMap<ServedFlag, Map<string, string>>();

/** JSON of what the frontend SDKs get: the flags that are on for a context, decided here. */
export function frontendAnswer(grant: SdkGrant, context: FlagContext): string {
  const on: string[] = [];
  for (const flag of grant.feed.flags.values()) {
    if (!sees(grant, flag)) continue;
    const { enabled, variant, served } = decideAs(grant, flag, context);
    if (!enabled) continue;
    // A strategy's variant has a payload of its own; a rule's has the flag's.
    on.push(served ? JSON.stringify(frontendFlag(flag, variant, served.payload)) : answerOf(flag, variant));
  }
  return `{"toggles":[${on.join(',')}]}`;
}

function answerOf(flag: ServedFlag, variant: string | null): string {
  let known = answers.get(flag);
  if (!known) answers.set(flag, (known = new Map()));
  let json = known.get(variant ?? '');
  if (json === undefined) {
    const payload = unleashPayload(flag.flag.variants.find(({ name }) => name === variant)?.payload);
    known.set(variant ?? '', (json = JSON.stringify(frontendFlag(flag, variant, payload))));
  }
  return json;
}

function frontendFlag(
  { flag, feature }: ServedFlag,
  variant: string | null,
  payload: UnleashPayload | undefined,
): unknown {
  return {
    name: flag.key,
    enabled: true,
    impressionData: feature.impressionData,
    variant: {
      name: variant ?? 'disabled',
      enabled: variant !== null,
      ...(payload ? { payload } : {}),
      feature_enabled: true,
      featureEnabled: true,
    },
  };
}
