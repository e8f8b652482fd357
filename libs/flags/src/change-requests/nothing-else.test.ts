import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { environmentScope, type FlagScope, type RuleValue } from '../flag.js';
import { strategiesOf } from '../flag-strategies.store.js';
import { findFlag } from '../flags.store.js';
import { ProjectsService } from '../projects.service.js';
import { ann, bob, ChangeRequestWorld, codeOf } from './change-requests.fixture.js';
import { describeChange } from './describe-change.js';
import type { WantedChange } from './flag-change.js';

const environment = 'production';
const required = 'CHANGE_REQUEST_REQUIRED';
const northwind: FlagScope = { kind: 'TENANT', key: 'northwind' };
const on: RuleValue = { enabled: true, variant: 'new' };
const off: RuleValue = { enabled: false, variant: null };
const inEurope = {
  constraints: [
    { contextName: 'region', operator: 'IN', values: ['eu'], inverted: false, caseInsensitive: false },
  ],
};

let world: ChangeRequestWorld;

beforeAll(async () => {
  world = await ChangeRequestWorld.start();
});
afterAll(() => world?.stop());

const set = (flag: string, scope: FlagScope, rule: RuleValue): Promise<string> =>
  codeOf(world.as(ann, (command) => world.flags.setRule(command, { flag, environment, scope, ...rule })));
const clear = (flag: string, scope: FlagScope): Promise<string> =>
  codeOf(world.as(ann, (command) => world.flags.clearRule(command, { flag, environment, scope })));
const approved = async (...changes: WantedChange[]): Promise<void> =>
  world.apply(await world.open(environment, changes));
const rule = (flag: string, scope: FlagScope, value: RuleValue): WantedChange => ({
  kind: 'SET_RULE',
  flag,
  scope,
  rule: value,
});

/** Runs SQL by the right of a request that is approved and being applied. */
async function byRightOf(changes: WantedChange[], ...statements: string[]): Promise<string> {
  const id = await world.open(environment, changes);
  const { digest } = await world.readModel.byId(id);
  await world.as(bob, (command) => world.requests.approve(command, id, digest, null));
  return codeOf(
    world.database.transaction(async (tx) => {
      await tx.query(`update change_request set status = 'APPLYING' where id = $1`, [id]);
      await tx.query(`select set_config('tierdeck.approval', $1, true)`, [`change-request/${id}`]);
      for (const statement of statements) await tx.query(statement);
      await tx.query(`update change_request set status = 'APPLIED' where id = $1`, [id]);
    }),
  );
}
const raw = (sql: string, right = ''): Promise<string> =>
  codeOf(
    world.database.transaction(async (tx) => {
      await tx.query(`select set_config('tierdeck.approval', $1, true)`, [right]);
      await tx.query(sql);
    }),
  );

describe('what a financial flag is', () => {
  it('keeps its project and tags, by which SDKs get it or not', async () => {
    const flag = await world.flag('FINANCIAL');
    const projects = new ProjectsService(world.database);
    await world.as(ann, (command) =>
      projects.create(command, { key: 'other', name: 'Other', description: '' }),
    );
    for (const definition of [{ project: 'other' }, { tags: ['team:pricing'] }]) {
      const direct = world.as(ann, (command) =>
        world.flags.updateFlag(command, { key: flag, kind: 'VARIANT', ...definition }),
      );
      expect(await codeOf(direct)).toBe(required);
    }
    for (const column of [`project = 'other'`, `tags = '{team:pricing}'`])
      expect(await raw(`update flag set ${column} where key = '${flag}'`)).toBe(
        'flag_definition_is_approved',
      );
    const definition = { project: 'other', tags: ['team:pricing'] };
    await approved({ kind: 'UPDATE_FLAG', flag, definition });
    expect(await world.database.transaction((tx) => findFlag(tx, flag))).toMatchObject(definition);
  });

  it('is archived by a request alone: SDKs then take the default of their code', async () => {
    const [flag, standard] = [await world.flag('FINANCIAL'), await world.flag('STANDARD')];
    const archive = (key: string): Promise<unknown> =>
      world.as(ann, (command) => world.flags.archive(command, { flag: key }));
    await expect(archive(flag)).rejects.toMatchObject({
      code: required,
      hint: expect.stringContaining(`change-request open ${flag} --archive`),
    });
    expect(await codeOf(archive(standard))).toBe('done');
    const wanted: WantedChange = { kind: 'ARCHIVE_FLAG', flag };
    const id = await world.open('staging', [wanted]);
    const { approvalsNeeded, changes } = await world.readModel.byId(id);
    expect(approvalsNeeded).toBe(1);
    expect(changes.map((change) => describeChange(change, new Map()))).toEqual([
      `${flag}: in use → archived; SDKs then take the default of their code`,
    ]);
    const gone = `update flag set archived_at = now() where key = '${flag}'`;
    for (const right of ['', 'emergency', `change-request/${id}`])
      expect(await raw(gone, right)).toBe('flag_definition_is_approved');
    expect(await byRightOf([{ kind: 'UPDATE_FLAG', flag, definition: { lifecycle: 'STALE' } }], gone)).toBe(
      'flag_definition_is_approved',
    );
    await world.apply(id);
    expect(await world.database.transaction((tx) => findFlag(tx, flag))).toMatchObject({ archived: true });
    expect(await codeOf(world.open(environment, [wanted]))).toBe('FLAG_ARCHIVED');
    expect(await raw(`update flag set archived_at = null where key = '${flag}'`)).toBe(
      'flag_definition_is_approved',
    );
  });
});

describe('turning off at once', () => {
  it('may have conditions where no rule is, and none where one is; service and database agree', async () => {
    const flag = await world.flag('FINANCIAL');
    await approved(rule(flag, environmentScope, on));
    expect(await set(flag, northwind, { ...off, ...inEurope })).toBe('done');
    expect(await set(flag, northwind, { ...off, endsAt: '2031-01-01T00:00:00Z' })).toBe(required);
    expect(await set(flag, northwind, off)).toBe('done');
    expect(await set(flag, northwind, { ...off, ...inEurope })).toBe(required);
    expect(await clear(flag, northwind)).toBe(required);
  });

  it('does not take a rule away that keeps strategies from deciding', async () => {
    const flag = await world.flag('FINANCIAL');
    const strategies = [{ name: 'default', parameters: {}, constraints: [], variants: [] }];
    await approved(
      { kind: 'SET_STRATEGIES', flag, strategies: { strategies, variants: [] } },
      rule(flag, northwind, off),
    );
    expect(await clear(flag, northwind)).toBe(required);
    const gone = `delete from flag_rule where flag_key = '${flag}'`;
    expect(await raw(gone, 'emergency')).toBe('flag_rule_is_approved');
    await approved({ kind: 'CLEAR_RULE', flag, scope: northwind });
  });
});

describe('an approved request', () => {
  const insert = (flag: string, enabled: boolean, variant: string | null, key = 'northwind'): string =>
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, set_by)
     values (gen_random_uuid(), '${flag}', 'production', 'TENANT', '${key}', ${enabled},
       ${variant === null ? 'null' : `'${variant}'`}, 'x')`;

  it('is no right to set another rule, for somebody else, or with other words', async () => {
    const flag = await world.flag('FINANCIAL');
    const wanted = rule(flag, northwind, on);
    expect(await byRightOf([wanted], insert(flag, true, 'new', 'contoso'))).toBe('flag_rule_is_approved');
    expect(await byRightOf([wanted], insert(flag, true, 'old'))).toBe('flag_rule_is_approved');
    const share = `update flag_rule set percentage = 50 where flag_key = '${flag}'`;
    expect(await byRightOf([wanted], insert(flag, true, 'new'), share)).toBe('flag_rule_is_approved');
    const moved = `update flag_rule set scope_key = 'contoso' where flag_key = '${flag}'`;
    expect(await byRightOf([wanted], insert(flag, true, 'new'), moved)).toBe('flag_rule_stays');
    const gone = `delete from flag_rule where flag_key = '${flag}'`;
    expect(await byRightOf([wanted], insert(flag, true, 'new'), gone)).toBe('flag_rule_is_approved');
    expect(await byRightOf([wanted], insert(flag, true, 'new'))).toBe('done');
  });

  it('is no right to switch what it does not switch, nor to set other strategies', async () => {
    const flag = await world.flag('FINANCIAL');
    await world.as(ann, (command) => world.flags.setEnabled(command, { flag, environment, enabled: false }));
    const to = (what: string): string =>
      `update flag_environment set ${what} where flag_key = '${flag}' and environment = 'production'`;
    const refused = 'flag_environment_is_approved';
    expect(await byRightOf([rule(flag, northwind, on)], to('enabled = true'))).toBe(refused);
    const wanted: WantedChange = {
      kind: 'SET_STRATEGIES',
      flag,
      strategies: { strategies: [], variants: [] },
    };
    expect(await byRightOf([wanted], to(`strategies = '[{"name": "default"}]'`))).toBe(refused);
    expect(await byRightOf([wanted], to(`strategies = '[]', enabled = true`))).toBe(refused);
    expect(await byRightOf([wanted], to(`strategies = '[]'`))).toBe('done');
    expect(await world.database.transaction((tx) => strategiesOf(tx, flag, environment))).toEqual({
      strategies: [],
      variants: [],
    });
    const definition = { defaultVariant: 'new' };
    const risk = `update flag set risk_class = 'STANDARD' where key = '${flag}'`;
    expect(await byRightOf([{ kind: 'UPDATE_FLAG', flag, definition }], risk)).toBe(
      'flag_definition_is_approved',
    );
  });

  it('is none before it was under review, nor after its transaction', async () => {
    const flag = await world.flag('FINANCIAL');
    const [changes, columns] = [
      JSON.stringify([{ ...rule(flag, northwind, on), base: null }]),
      'id, title, environment, digest, author, author_id',
    ];
    expect(
      await raw(`insert into change_request (${columns}, status, changes)
        values (gen_random_uuid(), 'x', 'production', '', 'x', 'x', 'APPLYING', '${changes}')`),
    ).toBe('change_request_begins');
    const id = await world.open(environment, [rule(flag, northwind, on)]);
    const { digest } = await world.readModel.byId(id);
    await world.as(bob, (command) => world.requests.approve(command, id, digest, null));
    expect(await raw(`update change_request set status = 'APPLYING' where id = '${id}'`)).toBe(
      'change_request_ends_applying',
    );
  });
});

describe('the database', () => {
  it('lets no row vanish whose absence says more than the row', async () => {
    const flag = await world.flag('FINANCIAL');
    await world.as(ann, (command) => world.flags.setEnabled(command, { flag, environment, enabled: false }));
    const gone = `delete from flag_environment where flag_key = '${flag}'`;
    expect(await raw(gone, 'deployment')).toBe('flag_is_not_deleted');
    expect(await raw(`update environment set kind = 'STAGING' where name = 'production'`)).toBe(
      'environment_keeps_its_kind',
    );
  });

  it('refuses callers with a typed error where policy has a gap', async () => {
    const flag = await world.flag('FINANCIAL');
    const gap = world.as(ann, (command) =>
      command.tx.query(`update flag set risk_class = 'STANDARD' where key = $1`, [flag]),
    );
    await expect(gap).rejects.toMatchObject({
      code: 'REFUSED_BY_DATABASE',
      message: expect.stringContaining('approved change request'),
      details: { constraint: 'flag_definition_is_approved' },
    });
  });
});
