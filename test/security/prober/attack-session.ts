import type pg from 'pg';

/** What became of a statement: rows, or the refusal. */
export type Outcome =
  { ok: true; rows: Record<string, unknown>[]; count: number } | { ok: false; code: string; message: string };

/**
 * A connection of the data plane's login in the hands of an attacker who acts as one tenant. Each attack is a
 * transaction of its own that is rolled back, unless it is told to stay.
 */
export class AttackSession {
  constructor(
    readonly client: pg.Client,
    readonly tenantId: string,
  ) {}

  /** Runs statements with the attacker's own tenant set; the outcome is that of the last one. */
  async attempt(
    sql: string,
    parameters: readonly unknown[] = [],
    { keep = false, before = [] as readonly string[] } = {},
  ): Promise<Outcome> {
    const opening = [beginAs(this.tenantId), ...before].join('; ');
    if (parameters.length === 0 && !keep) return this.#alone(`${opening}; ${sql}`);
    try {
      await this.client.query(`rollback; ${opening}`);
      return await outcomeOf(this.client, sql, parameters);
    } catch (error) {
      return refusal(error);
    } finally {
      await this.client.query(keep ? 'commit' : 'rollback');
    }
  }

  /** Runs a statement without any tenant, on a connection that had one before, as the role that has the rights. */
  attemptWithoutTenant(sql: string): Promise<Outcome> {
    return this.#alone(`begin; select set_config('role', 'tierdeck_service', true); ${sql}`);
  }

  /** Leaves the connection as it was found. */
  async end(): Promise<void> {
    await this.client.query('rollback');
  }

  /**
   * All in one message: thousands of attacks are tried. One that was refused has done nothing, and what it holds goes
   * with the next one.
   */
  async #alone(transaction: string): Promise<Outcome> {
    const outcome = await outcomeOf(this.client, `rollback; ${transaction}`, []);
    if (outcome.ok) await this.client.query('rollback');
    return outcome;
  }
}

async function outcomeOf(client: pg.Client, sql: string, parameters: readonly unknown[]): Promise<Outcome> {
  try {
    // pg gives an array for several statements: the outcome is that of the last one.
    const answer: unknown =
      parameters.length === 0 ? await client.query(sql) : await client.query(sql, [...parameters]);
    const { rows, rowCount } = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<
      Record<string, unknown>
    >;
    return { ok: true, rows, count: rowCount ?? 0 };
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): Outcome {
  const { code, message, detail } = error as { code?: string; message: string; detail?: string };
  return { ok: false, code: code ?? 'unknown', message: `${message} ${detail ?? ''}` };
}

/** Opens a transaction as the runtime does: with the tenant, and as the role that has the rights. */
function beginAs(tenantId: string): string {
  return `begin; select set_config('tierdeck.tenant_id', '${tenantId}', true), set_config('role', 'tierdeck_service', true)`;
}
