import { hostname } from 'node:os';
import {
  type UnleashSegment,
  type UnleashStrategy,
  type UnleashStrategyName,
} from '../compiler/unleash-feature.js';
import { prepareRemoteAddress } from './cidr.js';
import { prepareConstraints, type Predicate } from './constraint.js';
import { fieldOf } from './context.js';
import { rolloutBucket } from './hash.js';
import { prepareVariants, type VariantSelector } from './variant.js';

export type Segments = ReadonlyMap<number, UnleashSegment>;

/** A strategy that can be asked. */
export interface PreparedStrategy {
  readonly strategy: UnleashStrategy;
  holds: Predicate;
  /** Only of strategies with variants of their own. */
  variant: VariantSelector | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

const random = (size: number) => Math.floor(Math.random() * size) + 1;

/** As the SDKs read it: constraints and segments first; a name or a segment that is not known never holds. */
export function prepareStrategy(strategy: UnleashStrategy, segments: Segments): PreparedStrategy {
  const { name, parameters, constraints, variants } = strategy;
  const wanted = (strategy.segments ?? []).map((id) => segments.get(id));
  const known = wanted.filter((segment) => segment !== undefined);
  if (!Object.hasOwn(byName, name) || known.length < wanted.length)
    return { strategy, holds: () => false, variant: undefined };
  const fits = prepareConstraints([...constraints, ...known.flatMap((segment) => segment.constraints)]);
  const active = byName[name as UnleashStrategyName](parameters);
  const [first] = variants;
  return {
    strategy,
    holds: (context) => fits(context) && active(context),
    variant:
      first &&
      prepareVariants(
        String(parameters['groupId']),
        first.stickiness || parameters['stickiness'] || undefined,
        variants,
      ),
  };
}

const byName: Record<UnleashStrategyName, (parameters: Parameters) => Predicate> = {
  default: () => () => true,
  flexibleRollout,
  userWithId: ({ userIds }) => {
    const users = new Set(listed(userIds));
    return ({ userId }) => userId !== undefined && users.has(userId);
  },
  remoteAddress: ({ IPs }) => {
    const contains = prepareRemoteAddress(listed(IPs));
    return ({ remoteAddress }) => contains(remoteAddress);
  },
  applicationHostname: ({ hostNames }) => {
    const own = (process.env['HOSTNAME'] || hostname() || 'undefined').toLowerCase();
    const here = listed(hostNames?.toLowerCase()).includes(own);
    return () => here;
  },
  gradualRolloutUserId: gradual('userId'),
  gradualRolloutSessionId: gradual('sessionId'),
  gradualRolloutRandom: ({ percentage }) => {
    const share = Number(percentage);
    return () => share >= random(100);
  },
};

function flexibleRollout({ rollout, stickiness = '', groupId = '' }: Parameters): Predicate {
  const percentage = Number(rollout);
  return (context) => {
    let sticky: string | undefined;
    if (stickiness === 'random') sticky = String(random(10_000));
    else if (stickiness && stickiness !== 'default') sticky = fieldOf(context, stickiness);
    else sticky = context['userId'] || context['sessionId'] || String(random(10_000));
    return !!sticky && percentage > 0 && rolloutBucket(sticky, groupId) <= percentage;
  };
}

function gradual(field: 'userId' | 'sessionId') {
  return ({ percentage, groupId = '' }: Parameters): Predicate => {
    const share = Number(percentage);
    return (context) => {
      const value = context[field];
      return !!value && share > 0 && rolloutBucket(value, groupId) <= share;
    };
  };
}

function listed(list: string | undefined): string[] {
  return list ? list.split(/\s*,\s*/) : [];
}
