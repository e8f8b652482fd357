import type { Battlefield } from './relation-attacks.js';
import type { DatabaseFunction } from './catalogue.js';
import type { Finding } from './finding.js';

/** Calls each function with what belongs to the victim, then looks at what it gave and at what it left behind. */
export async function attackFunctions(
  field: Battlefield,
  functions: readonly DatabaseFunction[],
  tables: readonly string[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen: Seen = { fingerprint: await fingerprintOf(field, tables) };
  for (const called of functions) {
    if (called.executable) findings.push(...(await attackFunction(field, called, tables, seen)));
  }
  return findings;
}

/** The victim's rows as they were when the last function had been called. */
interface Seen {
  fingerprint: string;
}

async function attackFunction(
  field: Battlefield,
  called: DatabaseFunction,
  tables: readonly string[],
  seen: Seen,
): Promise<Finding[]> {
  const { session, victim } = field;
  const findings: Finding[] = [];
  const object = `${called.name}()`;
  const values = called.argumentTypes.map((type) => argumentOf(type, victim));
  const call = `"${called.schema}"."${called.name}"(${values.map(({ sql }) => sql).join(', ')})`;

  const outcome = await session.attempt(`select to_jsonb(x)::text as row from ${call} x`, [], { keep: true });
  const answer = outcome.ok ? outcome.rows.map(({ row }) => String(row)).join() : outcome.message;
  // What it was given it may give back.
  const secrets = [
    ...(values.some(({ tells }) => tells === 'mark') ? [] : [victim.mark]),
    ...(values.some(({ tells }) => tells === 'id') ? [] : [victim.id]),
  ];
  const marks = answer.split(victim.mark).length - 1;
  if (secrets.some((secret) => answer.includes(secret)) || marks > 3) {
    findings.push({ attack: 'read through a function', object, got: outcome.ok ? 'rows' : outcome.code });
  }
  const fingerprint = await fingerprintOf(field, tables);
  if (fingerprint !== seen.fingerprint) {
    findings.push({ attack: 'change through a function', object, got: 'other rows' });
  }
  seen.fingerprint = fingerprint;

  const [probe] = tables;
  if (probe !== undefined) {
    const after = await session.attempt(
      `select count(*)::int as n from "${probe}" where tenant_id = '${victim.id}'`,
      [],
      { before: [`select ${call}`] },
    );
    if (after.ok && Number(after.rows[0]?.['n']) > 0) {
      findings.push({ attack: 'become another tenant', object, got: 'its rows' });
    }
  }
  return findings;
}

async function fingerprintOf({ admin, victim }: Battlefield, tables: readonly string[]): Promise<string> {
  if (tables.length === 0) return '';
  const parts = tables.map(
    (name) => `select md5(coalesce(string_agg(to_jsonb(r)::text, ',' order by to_jsonb(r)::text), '')) as h
      from "${name}" r where tenant_id = '${victim.id}'`,
  );
  const { rows } = await admin.query<{ h: string }>(parts.join(' union all '));
  return rows.map(({ h }) => h).join();
}

interface Argument {
  sql: string;
  /** What of the victim the argument hands over. */
  tells: 'id' | 'mark' | null;
}

function argumentOf(type: string, { id, mark }: { id: string; mark: string }): Argument {
  if (type === 'uuid') return { sql: `'${id}'::uuid`, tells: 'id' };
  if (/^(text|character|name|json)/.test(type)) {
    const value = type.startsWith('json') ? JSON.stringify({ mark }) : mark;
    return { sql: `'${value}'::${type}`, tells: 'mark' };
  }
  if (type === 'boolean') return { sql: 'true', tells: null };
  if (/^(smallint|integer|bigint|numeric|double|real)/.test(type)) return { sql: `1::${type}`, tells: null };
  if (type.endsWith('[]')) return { sql: `'{}'::${type}`, tells: null };
  if (/^(timestamp|date)/.test(type)) return { sql: `'2030-01-01'::${type}`, tells: null };
  return { sql: `null::${type}`, tells: null };
}
