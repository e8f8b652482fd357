import { createHash } from 'node:crypto';
import type pg from 'pg';
import { inOrderOfReference, type Catalogue, type Column, type Relation } from './catalogue.js';

/** A tenant whose rows can be told from all others: its id and its mark stand in each of them. */
export interface MarkedTenant {
  id: string;
  /** Stands in every text, array and document of its rows. */
  mark: string;
}

/**
 * Gives a tenant one row in every table that has a tenant, whatever the table is: values follow from the types of the
 * columns and from what the row refers to. Rules about values (check constraints that no such value meets) are taken
 * away, for they are no walls: do this only to a database that is thrown away afterwards.
 * @param admin a superuser's connection.
 */
export async function seedEveryTable(
  admin: pg.ClientBase,
  catalogue: Catalogue,
  tenant: MarkedTenant,
): Promise<void> {
  for (const relation of inOrderOfReference(catalogue)) {
    if (!relation.columns.some(({ name }) => name === 'tenant_id')) continue;
    await seed(admin, catalogue, relation, tenant);
  }
}

async function seed(
  admin: pg.ClientBase,
  catalogue: Catalogue,
  relation: Relation,
  tenant: MarkedTenant,
): Promise<void> {
  const referred = await referredValues(admin, catalogue, relation, tenant);
  const choices = await listedValues(admin, relation);
  const values = new Map<string, unknown>();
  for (const column of relation.columns) {
    if (column.generated) continue;
    const value = referred.has(column.name)
      ? referred.get(column.name)
      : valueOf(column, relation, tenant, choices.get(column.name));
    if (value !== undefined) values.set(column.name, value);
  }
  const names = [...values.keys()].map((name) => `"${name}"`).join(', ');
  const places = [...values.keys()].map((_, i) => `$${i + 1}`).join(', ');
  const insert = `insert into "${relation.schema}"."${relation.name}" (${names}) overriding system value values (${places})
    on conflict do nothing`;
  // Triggers guard the order of business, e.g. append-only; they are no walls between tenants either.
  await admin.query('set session_replication_role = replica');
  try {
    for (let dropped = 0; ; dropped++) {
      try {
        await admin.query(insert, [...values.values()]);
        return;
      } catch (error) {
        const { code, constraint } = error as { code?: string; constraint?: string };
        if (code !== '23514' || constraint === undefined || dropped > 30) {
          throw new Error(`No row for ${relation.name} could be made: ${(error as Error).message}`, {
            cause: error,
          });
        }
        await admin.query(
          `alter table "${relation.schema}"."${relation.name}" drop constraint "${constraint}"`,
        );
      }
    }
  } finally {
    await admin.query('set session_replication_role = origin');
  }
}

/** The columns of foreign keys, as the tenant's row in the other table has them. */
async function referredValues(
  admin: pg.ClientBase,
  { foreignKeys }: Catalogue,
  { name }: Relation,
  { id }: MarkedTenant,
): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const key of foreignKeys) {
    if (key.table !== name || key.refersTo === name || !key.refersToColumns.includes('tenant_id')) continue;
    const { rows } = await admin.query<Record<string, unknown>>(
      `select ${key.refersToColumns.map((column) => `"${column}"`).join(', ')} from "${key.refersTo}"
       where tenant_id = $1 limit 1`,
      [id],
    );
    key.columns.forEach((column, i) => {
      if (rows[0] && !values.has(column)) values.set(column, rows[0][key.refersToColumns[i] ?? '']);
    });
  }
  return values;
}

/** The first value of each column that a check constraint holds to a list. */
async function listedValues(admin: pg.ClientBase, { schema, name }: Relation): Promise<Map<string, string>> {
  const { rows } = await admin.query<{ column: string; rule: string }>(
    `select a.attname as column, pg_get_constraintdef(k.oid) as rule from pg_constraint k
       join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
     where k.contype = 'c' and cardinality(k.conkey) = 1 and k.conrelid = format('%I.%I', $1::text, $2::text)::regclass`,
    [schema, name],
  );
  const found = rows.flatMap(({ column, rule }): [string, string][] => {
    const value = /= (?:ANY \(+ARRAY\[)?'([^']+)'/.exec(rule)?.[1];
    return value === undefined ? [] : [[column, value]];
  });
  return new Map(found);
}

/** @returns undefined for a column that is better left to its default. */
function valueOf(
  column: Column,
  relation: Relation,
  { id, mark }: MarkedTenant,
  listed: string | undefined,
): unknown {
  const { name, type, isArray, notNull, hasDefault, enumLabel, identity } = column;
  if (name === 'tenant_id') return type === 'uuid' ? id : mark;
  if (identity) return undefined;
  if (listed !== undefined) return listed;
  if (enumLabel !== null) return enumLabel;
  const number = 1 + (parseInt(digest(`${mark}/${name}`).slice(0, 4), 16) % 90);
  if (isArray) return hasDefault ? undefined : /text|char/.test(type) ? [mark] : [];
  switch (type) {
    case 'text':
    case 'varchar':
    case 'name':
      return mark;
    case 'bpchar':
      return mark.slice(0, 1);
    case 'uuid':
      return uuidOf(`${mark}/${relation.name}/${name}`);
    case 'json':
    case 'jsonb':
      return JSON.stringify({ mark });
    case 'bytea':
      return Buffer.from(mark);
    default:
      break;
  }
  if (!notNull || hasDefault) return undefined;
  if (/^(int|float|numeric|oid)/.test(type)) return number;
  if (/^(timestamp|date|time)/.test(type)) return '2030-01-01T00:00:00Z';
  if (type === 'bool') return false;
  if (type === 'interval') return '1 hour';
  if (type === 'inet' || type === 'cidr') return '192.0.2.1';
  throw new Error(
    `No value is known for ${relation.name}.${name} of type ${type}; name one in seed-rows.ts.`,
  );
}

/** A valid UUID that follows from a name. */
export function uuidOf(name: string): string {
  const hex = digest(name);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
