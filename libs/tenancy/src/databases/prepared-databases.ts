import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import {
  CONFIGURATION,
  Database,
  LOGGER,
  Notifications,
  Reconciler,
  rowsOf,
  type Configuration,
  type Logger,
  type Transaction,
} from '#platform';
import { DatabaseClusters } from './database-clusters.js';
import { DatabaseProvisioner } from './database-provisioner.js';

const channel = 'tierdeck_prepared';
/** One process at a time looks after the prepared databases of a cluster. */
const upkeepLock = 7_415_022;
/** A clone costs the disk: not in the middle of the onboarding that took the one before. */
const refillAfterMs = 1_000;
const lookEveryMs = 30_000;

/**
 * Takes a prepared database of a cluster in the caller's transaction, for one tenant alone.
 * @returns its name; null if none is ready.
 */
export async function takePrepared(tx: Transaction, cluster: string): Promise<string | null> {
  const [taken] = await rowsOf<{ name: string }>(
    tx,
    `delete from prepared_database where (cluster, name) = (
       select cluster, name from prepared_database where cluster = $1 and template_digest is not null
       order by prepared_at limit 1 for update skip locked)
     returning name`,
    [cluster],
  );
  await tx.query('select pg_notify($1, $2)', [channel, cluster]);
  return taken?.name ?? null;
}

interface PreparedRow {
  name: string;
  template_digest: string | null;
}

/**
 * Keeps a few databases ready on each cluster, so that a tenant with one of its own need not wait for a copy. They are
 * stock, not state: what a crash left half made is dropped, and so is what was cloned from another template.
 */
@Injectable()
export class PreparedDatabases {
  readonly #reconciler: Reconciler;
  readonly #timers = new Set<NodeJS.Timeout>();
  #unsubscribe: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly clusters: DatabaseClusters,
    private readonly provisioner: DatabaseProvisioner,
    private readonly notifications: Notifications,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(LOGGER) logger: Logger,
  ) {
    const options = { name: 'prepared-databases', pollMs: lookEveryMs };
    this.#reconciler = new Reconciler(options, () => this.keepUp(), logger);
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.notifications.subscribe(channel, () => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#reconciler.wake();
      }, refillAfterMs);
      this.#timers.add(timer);
    });
    this.#reconciler.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#reconciler.stop();
  }

  /** How many stand ready on each cluster, and how many are wanted. */
  async ready(): Promise<{ cluster: string; ready: number; wanted: number }[]> {
    const rows = await this.database.query<{ cluster: string; ready: number }>(
      `select d.cluster, count(p.name)::int as ready
       from tenant_database d left join prepared_database p on p.cluster = d.cluster and p.template_digest is not null
       where d.kind = 'POOLED' group by d.cluster order by d.cluster`,
    );
    return rows.map((row) => ({ ...row, wanted: this.configuration.preparedDatabases }));
  }

  /** Makes what is missing and drops what is of no use. @returns false: what is left to do has time. */
  async keepUp(): Promise<boolean> {
    for (const { cluster } of await this.ready()) {
      await this.clusters.asAdmin(cluster, 'postgres', (admin) => this.#keepUp(cluster, admin));
    }
    return false;
  }

  async #keepUp(cluster: string, admin: pg.Client): Promise<void> {
    const { rows } = await admin.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [
      upkeepLock,
    ]);
    if (!rows[0]?.held) return;
    const digest = await this.provisioner.templateDigest(admin);
    if (digest === undefined) return;
    await this.#dropUnknown(cluster, admin);
    const prepared = await this.#rows(cluster);
    const useful = prepared.filter(({ template_digest }) => template_digest === digest);
    const kept = useful.slice(0, this.configuration.preparedDatabases);
    for (const { name } of prepared) {
      if (!kept.some((row) => row.name === name)) await this.#drop(cluster, admin, name);
    }
    for (let n = kept.length; n < this.configuration.preparedDatabases; n++) await this.#add(cluster, admin);
  }

  async #add(cluster: string, admin: pg.Client): Promise<void> {
    const name = `${this.provisioner.names.prepared}${randomBytes(4).toString('hex')}`;
    await this.database.query('insert into prepared_database (cluster, name) values ($1, $2)', [
      cluster,
      name,
    ]);
    const digest = await this.provisioner.prepare(admin, name);
    await this.database.query(
      `update prepared_database set template_digest = $3, prepared_at = clock_timestamp()
       where cluster = $1 and name = $2`,
      [cluster, name, digest ?? null],
    );
  }

  /** Only a row that nobody has taken meanwhile: the database behind it has another owner then. */
  async #drop(cluster: string, admin: pg.Client, name: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const rows = await rowsOf(
        tx,
        'delete from prepared_database where cluster = $1 and name = $2 returning name',
        [cluster, name],
      );
      if (rows.length > 0) {
        await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      }
    });
  }

  /** Databases of our naming that no row knows of. */
  async #dropUnknown(cluster: string, admin: pg.Client): Promise<void> {
    const { rows } = await admin.query<{ name: string }>(
      'select datname as name from pg_database where starts_with(datname, $1)',
      [this.provisioner.names.prepared],
    );
    if (rows.length === 0) return;
    const known = await this.database.query<{ name: string }>(
      `select name from prepared_database where cluster = $1
       union all select prepared_as from tenant_database where cluster = $1 and prepared_as is not null`,
      [cluster],
    );
    for (const { name } of rows) {
      if (known.some((row) => row.name === name)) continue;
      await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    }
  }

  #rows(cluster: string): Promise<PreparedRow[]> {
    return this.database.query<PreparedRow>(
      'select name, template_digest from prepared_database where cluster = $1 order by prepared_at nulls last',
      [cluster],
    );
  }
}
