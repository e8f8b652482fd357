import { InvalidInputError } from '#platform';
import { type FlagDecision } from '../compiler/index.js';
import type { FlagContext } from '../flag.js';
import { readContext } from './flag-context.js';
import { decideAs, sees, type SdkGrant } from './sdk-access.js';
import type { ServedFlag } from './served-flag.js';

/** An answer of the OpenFeature remote evaluation protocol. */
export interface OfrepAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** `POST /ofrep/v1/evaluate/flags/{key}` */
export function ofrepFlag(grant: SdkGrant, key: string, body: unknown): OfrepAnswer {
  const { context, problem } = ofrepContext(grant, body);
  if (!context) return { status: 400, body: { key, ...problem } };
  const flag = grant.feed.flags.get(key);
  if (!flag || !sees(grant, flag))
    return {
      status: 404,
      body: { key, errorCode: 'FLAG_NOT_FOUND', errorDetails: `There is no flag "${key}".` },
    };
  return { status: 200, body: success(flag, decideAs(grant, flag, context)) };
}

/** JSON of the answer to `POST /ofrep/v1/evaluate/flags`: every flag that the token sees. */
export function ofrepFlags(grant: SdkGrant, context: FlagContext): string {
  const flags = [...grant.feed.flags.values()]
    .filter((flag) => sees(grant, flag))
    .map((flag) => success(flag, decideAs(grant, flag, context)));
  return JSON.stringify({ flags });
}

/** The context of a request, bound to what its token fixes; or what is wrong with it. */
export function ofrepContext(
  grant: SdkGrant,
  body: unknown,
): { context?: FlagContext; problem?: Record<string, string> } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return {
      problem: { errorCode: 'PARSE_ERROR', errorDetails: 'The body must be a JSON object with a context.' },
    };
  const { context: sent } = body as { context?: unknown };
  try {
    // The targeting key of OpenFeature is the user.
    const targetingKey = (sent as { targetingKey?: unknown } | null | undefined)?.targetingKey;
    const isObject = typeof sent === 'object' && sent !== null && !Array.isArray(sent);
    return { context: readContext(isObject ? { userId: targetingKey, ...sent } : sent, grant) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { problem: { errorCode: 'INVALID_CONTEXT', errorDetails: error.message } };
  }
}

function success(served: ServedFlag, decision: FlagDecision): Record<string, unknown> {
  const { flag } = served;
  const metadata = {
    flagKind: flag.kind,
    scope: decision.rule?.scope.kind ?? 'NONE',
    enabled: decision.enabled,
  };
  const reason = reasonOf(decision);
  if (flag.kind === 'BOOLEAN') {
    return {
      key: flag.key,
      value: decision.enabled,
      variant: decision.enabled ? 'on' : 'off',
      reason,
      metadata,
    };
  }
  // Off without a default variant: no value, so that the code's own default holds.
  if (decision.variant === null) return { key: flag.key, reason, metadata };
  return {
    key: flag.key,
    value: decision.payload ?? decision.variant,
    variant: decision.variant,
    reason,
    metadata,
  };
}

function reasonOf({ reason, rule }: FlagDecision): string {
  if (['KILLED', 'ARCHIVED', 'DRAFT'].includes(reason)) return 'DISABLED';
  if (reason === 'STRATEGY' || reason === 'DEPENDENCY') return 'TARGETING_MATCH';
  return rule && rule.scope.kind !== 'ENVIRONMENT' ? 'TARGETING_MATCH' : 'STATIC';
}
