import type pg from 'pg';

/** Anything that is read like a table: table, partition, view, materialized view, foreign table. */
export interface Relation {
  schema: string;
  name: string;
  kind: 'r' | 'p' | 'v' | 'm' | 'f';
  /** null: a superuser, whom no policy binds. */
  owner: string | null;
  columns: Column[];
}

export interface Column {
  name: string;
  /** Name of the type, of the base type for a domain. */
  type: string;
  isArray: boolean;
  notNull: boolean;
  hasDefault: boolean;
  /** Of an enum type, the first label. */
  enumLabel: string | null;
  generated: boolean;
  identity: boolean;
}

export interface ForeignKey {
  name: string;
  table: string;
  columns: string[];
  refersTo: string;
  refersToColumns: string[];
}

export interface DatabaseFunction {
  schema: string;
  name: string;
  argumentTypes: string[];
  returnsSet: boolean;
  /** The role that is asked about may execute it. */
  executable: boolean;
}

/** What a database consists of, as far as it can carry rows of tenants; read from its catalogue. */
export interface Catalogue {
  relations: Relation[];
  foreignKeys: ForeignKey[];
  functions: DatabaseFunction[];
  sequences: string[];
}

const ours = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'`;
/** Belong to the migrations and hold no tenant's rows. */
const ledgers = ['schema_migration', 'release_migration'];

/** @param role of the data plane. */
export async function readCatalogue(admin: pg.ClientBase, role: string): Promise<Catalogue> {
  const { rows: relations } = await admin.query<Relation>(
    `select n.nspname as schema, c.relname as name, c.relkind as kind,
       (select r.rolname from pg_roles r where r.oid = c.relowner and not r.rolsuper) as owner,
       (select json_agg(json_build_object(
          'name', a.attname, 'type', coalesce(b.typname, t.typname), 'isArray', t.typcategory = 'A',
          'notNull', a.attnotnull, 'hasDefault', a.atthasdef,
          'enumLabel', (select enumlabel from pg_enum e where e.enumtypid = t.oid order by enumsortorder limit 1),
          'generated', a.attgenerated <> '', 'identity', a.attidentity <> '') order by a.attnum)
        from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname <> all ($1) order by 1, 2`,
    [ledgers],
  );
  const { rows: foreignKeys } = await admin.query<ForeignKey>(
    `select k.conname as name, c.relname as table, f.relname as "refersTo",
       (select json_agg(a.attname order by u.n) from unnest(k.conkey) with ordinality u (attnum, n)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum) as columns,
       (select json_agg(a.attname order by u.n) from unnest(k.confkey) with ordinality u (attnum, n)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum) as "refersToColumns"
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
       join pg_namespace n on n.oid = c.relnamespace
     where k.contype = 'f' and ${ours} order by 2, 1`,
  );
  const { rows: functions } = await admin.query<DatabaseFunction>(
    `select n.nspname as schema, p.proname as name, p.proretset as "returnsSet",
       array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, n) order by n) as "argumentTypes",
       has_function_privilege($1, p.oid, 'EXECUTE')
         or has_function_privilege('tierdeck_service', p.oid, 'EXECUTE') as executable
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where ${ours} and p.prokind in ('f', 'p') and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
     order by 1, 2`,
    [role],
  );
  const { rows: sequences } = await admin.query<{ name: string }>(
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and c.relkind = 'S' order by 1`,
  );
  return { relations, foreignKeys, functions, sequences: sequences.map(({ name }) => name) };
}

/** Tables ordered so that each comes after those it refers to, as far as there is no circle. */
export function inOrderOfReference({ relations, foreignKeys }: Catalogue): Relation[] {
  const ordered: Relation[] = [];
  let left = relations.filter(({ kind }) => kind === 'r' || kind === 'p');
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const waits = (relation: Relation): boolean =>
      foreignKeys.some(
        ({ table, refersTo }) => table === relation.name && refersTo !== table && names.has(refersTo),
      );
    const free = left.filter((relation) => !waits(relation));
    const next = free.length > 0 ? free : left.slice(0, 1);
    ordered.push(...next);
    left = left.filter((relation) => !next.includes(relation));
  }
  return ordered;
}
