import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UnleashConstraint } from '../compiler/index.js';
import { environmentScope, type FlagDependency } from '../flag.js';
import { ann, ChangeRequestWorld, codeOf } from './change-requests.fixture.js';
import type { WantedChange } from './flag-change.js';

const environment = 'production';
const required = 'CHANGE_REQUEST_REQUIRED';

let world: ChangeRequestWorld;

beforeAll(async () => {
  world = await ChangeRequestWorld.start();
});
afterAll(() => world?.stop());

/** A STANDARD flag that a FINANCIAL one depends on. */
async function parentOf(
  wanted: Omit<FlagDependency, 'flag'> = {},
): Promise<{ parent: string; child: string }> {
  const [parent, child] = [await world.flag('STANDARD'), await world.flag('FINANCIAL')];
  const dependencies = [{ flag: parent, ...wanted }];
  await world.apply(
    await world.open(environment, [{ kind: 'UPDATE_FLAG', flag: child, definition: { dependencies } }]),
  );
  return { parent, child };
}

const rule = (flag: string, enabled: boolean, where = environment): Promise<string> =>
  codeOf(
    world.as(ann, (command) =>
      world.flags.setRule(command, {
        flag,
        environment: where,
        scope: environmentScope,
        enabled,
        variant: enabled ? 'new' : null,
      }),
    ),
  );
const kill = (flag: string, enabled = false): Promise<string> =>
  codeOf(world.as(ann, (command) => world.flags.setEnabled(command, { flag, environment, enabled })));
const turnOn = (flag: string): WantedChange => ({
  kind: 'SET_RULE',
  flag,
  scope: environmentScope,
  rule: { enabled: true, variant: 'new' },
});
const raw = (sql: string, right = ''): Promise<string> =>
  codeOf(
    world.database.transaction(async (tx) => {
      await tx.query(`select set_config('tierdeck.approval', $1, true)`, [right]);
      await tx.query(sql);
    }),
  );

describe('a standard flag that a financial one depends on', () => {
  it('is turned on in production only by an approved request, and off at once', async () => {
    const { parent, child } = await parentOf();
    expect(await rule(parent, true, 'staging')).toBe('done');
    await expect(
      world.as(ann, (command) =>
        world.flags.setRule(command, {
          flag: parent,
          environment,
          scope: environmentScope,
          enabled: true,
          variant: 'new',
        }),
      ),
    ).rejects.toMatchObject({
      code: required,
      message: expect.stringContaining(`decides "${child}" by a dependency`),
      details: { approvalsNeeded: 1, dependents: [child] },
    });
    const id = await world.open(environment, [turnOn(parent)]);
    expect(await world.readModel.byId(id)).toMatchObject({ approvalsNeeded: 1 });
    expect(await codeOf(world.as(ann, (command) => world.requests.apply(command, id)))).toBe(
      'APPROVAL_NEEDED',
    );
    await world.apply(id);
    expect(await rule(parent, false)).toBe('done');
    expect(await kill(parent)).toBe('done');
    expect(await kill(parent, true)).toBe(required);
  });

  it('is not turned off at once where that is what the other one waits for', async () => {
    const { parent } = await parentOf({ enabled: false });
    expect(await rule(parent, false)).toBe(required);
    expect(await kill(parent)).toBe(required);
    await world.apply(await world.open(environment, [{ kind: 'SET_ENABLED', flag: parent, enabled: false }]));
  });

  it('keeps its variants and dependencies, and so does whoever depends on it', async () => {
    const [{ parent, child }, other] = [await parentOf(), await world.flag('STANDARD')];
    const define = (key: string, definition: object): Promise<string> =>
      codeOf(
        world.as(ann, (command) => world.flags.updateFlag(command, { key, kind: 'VARIANT', ...definition })),
      );
    expect(await define(parent, { variants: [{ name: 'old' }, { name: 'new' }, { name: 'third' }] })).toBe(
      required,
    );
    expect(await define(parent, { lifecycle: 'DRAFT' })).toBe(required);
    expect(await define(parent, { description: 'Shows nowhere' })).toBe('done');
    expect(await define(child, { dependencies: [] })).toBe(required);
    expect(await define(child, { dependencies: [{ flag: parent }, { flag: other }] })).toBe(required);
    const staging = await world.open('staging', [
      { kind: 'UPDATE_FLAG', flag: parent, definition: { lifecycle: 'STALE' } },
    ]);
    expect(await world.readModel.byId(staging)).toMatchObject({ approvalsNeeded: 1 });
    // Once nothing depends on it any more, it is a flag like others.
    await world.apply(
      await world.open(environment, [{ kind: 'UPDATE_FLAG', flag: child, definition: { dependencies: [] } }]),
    );
    expect(await rule(parent, true)).toBe('done');
  });

  it('has its segments guarded as its rules', async () => {
    const { parent } = await parentOf();
    const region = (...values: string[]): UnleashConstraint[] => [
      { contextName: 'region', operator: 'IN', values, inverted: false, caseInsensitive: false },
    ];
    const segment = await world.segment(`of ${parent}`, region('eu'));
    const change = turnOn(parent) as Extract<WantedChange, { kind: 'SET_RULE' }>;
    await world.apply(
      await world.open(environment, [{ ...change, rule: { ...change.rule, segments: [segment] } }]),
    );
    const direct = world.as(ann, (command) =>
      world.segments.update(command, { id: segment, constraints: region('us') }),
    );
    expect(await codeOf(direct)).toBe(required);
    expect(await raw(`update segment set constraints = '[]' where id = ${segment}`)).toBe(
      'segment_is_approved',
    );
  });
});

describe('the database, whatever the code does', () => {
  const insert = (flag: string, enabled: boolean): string =>
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, set_by)
     values (gen_random_uuid(), '${flag}', 'production', 'TENANT', 'northwind', ${enabled}, 'x')`;
  const environmentOf = (flag: string, set: string): string =>
    `update flag_environment set ${set} where flag_key = '${flag}' and environment = 'production'`;

  it('guards every flag that a financial one hangs on, through others too', async () => {
    const { parent } = await parentOf();
    const root = await world.flag('STANDARD');
    expect(await raw(insert(root, true).replace('northwind', 'contoso'))).toBe('done');
    const hang = `update flag set dependencies = '[{"flag": "${root}"}]' where key = '${parent}'`;
    expect(await raw(hang)).toBe('flag_definition_is_approved');
    expect(await raw(hang, 'deployment')).toBe('done');
    for (const flag of [parent, root]) {
      expect(await raw(insert(flag, true))).toBe('flag_rule_is_approved');
      expect(await raw(insert(flag, true), 'emergency')).toBe('flag_rule_is_approved');
      expect(await raw(environmentOf(flag, `strategies = '[]'`))).toBe('flag_environment_is_approved');
      expect(await raw(environmentOf(flag, 'enabled = false'))).toBe('done');
      expect(await raw(environmentOf(flag, 'enabled = true'))).toBe('flag_environment_is_approved');
      expect(await raw(`update flag set variants = '[]' where key = '${flag}'`)).toBe(
        'flag_definition_is_approved',
      );
      expect(await raw(insert(flag, false), 'emergency')).toBe('done');
    }
  });

  it('refuses to turn off what a financial flag wants to be off', async () => {
    const { parent, child } = await parentOf({ enabled: false });
    expect(await raw(insert(parent, false), 'emergency')).toBe('flag_rule_is_approved');
    expect(await raw(environmentOf(parent, 'enabled = false'))).toBe('flag_environment_is_approved');
    expect(await raw(`update flag set lifecycle = 'DRAFT' where key = '${parent}'`)).toBe(
      'flag_definition_is_approved',
    );
    // An archived flag satisfies nobody, and SDKs take the default of their code.
    const archive = `update flag set archived_at = now() where key = '${parent}'`;
    expect(await raw(archive)).toBe('flag_definition_is_approved');
    expect(await raw(archive, 'deployment')).toBe('done');
    expect(await raw(`update flag set archived_at = null where key = '${parent}'`)).toBe(
      'flag_definition_is_approved',
    );
    expect(await raw(`update flag set dependencies = '[]' where key = '${child}'`)).toBe(
      'flag_definition_is_approved',
    );
  });
});
