import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UnleashConstraint, UnleashStrategy } from '../compiler/index.js';
import { environmentScope } from '../flag.js';
import { findRule } from '../flags.store.js';
import { ann, bob, ChangeRequestWorld, codeOf } from './change-requests.fixture.js';
import { describeChange } from './describe-change.js';
import type { WantedChange } from './flag-change.js';

const production = 'production';
const conflict = 'CHANGE_REQUEST_CONFLICT';

let world: ChangeRequestWorld;

beforeAll(async () => {
  world = await ChangeRequestWorld.start();
});
afterAll(() => world?.stop());

function region(...values: string[]): UnleashConstraint[] {
  return [{ contextName: 'region', operator: 'IN', values, inverted: false, caseInsensitive: false }];
}

const onIn = (flag: string, segment: number): WantedChange => ({
  kind: 'SET_RULE',
  flag,
  scope: environmentScope,
  rule: { enabled: true, variant: 'new', segments: [segment] },
});
const says = (segment: number, ...regions: string[]): Promise<unknown> =>
  world.as(ann, (command) =>
    world.segments.update(command, { id: segment, constraints: region(...regions) }),
  );
const approve = async (id: string): Promise<void> => {
  const { digest } = await world.readModel.byId(id);
  await world.as(bob, (command) => world.requests.approve(command, id, digest, null));
};
const apply = (id: string): Promise<string> =>
  codeOf(world.as(ann, (command) => world.requests.apply(command, id)));
const raw = (sql: string): Promise<string> => codeOf(world.database.query(sql));
const ruleOf = (flag: string) =>
  world.database.transaction((tx) =>
    findRule(tx, { flag, environment: production, scope: environmentScope }),
  );

describe('an approval', () => {
  it('does not survive the edit of a segment that the request only refers to', async () => {
    const [flag, segment] = [await world.flag('FINANCIAL'), await world.segment('Pilot', region('eu'))];
    const id = await world.open(production, [onIn(flag, segment)]);
    await approve(id);
    // Nothing uses the segment yet: it is free to be edited, and says something else by the time.
    await says(segment, 'eu', 'us');
    expect(await raw(`update change_request set status = 'APPLYING' where id = '${id}'`)).toBe(
      'change_request_still_refers_to',
    );
    const at = new Date(Date.now() + 60_000);
    expect(await codeOf(world.as(ann, (command) => world.requests.schedule(command, id, at)))).toBe(conflict);
    await expect(world.as(ann, (command) => world.requests.apply(command, id))).rejects.toMatchObject({
      code: conflict,
      field: 'changes.0',
      message: expect.stringContaining('what it says of segment "Pilot"'),
    });
    expect(await ruleOf(flag)).toBeUndefined();
    // Written again, with the same words, it needs a new approval.
    const content = { title: 'Pilot', changes: [onIn(flag, segment)] };
    const before = await world.readModel.byId(id);
    await world.as(ann, (command) => world.requests.edit(command, id, content));
    await world.as(ann, (command) => world.requests.submit(command, id));
    const after = await world.readModel.byId(id);
    expect(after).toMatchObject({ version: before.version + 1, approvalsGiven: 0 });
    expect(after.digest).not.toBe(before.digest);
    expect(await apply(id)).toBe('APPROVAL_NEEDED');
    await approve(id);
    expect(await apply(id)).toBe('done');
    expect(await ruleOf(flag)).toMatchObject({ segments: [segment] });
  });

  it('is not given for a segment that says something else than its author saw', async () => {
    const [flag, segment] = [await world.flag('FINANCIAL'), await world.segment('Seen', region('eu'))];
    const strategies: UnleashStrategy[] = [
      { name: 'default', parameters: {}, constraints: [], segments: [segment], variants: [] },
    ];
    const wanted: WantedChange = { kind: 'SET_STRATEGIES', flag, strategies: { strategies, variants: [] } };
    const id = await world.open(production, [wanted]);
    await says(segment, 'us');
    expect(await codeOf(approve(id))).toBe(conflict);
    const { digest } = await world.readModel.byId(id);
    expect(
      await raw(`insert into change_request_approval (request_id, author_id, digest, version, by_id, by_name)
        values ('${id}', 'ann', '${digest}', 1, 'bob', 'Bob')`),
    ).toBe('change_request_still_refers_to');
    await says(segment, 'eu');
    expect(await codeOf(approve(id))).toBe('done');
    await world.as(ann, (command) => world.segments.delete(command, segment));
    expect(await apply(id)).toBe(conflict);
  });

  it('does not survive the change of a flag on which a financial one shall depend', async () => {
    const [child, parent] = [await world.flag('FINANCIAL'), await world.flag('STANDARD')];
    const turn = (environment: string, enabled: boolean): Promise<unknown> =>
      world.as(ann, (command) =>
        world.flags.setRule(command, {
          flag: parent,
          environment,
          scope: environmentScope,
          enabled,
          variant: enabled ? 'new' : null,
        }),
      );
    const dependencies = [{ flag: parent }];
    const id = await world.open(production, [
      { kind: 'UPDATE_FLAG', flag: child, definition: { dependencies } },
    ]);
    await approve(id);
    // Where the child needs no approval its parent's state is not what was approved.
    await turn('staging', true);
    expect(await world.readModel.byId(id)).toMatchObject({ approvalsGiven: 1 });
    await turn(production, true);
    expect(await apply(id)).toBe(conflict);
    expect(await raw(`update change_request set status = 'APPLYING' where id = '${id}'`)).toBe(
      'change_request_still_refers_to',
    );
    await world.database.query(
      `delete from flag_rule where flag_key = '${parent}' and environment = 'production'`,
    );
    expect(await apply(id)).toBe('done');
  });

  it('is shown with the names of segments', async () => {
    const [flag, segment] = [await world.flag('FINANCIAL'), await world.segment('Benelux', region('eu'))];
    const id = await world.open(production, [onIn(flag, segment)]);
    const { changes, refersTo } = await world.readModel.byId(id);
    expect(refersTo).toMatchObject([{ segment, name: 'Benelux' }]);
    expect(changes.map((change) => describeChange(change, new Map([[segment, 'Benelux']])))).toEqual([
      `${flag} for everybody: no rule → new in segment Benelux`,
    ]);
  });
});
