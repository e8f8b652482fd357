import type pg from 'pg';
import type { AttackSession, Outcome } from './attack-session.js';
import type { Catalogue, ForeignKey, Relation } from './catalogue.js';
import type { Finding } from './finding.js';
import type { MarkedTenant } from './seed-rows.js';

/** The right is missing, or the policy refused the row. */
const denied = '42501';

export interface Battlefield {
  /** A superuser's connection, to look at what there really is. */
  admin: pg.Client;
  session: AttackSession;
  attacker: MarkedTenant;
  victim: MarkedTenant;
}

type Report = (attack: string, got: string) => void;

/** Every way to read or change rows of another tenant through one relation. */
export async function attackRelation(
  field: Battlefield,
  relation: Relation,
  catalogue: Catalogue,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report: Report = (attack, got) => findings.push({ attack, object: relation.name, got });
  await attackReads(field, relation, report);
  if (!relation.columns.some(({ name }) => name === 'tenant_id')) return findings;
  if (relation.kind !== 'm') await attackWrites(field, relation, report);
  for (const key of catalogue.foreignKeys) {
    if (key.table === relation.name) await attackReference(field, relation, key, report);
  }
  return findings;
}

function nameOf({ schema, name }: Relation): string {
  return `"${schema}"."${name}"`;
}

/** Counts the rows in which the victim's mark or id stands anywhere. */
function marked({ victim }: Battlefield, from: string): string {
  return `select count(*)::int as n from (select to_jsonb(r)::text as row from ${from} r) x
    where x.row like '%${victim.mark}%' or x.row like '%${victim.id}%'`;
}

async function attackReads(field: Battlefield, relation: Relation, report: Report): Promise<void> {
  const { session, admin } = field;
  const table = nameOf(relation);
  const seen = (outcome: Outcome): number => (outcome.ok ? Number(outcome.rows[0]?.['n'] ?? 0) : 0);
  const everything = marked(field, table);

  const plain = seen(await session.attempt(everything));
  if (plain > 0) report('read', `${plain} rows`);

  const around = await session.attempt(everything, [], { before: ['set local row_security = off'] });
  if (around.ok && (relation.kind === 'r' || relation.kind === 'p'))
    report('read around the policy', 'an answer');

  // A function that fails tells in its message what it was given: the policy must have sorted the row out before.
  const { attacker } = field;
  const loud = await session.attempt(
    `select from ${table} r where case when to_jsonb(r)::text ~ '${attacker.mark}|${attacker.id}' then 0
       else (to_jsonb(r)::text)::int end = 0`,
  );
  if (!loud.ok && (loud.message.includes(field.victim.mark) || loud.message.includes(field.victim.id))) {
    report('read from an error', loud.code);
  }

  const nobody = await session.attemptWithoutTenant(`select count(*)::int as n from ${table}`);
  if (nobody.ok && (relation.kind === 'r' || relation.kind === 'p' || seen(nobody) > 0)) {
    report('read without a tenant', `${seen(nobody)} rows`);
  }

  const { owner } = relation;
  if (owner !== null && (relation.kind === 'r' || relation.kind === 'p')) {
    const asOwner = await asRole(admin, owner, session.tenantId, everything);
    if (asOwner > 0) report('read as the owner', `${asOwner} rows`);
  }
}

async function asRole(admin: pg.Client, role: string, tenantId: string, sql: string): Promise<number> {
  const results = (await admin.query(
    `begin; set local role "${role}"; select set_config('tierdeck.tenant_id', '${tenantId}', true); ${sql}; rollback`,
  )) as unknown as pg.QueryResult<{ n: number }>[];
  return results[3]?.rows[0]?.n ?? 0;
}

async function attackWrites(field: Battlefield, relation: Relation, report: Report): Promise<void> {
  const { session, attacker, victim, admin } = field;
  const table = nameOf(relation);
  const touching: Record<string, string> = {
    change: `update ${table} set tenant_id = tenant_id where tenant_id = '${victim.id}'`,
    'take over': `update ${table} set tenant_id = '${attacker.id}' where tenant_id = '${victim.id}'`,
    delete: `delete from ${table} where tenant_id = '${victim.id}'`,
    'delete all but own': `delete from ${table} where tenant_id <> '${attacker.id}'`,
    'give away': `update ${table} set tenant_id = '${victim.id}' where tenant_id = '${attacker.id}'`,
  };
  for (const [attack, sql] of Object.entries(touching)) {
    const outcome = await session.attempt(sql);
    if (outcome.ok && outcome.count > 0) report(attack, `${outcome.count} rows`);
  }

  const never: Record<string, string> = {
    plant: `insert into ${table} (tenant_id) values ('${victim.id}')`,
    truncate: `truncate ${table}`,
    'switch the policy off': `alter table ${table} disable row level security`,
    'add a policy': `create policy own on ${table} using (true)`,
    'add a trigger': `create trigger loot after insert on ${table} execute function suppress_redundant_updates_trigger()`,
  };
  const structural = new Set(['switch the policy off', 'add a policy', 'add a trigger', 'truncate']);
  for (const [attack, sql] of Object.entries(never)) {
    if (relation.kind === 'v' && structural.has(attack)) continue;
    const outcome = await session.attempt(sql);
    // A view that cannot be written says so with another code.
    if (outcome.ok) report(attack, 'done');
    else if (outcome.code !== denied && !(relation.kind === 'v' && outcome.code === '55000')) {
      report(attack, outcome.code);
    }
  }

  // One's own row with every key of the victim's: "exists already" would tell that the other one does.
  const { rows } = await admin.query<{ row: Record<string, unknown> }>(
    `select to_jsonb(r) as row from ${table} r where tenant_id = $1 limit 1`,
    [victim.id],
  );
  if (!rows[0] || relation.kind === 'v') return;
  const names = relation.columns.filter(({ generated }) => !generated).map(({ name }) => `"${name}"`);
  const twin = await session.attempt(
    `insert into ${table} (${names.join(', ')}) overriding system value
     select ${names.join(', ')} from jsonb_populate_record(null::${table}, $1::jsonb)`,
    [JSON.stringify({ ...rows[0].row, tenant_id: attacker.id })],
  );
  if (!twin.ok && twin.code === '23505' && !(await hasOwn(admin, table, rows[0].row, attacker))) {
    report(
      'learn from a unique key',
      twin.message.replaceAll(victim.mark, '…').split(' ').at(-2) ?? 'exists',
    );
  }
}

/** Whether the attacker has a row with all the same key, so that a refusal tells nothing. */
async function hasOwn(
  admin: pg.Client,
  table: string,
  row: Record<string, unknown>,
  attacker: MarkedTenant,
): Promise<boolean> {
  const { rows } = await admin.query<{ columns: string[] }>(
    `select array_agg(a.attname::text) as columns from pg_index i
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
     where i.indrelid = $1::regclass and i.indisunique group by i.indexrelid`,
    [table],
  );
  for (const { columns } of rows) {
    if (!columns.includes('tenant_id')) continue;
    const same = columns.map((column) => `r."${column}" is not distinct from p."${column}"`).join(' and ');
    const { rowCount } = await admin.query(
      `select from ${table} r, jsonb_populate_record(null::${table}, $1::jsonb) p where ${same}`,
      [JSON.stringify({ ...row, tenant_id: attacker.id })],
    );
    if (rowCount) return true;
  }
  return false;
}

/** Lets one's own row refer to what belongs to the victim. */
async function attackReference(
  { session, admin, attacker, victim }: Battlefield,
  relation: Relation,
  key: ForeignKey,
  report: Report,
): Promise<void> {
  if (!key.columns.includes('tenant_id'))
    report('refer into another tenant', `${key.name} does not name the tenant`);
  const free = key.columns.filter((column) => column !== 'tenant_id');
  if (free.length === 0) return;
  const targets = key.refersToColumns.filter((column) => column !== 'tenant_id');
  const { rows } = await admin.query<Record<string, unknown>>(
    `select ${targets.map((column) => `"${column}"`).join(', ')} from "${key.refersTo}" where tenant_id = $1 limit 1`,
    [victim.id],
  );
  const [target] = rows;
  if (!target) return;
  const { rowCount } = await admin.query(
    `select from "${key.refersTo}" where tenant_id = $1 and ${targets.map((column, i) => `"${column}" = $${i + 2}`).join(' and ')}`,
    [attacker.id, ...targets.map((column) => target[column])],
  );
  if (rowCount) return;
  const outcome = await session.attempt(
    `update ${nameOf(relation)} set ${free.map((column, i) => `"${column}" = $${i + 1}`).join(', ')}`,
    targets.map((column) => target[column]),
  );
  if (outcome.ok && outcome.count > 0) report('refer into another tenant', `${key.name} let it`);
}
