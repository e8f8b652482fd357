import { fieldOf, rolloutBucket } from '../evaluator/index.js';
import type { FlagContext } from '../flag.js';
import { unleashStrategies, type UnleashStrategy } from './unleash-feature.js';

/** Values of a list that a sentence names. */
const maxNamed = 5;

/**
 * Whom a strategy is for besides its constraints and segments, and what the context has of that:
 * `20 % by userId; userId "jo" is number 57 of 100`. Undefined for one that is for everybody.
 */
export function strategyWords(strategy: UnleashStrategy, context: FlagContext): string | undefined {
  const { name, parameters } = strategy;
  switch (name as (typeof unleashStrategies)[number]) {
    case 'default':
      return undefined;
    case 'flexibleRollout':
      return share(
        parameters['rollout'],
        flexibleField(parameters['stickiness'], context),
        strategy,
        context,
      );
    case 'gradualRolloutUserId':
      return share(parameters['percentage'], 'userId', strategy, context);
    case 'gradualRolloutSessionId':
      return share(parameters['percentage'], 'sessionId', strategy, context);
    case 'gradualRolloutRandom':
      return share(parameters['percentage'], undefined, strategy, context);
    case 'userWithId':
      return listed('the users', parameters['userIds'], 'userId', context);
    case 'remoteAddress':
      return listed('the addresses', parameters['IPs'], 'remoteAddress', context);
    case 'applicationHostname':
      return `the hosts ${named(parameters['hostNames'])}`;
  }
}

/** The field that an SDK looks at; undefined: it draws lots. */
function flexibleField(stickiness: string | undefined, context: FlagContext): string | undefined {
  if (stickiness === 'random') return undefined;
  if (stickiness && stickiness !== 'default') return stickiness;
  return ['userId', 'sessionId'].find((field) => fieldOf(context, field));
}

function share(
  percentage: string | undefined,
  field: string | undefined,
  { parameters }: UnleashStrategy,
  context: FlagContext,
): string {
  if (field === undefined) return `${percentage ?? 0} % by lot`;
  const value = fieldOf(context, field);
  const seen = value
    ? `${field} "${value}" is number ${rolloutBucket(value, parameters['groupId'] ?? '')} of 100`
    : `the context has no ${field}`;
  return `${percentage ?? 0} % by ${field}; ${seen}`;
}

function listed(whom: string, list: string | undefined, field: string, context: FlagContext): string {
  const value = fieldOf(context, field);
  return `${whom} ${named(list)}; ${value ? `the context has "${value}"` : `the context has no ${field}`}`;
}

function named(list: string | undefined): string {
  const all = (list ?? '').split(',').map((one) => one.trim());
  return `${all.slice(0, maxNamed).join(', ')}${all.length > maxNamed ? ', …' : ''}`;
}
