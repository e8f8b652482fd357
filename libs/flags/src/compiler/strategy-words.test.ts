import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { prepareStrategy } from '../evaluator/index.js';
import { strategyWords } from './strategy-words.js';

const bare = { constraints: [], variants: [] };
const said = (name: string, parameters: Record<string, string>, context = {}): string | undefined =>
  strategyWords({ name, parameters, ...bare }, context);

describe('whom a strategy is for, in words', () => {
  it('names the number that puts somebody in or out of a share, as it is evaluated', () => {
    const rollout = fc.record({
      name: fc.constantFrom('flexibleRollout', 'gradualRolloutUserId'),
      percentage: fc.integer({ min: 0, max: 100 }).map(String),
      groupId: fc.constantFrom('', 'checkout'),
      userId: fc.string({ minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(rollout, ({ name, percentage, groupId, userId }) => {
        const parameters = { rollout: percentage, percentage, groupId, stickiness: 'userId' };
        const strategy = { name, parameters, ...bare };
        const words = strategyWords(strategy, { userId }) ?? '';
        expect(words).toContain(`${percentage} % by userId; userId "${userId}" is number `);
        const number = Number(/is number (\d+) of 100$/.exec(words)?.[1]);
        const holds = prepareStrategy(strategy, new Map()).holds({ userId });
        expect(holds).toBe(number <= Number(percentage));
      }),
    );
  });

  it('says what the context lacks, and whom a list is for', () => {
    expect(said('flexibleRollout', { rollout: '20', stickiness: 'tenant' })).toBe(
      '20 % by tenant; the context has no tenant',
    );
    expect(said('flexibleRollout', { rollout: '20', stickiness: 'default' })).toBe('20 % by lot');
    expect(said('flexibleRollout', { rollout: '20' }, { sessionId: 's1' })).toMatch(
      /^20 % by sessionId; sessionId "s1" is number \d+ of 100$/,
    );
    expect(said('userWithId', { userIds: 'ann, bob' }, { userId: 'jo' })).toBe(
      'the users ann, bob; the context has "jo"',
    );
    expect(said('remoteAddress', { IPs: '10.0.0.1,10.0.0.2,3,4,5,6' })).toBe(
      'the addresses 10.0.0.1, 10.0.0.2, 3, 4, 5, …; the context has no remoteAddress',
    );
    expect(said('default', {})).toBeUndefined();
  });
});
