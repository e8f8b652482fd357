import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UnleashConstraint, UnleashStrategy } from '../compiler/index.js';
import { environmentScope, type FlagScope, type RuleValue } from '../flag.js';
import { strategiesOf } from '../flag-strategies.store.js';
import { findFlag, findRule } from '../flags.store.js';
import { findSegment } from '../segments.store.js';
import { ann, bob, ChangeRequestWorld, codeOf } from './change-requests.fixture.js';
import { describeChange } from './describe-change.js';
import type { WantedChange } from './flag-change.js';

const seattle: FlagScope = { kind: 'BRANCH', key: 'northwind/seattle' };
const production = 'production';

let world: ChangeRequestWorld;

beforeAll(async () => {
  world = await ChangeRequestWorld.start();
});
afterAll(() => world?.stop());

function constraint(operator: string, contextName: string, ...values: string[]): UnleashConstraint {
  return { contextName, operator, values, inverted: false, caseInsensitive: false };
}

const strategy: UnleashStrategy = {
  name: 'flexibleRollout',
  parameters: { rollout: '20', stickiness: 'userId', groupId: 'g' },
  constraints: [constraint('IN', 'region', 'eu')],
  variants: [],
};

describe('a change request', () => {
  it('carries everything that a rule can say, and its digest covers it', async () => {
    const flag = await world.flag('FINANCIAL');
    const segment = await world.segment('Europe', [constraint('IN', 'region', 'eu')]);
    const rule: RuleValue = {
      enabled: true,
      variant: 'new',
      percentage: 10,
      stickiness: 'account',
      constraints: [constraint('IN', 'channel', 'edi', 'web')],
      segments: [segment],
      startsAt: '2030-01-01T00:00:00.000Z',
      endsAt: '2031-01-01T00:00:00.000Z',
    };
    const set = (value: RuleValue): WantedChange => ({ kind: 'SET_RULE', flag, scope: seattle, rule: value });
    const id = await world.open(production, [set(rule)]);
    const { changes, digest } = await world.readModel.byId(id);
    expect(changes.map((change) => describeChange(change, new Map([[segment, 'Europe']])))).toEqual([
      `${flag} for BRANCH northwind/seattle: no rule → new for 10 % by account where channel IN edi, web, in segment Europe, from 2030-01-01T00:00:00.000Z, until 2031-01-01T00:00:00.000Z`,
    ]);
    const others: Partial<RuleValue>[] = [
      { percentage: 11 },
      { stickiness: 'userId' },
      { constraints: [constraint('IN', 'channel', 'edi')] },
      { segments: [] },
      { startsAt: '2030-01-02T00:00:00.000Z' },
      { endsAt: '2031-01-02T00:00:00.000Z' },
    ];
    for (const other of others) {
      const twin = await world.open(production, [set({ ...rule, ...other })]);
      expect((await world.readModel.byId(twin)).digest).not.toBe(digest);
    }
    await world.apply(id);
    const at = { flag, environment: production, scope: seattle };
    expect(await world.database.transaction((tx) => findRule(tx, at))).toMatchObject(rule);
  });

  it('carries strategies, and what a flag is', async () => {
    const [flag, parent] = [await world.flag('FINANCIAL'), await world.flag('STANDARD')];
    const variants = [{ name: 'default', weight: 1_000 }];
    const changes: WantedChange[] = [
      { kind: 'SET_STRATEGIES', flag, strategies: { strategies: [strategy], variants } },
      {
        kind: 'UPDATE_FLAG',
        flag,
        definition: { dependencies: [{ flag: parent }], payloadSchema: { type: 'null' }, lifecycle: 'STALE' },
      },
    ];
    const direct = world.as(ann, (command) =>
      world.flags.setStrategies(command, { flag, environment: production, strategies: [strategy] }),
    );
    expect(await codeOf(direct)).toBe('CHANGE_REQUEST_REQUIRED');
    const id = await world.open(production, changes);
    await world.apply(id);
    await world.database.transaction(async (tx) => {
      expect(await strategiesOf(tx, flag, production)).toEqual({ strategies: [strategy], variants });
      expect(await findFlag(tx, flag)).toMatchObject({
        dependencies: [{ flag: parent }],
        payloadSchema: { type: 'null' },
        lifecycle: 'STALE',
      });
    });
    const broken: WantedChange = {
      kind: 'UPDATE_FLAG',
      flag,
      definition: { dependencies: [{ flag: 'none' }] },
    };
    expect(await codeOf(world.open(production, [broken]))).toBe('INVALID_INPUT');
  });

  it('is not applied once a segment stopped vouching for a field, whatever was said of the lint', async () => {
    const flag = await world.flag('FINANCIAL');
    const segment = await world.segment('states its channel', [constraint('IN', 'channel', 'edi', 'web')]);
    const constraints = [constraint('NOT_IN', 'channel', 'edi')];
    const rule: RuleValue = { enabled: true, variant: 'new', constraints, segments: [segment] };
    const changes: WantedChange[] = [{ kind: 'SET_RULE', flag, scope: seattle, rule }];
    const [id, wanted] = [
      await world.open(production, changes),
      await world.open(production, changes, 'Every service states its channel'),
    ];
    const weaker = { id: segment, constraints: [constraint('IN', 'region', 'eu')] };
    await world.as(ann, (command) => world.segments.update(command, weaker));
    for (const one of [id, wanted]) expect(await codeOf(world.apply(one))).toBe('CHANGE_REQUEST_CONFLICT');
    expect(await world.readModel.byId(id)).toMatchObject({ status: 'IN_REVIEW', approvalsGiven: 0 });
  });

  it('is refused for a segment that is not there', async () => {
    const flag = await world.flag('FINANCIAL');
    const rule: RuleValue = { enabled: true, variant: 'new', segments: [999_999] };
    const changes: WantedChange[] = [{ kind: 'SET_RULE', flag, scope: seattle, rule }];
    expect(await codeOf(world.open(production, changes))).toBe('INVALID_INPUT');
  });
});

describe('a segment that a financial flag uses in production', () => {
  const before = [constraint('IN', 'region', 'eu')];
  const after = [constraint('IN', 'region', 'eu', 'us')];

  async function used(name: string): Promise<{ segment: number; flag: string }> {
    const flag = await world.flag('FINANCIAL');
    const segment = await world.segment(name, before);
    const rule: RuleValue = { enabled: true, variant: 'new', segments: [segment] };
    const changes: WantedChange[] = [{ kind: 'SET_RULE', flag, scope: environmentScope, rule }];
    await world.apply(await world.open(production, changes));
    return { segment, flag };
  }
  const stored = async (segment: number) =>
    (await world.database.transaction((tx) => findSegment(tx, segment)))?.constraints;
  const change = (segment: number): WantedChange => ({
    kind: 'UPDATE_SEGMENT',
    segment,
    constraints: after,
  });
  const direct = (segment: number): Promise<unknown> =>
    world.as(ann, (command) => world.segments.update(command, { id: segment, constraints: after }));

  it('is changed by a request with an approval of its content, from whatever environment', async () => {
    const { segment } = await used('guarded');
    await expect(direct(segment)).rejects.toMatchObject({
      code: 'CHANGE_REQUEST_REQUIRED',
      hint: expect.stringContaining('change-request open --segment "guarded"'),
    });
    const id = await world.open('staging', [change(segment)]);
    expect(await world.readModel.byId(id)).toMatchObject({ approvalsNeeded: 1, approvalsGiven: 0 });
    expect(await codeOf(world.as(ann, (command) => world.requests.apply(command, id)))).toBe(
      'APPROVAL_NEEDED',
    );
    expect(await stored(segment)).toEqual(before);
    await world.apply(id);
    expect(await stored(segment)).toEqual(after);
    const { changes } = await world.readModel.byId(id);
    expect(changes.map((one) => describeChange(one, new Map()))).toEqual([
      'segment guarded: region IN eu → region IN eu, us',
    ]);
  });

  it('is held by the database against a right that is for something else', async () => {
    const [{ segment, flag }, other] = [await used('held'), await used('other')];
    const update = (approval: string): Promise<unknown> =>
      world.database.transaction(async (tx) => {
        await tx.query(`select set_config('tierdeck.approval', $1, true)`, [approval]);
        await tx.query(`update segment set constraints = '[]' where id = $1`, [segment]);
      });
    expect(await codeOf(update('emergency'))).toBe('segment_is_approved');
    const id = await world.open(production, [
      change(other.segment),
      { kind: 'SET_ENABLED', flag, enabled: false },
    ]);
    expect(await codeOf(update(`change-request/${id}`))).toBe('segment_is_approved');
    const applying = world.database.transaction(async (tx) => {
      const { digest } = await world.readModel.byId(id);
      await world.as(bob, (command) => world.requests.approve(command, id, digest, null));
      await tx.query(`update change_request set status = 'APPLYING' where id = $1`, [id]);
      await tx.query(`select set_config('tierdeck.approval', $1, true)`, [`change-request/${id}`]);
      await tx.query(`update segment set constraints = '[]' where id = $1`, [segment]);
    });
    expect(await codeOf(applying)).toBe('segment_is_approved');
  });

  it('is not applied over what somebody else made of it', async () => {
    const { segment } = await used('contested');
    const [first, second] = [
      await world.open(production, [change(segment)]),
      await world.open(production, [change(segment)]),
    ];
    await world.apply(first);
    expect(await codeOf(world.apply(second))).toBe('CHANGE_REQUEST_CONFLICT');
  });

  it('is changed directly once only archived flags use it', async () => {
    const { segment, flag } = await used('archived');
    await world.apply(await world.open(production, [{ kind: 'ARCHIVE_FLAG', flag }]));
    expect(await codeOf(direct(segment))).toBe('done');
  });
});
