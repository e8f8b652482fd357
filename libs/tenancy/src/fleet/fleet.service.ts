import { Injectable } from '@nestjs/common';
import { Commands, type Command } from '#audit';
import { OperationsService } from '#operations';
import { Database, InvalidInputError, NotFoundError, rowsOf } from '#platform';
import { TenantSchema } from '../databases/tenant-schema.js';
import { FleetStore } from './fleet.store.js';
import { MIGRATE_FLEET } from './migrate-fleet.operation.js';

/** Two callers must not start the same work. */
const startLock = 7_415_021;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Starts the migrations of the fleet. */
@Injectable()
export class FleetService {
  constructor(
    private readonly operations: OperationsService,
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly schema: TenantSchema,
    private readonly store: FleetStore,
  ) {}

  /**
   * Migrates every database that is behind.
   * @returns the operation, also one that is under way already; undefined if none is behind.
   */
  async migrate(command: Command): Promise<string | undefined> {
    await command.tx.query('select pg_advisory_xact_lock($1)', [startLock]);
    const [open] = await rowsOf<{ id: string }>(
      command.tx,
      `select id from operation where kind = $1 and status in ('PENDING', 'RUNNING', 'WAITING')
         and input ->> 'databases' is null order by created_at limit 1`,
      [MIGRATE_FLEET],
    );
    if (open) return open.id;
    if ((await this.store.behind()).length === 0) return undefined;
    return this.#start(command, 'fleet', {});
  }

  /**
   * Migrates one database again, alone.
   * @param key the database's id, `cluster/name`, or the slug of the tenant that lives in it.
   * @returns undefined if it is at the newest migration already.
   * @throws NotFoundError DATABASE_NOT_FOUND
   */
  async retry(command: Command, key: string): Promise<string | undefined> {
    const id = await this.#find(command, key);
    const [behind] = await this.store.behind([id]);
    return behind && this.#start(command, `database/${behind.cluster}/${behind.name}`, { databases: [id] });
  }

  /** At the start of a newer version: migrates what the version before has left. */
  async catchUp(): Promise<void> {
    if ((await this.store.behind()).length === 0) return;
    await this.commands.asSystem('start', (command) => this.migrate(command));
  }

  async #start(command: Command, subject: string, input: Record<string, unknown>): Promise<string> {
    const operation = await this.operations.start(command, { kind: MIGRATE_FLEET, subject, input });
    const { name } = await this.schema.version();
    await command.record({
      area: 'operations',
      action: 'fleet.migration-started',
      subject,
      after: { version: name },
      correlation: `operation/${operation}`,
    });
    return operation;
  }

  async #find(command: Command, key: string): Promise<string> {
    if (key.length === 0 || key.length > 200) {
      throw new InvalidInputError('database must have 1 to 200 characters.', { field: 'database' });
    }
    const [row] = await rowsOf<{ id: string }>(
      command.tx,
      `select id from tenant_database where ($2 and id::text = lower($1)) or cluster || '/' || name = $1
       union all select database_id from tenant where slug = $1 and database_id is not null
       union all select id from tenant_database where name = $1 limit 1`,
      [key, uuid.test(key)],
    );
    if (!row) {
      throw new NotFoundError('database', key, { field: 'database', hint: 'tierdeck fleet status' });
    }
    return row.id;
  }
}
