import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UnleashStrategy } from '../compiler/index.js';
import { FlagManifestSteps } from '../manifests/flag-manifest-steps.js';
import { FlagManifests } from '../manifests/flag.manifest.js';
import { ProjectsService } from '../projects.service.js';
import { UnleashImportService } from '../unleash-files/unleash-import.service.js';
import { ManifestsService } from '#tenancy';
import { ann, ChangeRequestWorld, codeOf } from './change-requests.fixture.js';

const nowhere = 4_711;
const production = 'production';

let world: ChangeRequestWorld;

beforeAll(async () => {
  world = await ChangeRequestWorld.start();
});
afterAll(() => world?.stop());

function referringTo(...segments: number[]): UnleashStrategy[] {
  return [{ name: 'default', parameters: {}, constraints: [], segments, variants: [] }];
}

const set = (flag: string, environment: string, ...segments: number[]): Promise<string> =>
  codeOf(
    world.as(ann, (command) =>
      world.flags.setStrategies(command, { flag, environment, strategies: referringTo(...segments) }),
    ),
  );
const raw = (sql: string, right = 'deployment'): Promise<string> =>
  codeOf(
    world.database.transaction(async (tx) => {
      await tx.query(`select set_config('tierdeck.approval', $1, true)`, [right]);
      await tx.query(sql);
    }),
  );

describe('a segment that is not there', () => {
  it('is referred to by no strategy, however it comes', async () => {
    const flag = await world.flag('FINANCIAL');
    expect(await set(flag, 'staging', nowhere)).toBe('INVALID_INPUT');
    expect(await set(flag, 'staging', 10 ** 12)).toBe('INVALID_INPUT');
    const drafted = world.open(production, [
      { kind: 'SET_STRATEGIES', flag, strategies: { strategies: referringTo(nowhere), variants: [] } },
    ]);
    expect(await codeOf(drafted)).toBe('INVALID_INPUT');
    const manifests = new ManifestsService(world.database);
    new FlagManifests(new FlagManifestSteps(world.flags), manifests).onModuleInit();
    const manifest = (key: string, part: string, where: string): Promise<string> => {
      const text = `apiVersion: tierdeck/v1
kind: Flag
metadata: { key: ${key} }
spec: { kind: BOOLEAN, environments: { ${where}: { ${part} } } }`;
      return codeOf(
        world.as(ann, (command) => manifests.apply(command, [{ file: 'flag.yaml', content: text }])),
      );
    };
    const strategy = (id: number): string => `strategies: [{ name: default, segments: [${id}] }]`;
    expect(await manifest('written', strategy(nowhere), 'staging')).toBe('MANIFEST_INVALID');
    expect(
      await manifest(
        'written',
        `rules: [{ scope: { kind: ENVIRONMENT, key: '*' }, enabled: true, segments: [${nowhere}] }]`,
        'staging',
      ),
    ).toBe('MANIFEST_INVALID');
    expect(await manifest('written', strategy(-7), 'staging')).toBe('done');
  });

  it('is nobody in an imported file, and stays so', async () => {
    const importer = new UnleashImportService(
      world.flags,
      world.segments,
      new ProjectsService(world.database),
    );
    const file = JSON.stringify({
      version: 2,
      features: [{ name: 'imported', enabled: true, strategies: [{ name: 'default', segments: [nowhere] }] }],
    });
    await world.as(ann, (command) => importer.import(command, 'staging', file));
    const [row] = await world.database.query<{ segments: number[] }>(
      `select strategies -> 0 -> 'segments' as segments from flag_environment
       where flag_key = 'imported' and environment = 'staging'`,
    );
    expect(row?.segments).toEqual([-nowhere]);
    expect(
      await raw(`insert into segment (id, name, constraints) overriding system value values (-1, 'x', '[]')`),
    ).toBe('segment_id_check');
  });

  it('is referred to by no row either, and cannot come to be where one did', async () => {
    const flag = await world.flag('FINANCIAL');
    const strategies = JSON.stringify(referringTo(nowhere));
    const write = `insert into flag_environment (flag_key, environment, revision, strategies)
      values ('${flag}', 'production', 0, '${strategies}')
      on conflict (flag_key, environment) do update set strategies = excluded.strategies`;
    expect(await raw(write)).toBe('flag_strategies_refer_to_segments');
    expect(
      await raw(`insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, set_by, segments)
        values (gen_random_uuid(), '${flag}', 'production', 'ENVIRONMENT', '*', true, 'x', '{${nowhere}}')`),
    ).toBe('flag_rule_refers_to_segments');
    // As an installation of before has it.
    await world.database.query('alter table flag_environment disable trigger flag_strategies_make_sense');
    expect(await raw(write)).toBe('done');
    await world.database.query('alter table flag_environment enable trigger flag_strategies_make_sense');
    const create = `insert into segment (id, name, constraints) overriding system value values (${nowhere}, 'late', '[]')`;
    expect(await raw(create, '')).toBe('segment_is_approved');
  });
});

describe('a flag that is not there, and on which a financial one depends', () => {
  const make = (key: string): Promise<unknown> =>
    world.as(ann, (command) => world.flags.createFlag(command, { key, kind: 'BOOLEAN' }));

  async function waiting(parent: string): Promise<string> {
    const child = await world.flag('FINANCIAL');
    const dependencies = JSON.stringify([{ flag: parent, enabled: false }]);
    expect(await raw(`update flag set dependencies = '${dependencies}' where key = '${child}'`)).toBe('done');
    return child;
  }

  it('is not made by anybody alone: that would turn the other one on', async () => {
    const child = await waiting('ghost');
    await expect(make('ghost')).rejects.toMatchObject({
      code: 'FLAG_AWAITED',
      message: expect.stringContaining(`"${child}"`),
      hint: expect.stringContaining('--definition'),
    });
    const insert = `insert into flag (key, kind, risk_class) values ('ghost', 'BOOLEAN', 'STANDARD')`;
    expect(await raw(insert, '')).toBe('flag_creation_is_approved');
    const free = { kind: 'UPDATE_FLAG', flag: child, definition: { dependencies: [] } } as const;
    await world.apply(await world.open(production, [free]));
    expect(await codeOf(make('ghost'))).toBe('done');
    expect(await codeOf(make('ghost'))).toBe('FLAG_EXISTS');
  });

  it('comes before those that depend on it where a set of manifests brings both', async () => {
    const manifests = new ManifestsService(world.database);
    new FlagManifests(new FlagManifestSteps(world.flags), manifests).onModuleInit();
    const text = `apiVersion: tierdeck/v1
kind: Flag
metadata: { key: set-child }
spec: { kind: BOOLEAN, riskClass: FINANCIAL, dependencies: [{ flag: set-parent }] }
---
apiVersion: tierdeck/v1
kind: Flag
metadata: { key: set-parent }
spec: { kind: BOOLEAN }`;
    const { changes } = await world.as(ann, (command) =>
      manifests.apply(command, [{ file: 'flags.yaml', content: text }]),
    );
    expect(changes.map(({ name }) => name)).toEqual(['set-parent', 'set-child']);
  });
});

describe('a BOOLEAN flag', () => {
  it('has no variants by its strategies', async () => {
    await world.as(ann, (command) =>
      world.flags.createFlag(command, { key: 'plain', kind: 'BOOLEAN', riskClass: 'FINANCIAL' }),
    );
    const variants = [{ name: 'x', weight: 1_000 }];
    for (const change of [
      { strategies: null, variants },
      { strategies: [{ name: 'default', parameters: {}, constraints: [], variants }], variants: [] },
    ]) {
      const direct = world.as(ann, (command) =>
        world.flags.setStrategies(command, { flag: 'plain', environment: production, ...change }),
      );
      expect(await codeOf(direct)).toBe('INVALID_INPUT');
      const drafted = world.open(production, [{ kind: 'SET_STRATEGIES', flag: 'plain', strategies: change }]);
      expect(await codeOf(drafted)).toBe('INVALID_INPUT');
    }
    const write = `insert into flag_environment (flag_key, environment, revision, variants)
      values ('plain', 'production', 0, '${JSON.stringify(variants)}')
      on conflict (flag_key, environment) do update set variants = excluded.variants`;
    expect(await raw(write)).toBe('flag_boolean_has_no_variants');
    expect(await raw(write, '')).toBe('flag_environment_is_approved');
  });

  it('is no way around the guard of a VARIANT flag without strategies', async () => {
    const flag = await world.flag('FINANCIAL');
    const change = {
      flag,
      environment: production,
      strategies: null,
      variants: [{ name: 'new', weight: 1_000 }],
    };
    expect(await codeOf(world.as(ann, (command) => world.flags.setStrategies(command, change)))).toBe(
      'CHANGE_REQUEST_REQUIRED',
    );
    const write = `insert into flag_environment (flag_key, environment, revision, variants)
      values ('${flag}', 'production', 0, '[{"name": "new", "weight": 1000}]')
      on conflict (flag_key, environment) do update set variants = excluded.variants`;
    for (const right of ['', 'emergency'])
      expect(await raw(write, right)).toBe('flag_environment_is_approved');
    await world.database.query(`update flag_environment set enabled = false where flag_key = $1`, [flag]);
    for (const right of ['', 'emergency'])
      expect(
        await raw(`update flag_environment set strategies = '[]' where flag_key = '${flag}'`, right),
      ).toBe('flag_environment_is_approved');
  });
});
