import type { ClientBase } from 'pg';
import { pipeline } from './scoped-query.js';
import { atHome, contextOf, knownTexts } from './statements.js';

/** At most so many statements are planned ahead on one connection. */
const rehearsedTexts = 200;

/**
 * Has the server of a fresh connection plan the statements that this process uses, without executing any: it then knows
 * the tables, their policies, indexes and statistics. Else the first writers after a cut-over pay for that on every
 * connection, all at the same moment, while the others wait behind them.
 * Best effort: a statement that cannot be explained (before PostgreSQL 16 none can) is met cold.
 */
export async function rehearse(client: ClientBase, tenantId: string): Promise<void> {
  const context = contextOf(tenantId);
  const plans = knownTexts(rehearsedTexts).map((text) => ({
    name: '',
    text: `explain (generic_plan) ${text}`,
    values: Array.from({ length: parametersOf(text) }, () => null),
  }));
  for (const statement of [...plans, atHome]) {
    await pipeline(client, [context], statement).catch(() => undefined);
  }
}

/** How many parameters a statement has; one too many, out of a string in it, and it is met cold. */
function parametersOf(text: string): number {
  return Math.max(0, ...[...text.matchAll(/\$(\d{1,4})/g)].map(([, number]) => Number(number)));
}
