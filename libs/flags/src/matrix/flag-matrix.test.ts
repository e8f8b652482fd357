import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Database } from '#platform';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { evaluate } from '../compiler/index.js';
import type { FlagScope } from '../flag.js';
import type { SubjectUnitKind } from '../flag-subjects.js';
import { exampleTenants } from '../flags.fixture.js';
import { FlagsReadModel } from '../flags.read-model.js';
import { FlagMatrix, type Matrix } from './flag-matrix.js';
import { MatrixColumns } from './matrix-columns.js';

const allUnits: SubjectUnitKind[] = ['BRANCH', 'WAREHOUSE', 'ACCOUNT'];
const scopes: FlagScope[] = [
  { kind: 'ENVIRONMENT', key: '*' },
  { kind: 'TIER', key: 'SHARED' },
  { kind: 'TIER', key: 'DEDICATED' },
  { kind: 'REGION', key: 'eu' },
  { kind: 'TENANT', key: 'northwind' },
  { kind: 'TENANT', key: 'contoso' },
  { kind: 'BRANCH', key: 'northwind/seattle' },
  { kind: 'BRANCH', key: 'contoso/seattle' },
  { kind: 'WAREHOUSE', key: 'northwind/w1' },
  { kind: 'ACCOUNT', key: 'northwind/ALFKI' },
  { kind: 'USER', key: 'ann' },
];
const keys = ['a', 'b', 'c', 'd'];

describe('flag matrix', () => {
  let scratch: TestDatabase;
  let database: Database;
  let readModel: FlagsReadModel;
  let matrix: FlagMatrix;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    database = await Database.connect(scratch.url);
    await database.query(exampleTenants);
    readModel = new FlagsReadModel(database);
    matrix = new FlagMatrix(database, readModel, new MatrixColumns(database));
  });
  afterAll(async () => {
    await database?.close();
    await scratch?.drop();
  });

  const all = { offset: 0, limit: 100 };
  const ask = (question: Partial<Parameters<FlagMatrix['window']>[0]>) =>
    matrix.window({ environment: 'production', rows: all, columns: all, units: allUnits, ...question });
  const columnKeys = ({ columns }: Matrix) =>
    columns.map(({ tenant, unitCode }) => (unitCode === null ? tenant : `${tenant}/${unitCode}`));

  /** Replaces all flags: each with its rules, by place in `scopes`, and whether it is enabled at all. */
  async function setUp(flags: { enabled: boolean; rules: { at: number; on: boolean }[] }[]): Promise<void> {
    await database.query('truncate flag cascade');
    for (const [index, { enabled, rules }] of flags.entries()) {
      const key = keys[index];
      await database.query(
        `with f as (insert into flag (key, kind, risk_class, variants, default_variant)
           values ($1, 'VARIANT', 'STANDARD', '[{"name":"old"},{"name":"new"}]', 'old'))
         insert into flag_environment values ($1, 'production', $2, 1)`,
        [key, enabled],
      );
      await database.query(
        `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, set_by)
         select gen_random_uuid(), $1, 'production', kind, key, on_there, case when on_there then 'new' end, 'test'
         from unnest($2::text[], $3::text[], $4::bool[]) as r(kind, key, on_there)`,
        [
          key,
          rules.map(({ at }) => scopes[at]?.kind),
          rules.map(({ at }) => scopes[at]?.key),
          rules.map(({ on }) => on),
        ],
      );
    }
  }

  it('is for every cell what the reference evaluator says, and any window is a part of the whole', async () => {
    const rule = fc.record({ at: fc.nat(scopes.length - 1), on: fc.boolean() });
    const flag = fc.record({
      enabled: fc.boolean(),
      rules: fc.uniqueArray(rule, { selector: ({ at }) => at, maxLength: scopes.length }),
    });
    const window = fc.record({ offset: fc.nat(8), limit: fc.integer({ min: 1, max: 9 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(flag, { minLength: 1, maxLength: keys.length }),
        fc.subarray(allUnits),
        window,
        window,
        async (flags, units, rows, columns) => {
          await setUp(flags);
          const whole = await ask({ units });
          for (const { flag: definition, cells } of whole.rows) {
            const state = await readModel.state(definition.key, 'production');
            const decided = cells.map((place) => whole.decisions[place]);
            const expected = whole.columns.map(({ context }) => evaluate(state, context));
            expect(decided.map(summary)).toEqual(expected.map(summary));
          }
          const part = await ask({ units, rows, columns });
          expect([part.rowCount, part.columnCount]).toEqual([whole.rowCount, whole.columnCount]);
          const cut = <T>(list: readonly T[], { offset, limit }: typeof rows) =>
            list.slice(offset, offset + limit);
          expect(columnKeys(part)).toEqual(cut(columnKeys(whole), columns));
          expect(part.rows.map(({ cells }) => cells.map((place) => summary(part.decisions[place])))).toEqual(
            cut(whole.rows, rows).map(({ cells }) =>
              cut(cells, columns).map((place) => summary(whole.decisions[place])),
            ),
          );
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('puts the units of a tenant behind it, by kind and name', async () => {
    await setUp([{ enabled: true, rules: [] }]);
    expect(columnKeys(await ask({}))).toEqual([
      'contoso',
      'contoso/seattle',
      'northwind',
      'northwind/london',
      'northwind/seattle',
      'northwind/w1',
      'northwind/ALFKI',
    ]);
    expect(columnKeys(await ask({ units: [] }))).toEqual(['contoso', 'northwind']);
  });

  it('finds columns by the name of a tenant or of a unit, and flags by key', async () => {
    await setUp([
      { enabled: true, rules: [] },
      { enabled: true, rules: [] },
    ]);
    expect(columnKeys(await ask({ columnSearch: 'futter' }))).toEqual(['northwind/ALFKI']);
    expect(columnKeys(await ask({ columnSearch: 'contoso' }))).toEqual(['contoso', 'contoso/seattle']);
    expect(columnKeys(await ask({ columnSearch: '%' }))).toEqual([]);
    expect(columnKeys(await ask({ tenant: 'northwind', units: ['WAREHOUSE'] }))).toEqual([
      'northwind',
      'northwind/w1',
    ]);
    expect((await ask({ flag: 'b' })).rows.map(({ flag }) => flag.key)).toEqual(['b']);
    expect((await ask({ flagSearch: 'no such' })).rows).toEqual([]);
  });

  it('refuses what cannot be, with the field', async () => {
    const refused = async (question: Parameters<typeof ask>[0], code: string, field?: string) =>
      expect(ask(question)).rejects.toMatchObject({ code, ...(field ? { field } : {}) });
    await refused({ rows: { offset: 0, limit: 501 } }, 'INVALID_INPUT', 'rows.limit');
    await refused({ columns: { offset: -1, limit: 10 } }, 'INVALID_INPUT', 'columns.offset');
    await refused({ rows: { offset: 0, limit: 500 }, columns: { offset: 0, limit: 500 } }, 'INVALID_INPUT');
    await refused({ units: ['REGION' as SubjectUnitKind] }, 'INVALID_INPUT', 'units');
    await refused({ tenant: 'nobody' }, 'TENANT_NOT_FOUND', 'tenant');
    await refused({ environment: 'nowhere' }, 'ENVIRONMENT_NOT_FOUND');
  });
});

function summary(decision: Matrix['decisions'][number] | ReturnType<typeof evaluate> | undefined) {
  if (!decision) return undefined;
  const { enabled, variant, reason, rule } = decision;
  return { enabled, variant, reason, scope: rule && `${rule.scope.kind} ${rule.scope.key}` };
}
