import { AsyncLocalStorage } from 'node:async_hooks';
import pg, { Client, Pool, type PoolConfig, type Submittable } from 'pg';
import { pipeline, type Statement } from './scoped-query.js';
import { TenantReadOnly } from './errors.js';
import { contextOf, isReadOnlyRefusal, readOnlyContextOf, statementOf } from './statements.js';

const current = new AsyncLocalStorage<Statement>();

/**
 * Everything that TypeORM asks the database for inside `work` is asked for this tenant.
 * @throws TenantReadOnly if it writes and the tenant is suspended for writes.
 */
export async function asTenant<T>(
  tenant: { id: string; readOnly?: boolean | undefined },
  work: () => Promise<T>,
): Promise<T> {
  if (!tenant.readOnly) return current.run(contextOf(tenant.id), work);
  try {
    return await current.run(readOnlyContextOf(tenant.id), work);
  } catch (error) {
    // TypeORM wraps what the driver throws.
    const { driverError = error } = (error ?? {}) as { driverError?: unknown };
    throw isReadOnlyRefusal(driverError) ? new TenantReadOnly(error) : error;
  }
}

/** What begins and ends transactions: it has no rows, and must also run where the transaction has failed already. */
const bracket = /^\s*(start transaction|begin|commit|end|rollback|abort|savepoint|release)\b/i;

/** Sends the tenant's context along with each query. Without a tenant row-level security refuses the query. */
class TenantClient extends Client {
  // TypeORM asks with a text and values; the other forms that pg has are refused, since they would go unscoped.
  override query(...args: unknown[]): never {
    const context = current.getStore();
    const [text, values] = args;
    if (context === undefined || (typeof text === 'string' && bracket.test(text))) {
      return super.query(...(args as [string])) as never;
    }
    // What the pipeline hands back to us is a query that carries its context already.
    if (typeof (text as { submit?: unknown }).submit === 'function' && args.length === 1) {
      return super.query(text as Submittable) as never;
    }
    if (typeof text !== 'string' || (values !== undefined && !Array.isArray(values))) {
      throw new TypeError('A tenant is asked for by text and values only.');
    }
    return pipeline(this, [context], statementOf(text, values ?? [])) as never;
  }
}

class TenantPool extends Pool {
  constructor(config: PoolConfig) {
    super({ ...config, Client: TenantClient });
  }
}

/**
 * For TypeORM's option `driver`: `new DataSource({ type: 'postgres', driver: tenantDriver, … })` on the login of a
 * database ({@link TierdeckRuntime.databases}). Use its repositories inside {@link asTenant}.
 */
export const tenantDriver: typeof pg = { ...pg, Client: TenantClient, Pool: TenantPool };
