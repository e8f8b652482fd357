import { createHash } from 'node:crypto';
import { StatementRefused } from './errors.js';
import type { Statement } from './scoped-query.js';

/**
 * Tells row-level security for whom the statements of this transaction run, and takes on the role that may see rows:
 * the login itself sees none, and that role may not change the setting again.
 */
export function contextOf(tenantId: string): Statement {
  return {
    name: 'tierdeck_context',
    text: `select set_config('tierdeck.tenant_id', $1, true), set_config('role', 'tierdeck_service', true)`,
    values: [tenantId],
  };
}

/** The same, in a transaction that PostgreSQL lets read only, whatever its statements try. */
export function readOnlyContextOf(tenantId: string): Statement {
  return {
    name: 'tierdeck_context_read_only',
    text: `select set_config('tierdeck.tenant_id', $1, true), set_config('transaction_read_only', 'on', true),
             set_config('role', 'tierdeck_service', true)`,
    values: [tenantId],
  };
}

/**
 * Behind the context, where the tenant may have moved: fails as a write does if this database is not its home
 * (migrations/tenant/0007_readers_at_home.sql). It costs a look at a table, so it is for those who cannot be sure.
 */
export const atHome: Statement = { name: 'tierdeck_at_home', text: 'select tierdeck_at_home()', values: [] };

/** The database is of a version before the question; a migration of the fleet brings it. */
export function knowsNoHome(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === '42883' && typeof message === 'string' && message.includes('tierdeck_at_home');
}

/** A statement tried to write in a read-only transaction. */
export function isReadOnlyRefusal(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '25006';
}

/** Row-level security refused a row, or a right is missing: a statement that is sound meets neither. */
export function isWallRefusal(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '42501';
}

/** Texts beyond this number are not prepared: a service that builds SQL from data must not fill the server's memory. */
const preparedTexts = 1_000;
const names = new Map<string, string>();

/** Counts up when a migration outdated the plans: statements get new names and are prepared anew. */
let generation = 0;

/** Every command of PostgreSQL that is about the session, its transaction, its locks or the schema, not about rows. */
const commands =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(abort|alter|analyze|begin|call|checkpoint|close|cluster|comment|commit|copy|create|deallocate|declare|discard|do|drop|end|execute|fetch|grant|import|listen|load|lock|move|notify|prepare|reassign|refresh|reindex|reset|revoke|rollback(?!\s+to\b|\s+work\s+to\b)|security|set|start|truncate|unlisten|vacuum)\b/i;

/**
 * A statement under a name that follows from its text, so that each connection prepares it once.
 * @throws StatementRefused for a command that would outlast the statement, or reach beyond the tenant.
 */
export function statementOf(text: string, values: readonly unknown[]): Statement {
  let name = names.get(text);
  if (name === undefined) {
    const [, command] = commands.exec(text) ?? [];
    if (command !== undefined) throw new StatementRefused(command.toUpperCase());
    if (names.size >= preparedTexts) return { name: '', text, values };
    name = `t${generation}_${createHash('sha1').update(text).digest('hex')}`;
    names.set(text, name);
  }
  return { name, text, values };
}

/** Texts of statements that this process has prepared, at most so many: the longest known ones. */
export function knownTexts(count: number): string[] {
  return [...names.keys()].slice(0, count);
}

/** A migration changed the columns of a prepared statement, e.g. of a `select *`. */
export function isOutdatedPlan(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === '0A000' && typeof message === 'string' && message.includes('cached plan');
}

export function forgetPlans(): void {
  generation++;
  names.clear();
}
