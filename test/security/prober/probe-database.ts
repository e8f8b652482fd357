import type pg from 'pg';
import { AttackSession } from './attack-session.js';
import { readCatalogue } from './catalogue.js';
import type { Finding } from './finding.js';
import { attackFunctions } from './function-attacks.js';
import { attackRelation, type Battlefield } from './relation-attacks.js';
import { seedEveryTable, uuidOf, type MarkedTenant } from './seed-rows.js';
import { attackServer } from './server-attacks.js';

export function markedTenant(name: string, id: string = uuidOf(name)): MarkedTenant {
  return { id, mark: `${name}-${uuidOf(`mark of ${name}`).slice(0, 8)}` };
}

export interface Probe {
  /** A superuser's connection. */
  admin: pg.Client;
  /** A connection of the data plane's login, and the login's name. */
  service: pg.Client;
  login: string;
  attacker: MarkedTenant;
  victim: MarkedTenant;
}

/** Puts rows of both into every table of the database, also into those that nobody has told about. */
export async function seedDatabase({
  admin,
  login,
  attacker,
  victim,
}: Omit<Probe, 'service'>): Promise<void> {
  const catalogue = await readCatalogue(admin, login);
  for (const tenant of [attacker, victim]) await seedEveryTable(admin, catalogue, tenant);
}

/**
 * Attacks everything that the catalogue lists, as one tenant against another.
 * @returns what the attacker got; empty if every wall held.
 */
export async function probeDatabase({ admin, service, login, attacker, victim }: Probe): Promise<Finding[]> {
  const catalogue = await readCatalogue(admin, login);
  const field: Battlefield = { admin, session: new AttackSession(service, attacker.id), attacker, victim };
  const tables = catalogue.relations
    .filter(({ kind, columns }) => kind === 'r' && columns.some(({ name }) => name === 'tenant_id'))
    .map(({ name }) => name);
  const findings: Finding[] = [];
  try {
    for (const relation of catalogue.relations) {
      findings.push(...(await attackRelation(field, relation, catalogue)));
    }
    findings.push(...(await attackFunctions(field, catalogue.functions, tables)));
    findings.push(...(await attackServer(field, catalogue, login)));
  } finally {
    await field.session.end();
  }
  return findings;
}

/** Tables in which the tenant has no row, so that an attack on them would prove nothing. */
export async function emptyTables(admin: pg.Client, login: string, { id }: MarkedTenant): Promise<string[]> {
  const { relations } = await readCatalogue(admin, login);
  const empty: string[] = [];
  for (const { kind, name, columns } of relations) {
    if (kind !== 'r' || !columns.some((column) => column.name === 'tenant_id')) continue;
    const { rowCount } = await admin.query(`select from "${name}" where tenant_id = $1 limit 1`, [id]);
    if (!rowCount) empty.push(name);
  }
  return empty;
}
