import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { ConflictError, TierdeckError } from './errors.js';

/** A transaction of the control-plane database. Passed explicitly; nothing is looked up from thin air. */
export type Transaction = EntityManager;

const retryable = new Set(['40001', '40P01']);

/** The control-plane database: transactions for commands, plain SQL for read models. */
export class Database {
  private constructor(
    readonly source: DataSource,
    readonly url: string,
    /** The application name of this process's sessions, and of no other's: while it lives, the server shows some. */
    readonly applicationName: string,
  ) {}

  /**
   * @param entities the TypeORM entities of the write models.
   * @throws TierdeckError DATABASE_UNREACHABLE with the host, never the password.
   */
  static async connect(
    url: string,
    entities: EntityTarget<ObjectLiteral>[] = [],
    poolSize = 10,
  ): Promise<Database> {
    const applicationName = `tierdeck ${randomUUID().slice(0, 8)}`;
    const source = new DataSource({
      type: 'postgres',
      url,
      entities: entities as Function[],
      synchronize: false,
      poolSize,
      applicationName,
      extra: { connectionTimeoutMillis: 5_000 },
    });
    try {
      await source.initialize();
    } catch (cause) {
      const { host } = new URL(url);
      const message = `PostgreSQL at ${host} cannot be reached: ${(cause as Error).message}`;
      throw new TierdeckError('DATABASE_UNREACHABLE', message, 503, { cause }, 'operator');
    }
    return new Database(source, url, applicationName);
  }

  /** Runs `work` in one transaction; serialization failures and deadlocks are retried, so `work` may run again. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, attempts = 4): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.source.transaction(work);
      } catch (error) {
        if (attempt >= attempts || !retryable.has(postgresCode(error) ?? '')) throw error;
      }
    }
  }

  /** Reads with plain SQL, outside any transaction. */
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return (await this.source.query(sql, [...parameters])) as Row[];
  }

  async close(): Promise<void> {
    await this.source.destroy();
  }
}

/** The SQLSTATE of an error of PostgreSQL, also behind TypeORM's wrapper. */
export function postgresCode(error: unknown): string | undefined {
  const direct = (error as { code?: unknown })?.code;
  if (typeof direct === 'string') return direct;
  const driver = (error as { driverError?: { code?: unknown } })?.driverError?.code;
  return typeof driver === 'string' ? driver : undefined;
}

/** Name of the violated constraint, if the error is a violation. */
export function violatedConstraint(error: unknown): string | undefined {
  const wrapped = error as { constraint?: string; driverError?: { constraint?: string } };
  return wrapped?.constraint ?? wrapped?.driverError?.constraint;
}

const raised = 'P0001';

/**
 * What a trigger refused by name, for callers: policy refuses the same before, so that it was changed at the same moment, or
 * that policy has a gap. undefined for other errors.
 */
export function databaseRefusal(error: unknown): TierdeckError | undefined {
  const constraint = violatedConstraint(error);
  if (constraint === undefined || postgresCode(error) !== raised) return undefined;
  const { message } = error as Error;
  return new ConflictError('REFUSED_BY_DATABASE', `${message.charAt(0).toUpperCase()}${message.slice(1)}.`, {
    hint: 'Somebody may have changed it at the same moment: load it again, and repeat what you still want.',
    details: { constraint },
    cause: error,
  });
}

/** Runs SQL in a transaction and gives the rows of any statement, also of UPDATE … RETURNING. */
export async function rowsOf<Row>(
  tx: Transaction,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const result: unknown = await tx.query(sql, [...parameters]);
  // TypeORM answers UPDATE and DELETE with [rows, count], everything else with rows.
  if (
    Array.isArray(result) &&
    result.length === 2 &&
    Array.isArray(result[0]) &&
    typeof result[1] === 'number'
  ) {
    return result[0] as Row[];
  }
  return result as Row[];
}
