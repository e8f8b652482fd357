import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#platform';
import { freePort } from '../../support/stack.js';
import { ControlPlaneProcess } from '../control-plane-process.js';
import { sdkToken } from '../flag-world.js';
import { LoadProcess } from './loads.js';
import { fillTenant, fingerprint } from './rows.js';

const masterKey = '5'.repeat(64);
export const mover = 'mover';
const neighbours = ['staying-1', 'staying-2', 'staying-3', 'staying-4'];
const neighbourRows = 20_000;

export interface WorldOptions {
  rows: number;
  writesPerSecond: number;
  neighboursPerSecond: number;
  /** How long writers wait for a tenant that moves; a mover that is killed and started again takes its time. */
  moveDeadlineMs?: number;
  /** Module that a mover loads first. */
  preload?: string;
}

export interface MoveRow {
  id: string;
  state: string;
  source_id: string;
  target_id: string;
  pause_ms: number | null;
  /** Unix time in milliseconds. */
  cut_over_ms: number | null;
  status: string;
  database_id: string;
}

/**
 * A PostgreSQL with durability on, a control plane that serves the API, another process of it that performs the moves, a
 * tenant of many rows that is written all the while, and four neighbours of it in the pooled database under load.
 */
export class MoveWorld {
  #mover: ControlPlaneProcess | undefined;

  private constructor(
    private readonly options: WorldOptions,
    readonly postgres: EmbeddedPostgres,
    private readonly dataDir: string,
    private readonly databaseUrl: string,
    readonly control: pg.Client,
    readonly api: ControlPlaneProcess,
    readonly tenantId: string,
    readonly fingerprint: Record<string, string>,
    readonly writer: LoadProcess,
    readonly others: LoadProcess,
  ) {}

  static async start(options: WorldOptions): Promise<MoveWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-moves-'));
    await chmod(dataDir, 0o755);
    const postgres = await EmbeddedPostgres.start({ dataDir, port: await freePort() });
    try {
      return await MoveWorld.#build(options, dataDir, postgres);
    } catch (error) {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  static async #build(
    options: WorldOptions,
    dataDir: string,
    postgres: EmbeddedPostgres,
  ): Promise<MoveWorld> {
    const admin = await connected(postgres.url());
    await admin.query('create database control');
    await admin.end();
    const databaseUrl = postgres.url('control');
    const mover_ = await ControlPlaneProcess.start(databaseUrl, moverEnv());
    const api = await ControlPlaneProcess.start(databaseUrl, { ...moverEnv(), TIERDECK_ROLES: 'api' });
    const control = await connected(databaseUrl);
    for (const slug of [mover, ...neighbours]) {
      await api.api.change('onboardTenant', { slug, name: slug }, 'tenant { slug }');
    }
    const tenants = await tenantIds(control, [mover, ...neighbours]);
    const pool = await connected(postgres.url(await poolOf(control)));
    for (const [slug, id] of tenants)
      await fillTenant(pool, id, slug === mover ? options.rows : neighbourRows);
    await pool.query('vacuum analyze');
    await breakIn(pool);
    const tenantId = tenants.get(mover) as string;
    const print = await fingerprint(pool, tenantId);
    await pool.end();
    const token = await sdkToken(api, 'RUNTIME');
    const load = { url: api.url, token };
    const [writer, others] = await Promise.all([
      LoadProcess.start({
        ...load,
        kind: 'writer',
        tenants: [mover],
        perSecond: options.writesPerSecond,
        ...(options.moveDeadlineMs === undefined ? {} : { moveDeadlineMs: options.moveDeadlineMs }),
      }),
      LoadProcess.start({
        ...load,
        kind: 'neighbours',
        tenants: neighbours,
        perSecond: options.neighboursPerSecond,
      }),
    ]);
    const world = new MoveWorld(
      options,
      postgres,
      dataDir,
      databaseUrl,
      control,
      api,
      tenantId,
      print,
      writer,
      others,
    );
    world.#mover = mover_;
    return world;
  }

  /** Starts the process that performs moves, ahead of which a module may be loaded; the one before has ended. */
  async startMover(env: Record<string, string> = {}): Promise<ControlPlaneProcess> {
    const preload = this.options.preload;
    this.#mover = await ControlPlaneProcess.start(
      this.databaseUrl,
      { ...moverEnv(), ...env },
      preload ? ['--import', preload] : [],
    );
    return this.#mover;
  }

  async stopMover(): Promise<void> {
    await this.#mover?.stop();
    this.#mover = undefined;
  }

  /** The tenant's last move and where the control plane says that the tenant is. */
  async move(): Promise<MoveRow | undefined> {
    const { rows } = await this.control.query<MoveRow>(
      `select m.id, m.state, m.source_id, m.target_id, m.pause_ms, extract(epoch from m.cut_over_at)::float8 * 1000 as cut_over_ms,
         t.status, t.database_id
       from tenant t left join tenant_move m on m.tenant_id = t.id where t.id = $1 order by m.created_at desc limit 1`,
      [this.tenantId],
    );
    return rows[0];
  }

  async isDedicated(): Promise<boolean> {
    const { rows } = await this.control.query<{ placement: string }>(
      'select database_placement as placement from tenant where id = $1',
      [this.tenantId],
    );
    return rows[0]?.placement === 'DEDICATED';
  }

  /** Asks for a move to the other placement. */
  async beginMove(): Promise<void> {
    const database = (await this.isDedicated()) ? 'SHARED' : 'DEDICATED';
    await this.api.api.change('changePlacement', { tenant: mover, database }, 'tenant { slug }');
  }

  async end(how: 'finishMove' | 'undoMove'): Promise<void> {
    await this.api.api.change(how, { tenant: mover }, 'tenant { slug }', 'EndMoveInput');
  }

  /** Waits for one of the states of the last move. @throws Error after ten minutes, with what its operations say. */
  async reaches(states: readonly string[], timeoutMs = 600_000): Promise<MoveRow> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const move = await this.move();
      if (move && states.includes(move.state)) return move;
      if (Date.now() > until) throw new Error(`the move stays ${move?.state}: ${await this.why()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What the tenant's operations wait for. */
  async why(): Promise<string> {
    const { rows } = await this.control.query(
      `select o.kind, o.status, o.error_message, s.name, s.status as step, s.error_message as why
       from operation o join operation_step s on s.operation_id = o.id where o.tenant_id = $1
       order by o.created_at desc, s.position limit 20`,
      [this.tenantId],
    );
    return JSON.stringify(rows, null, 1);
  }

  /** How long the steps of the tenant's last operations took, in milliseconds. */
  async stepTimes(): Promise<[string, number][]> {
    const { rows } = await this.control.query<{ name: string; ms: number }>(
      `select s.name, extract(epoch from s.finished_at - s.started_at)::float8 * 1000 as ms
       from operation o join operation_step s on s.operation_id = o.id
       where o.tenant_id = $1 and s.status = 'SUCCEEDED' and s.attempts = 1 order by s.finished_at desc limit 12`,
      [this.tenantId],
    );
    return rows.toReversed().map(({ name, ms }) => [name, ms]);
  }

  /** A superuser's session in a tenant database; undefined if that is gone. */
  async database(id: string): Promise<pg.Client | undefined> {
    const { rows } = await this.control.query<{ name: string }>(
      'select name from tenant_database where id = $1',
      [id],
    );
    const name = rows[0]?.name;
    if (name === undefined) return undefined;
    return connected(this.postgres.url(name)).catch((error: { code?: string }) => {
      if (error.code === '3D000') return undefined;
      throw error;
    });
  }

  /** Of two databases, those in which the tenant is at home; exactly one is right. */
  async homes(ids: readonly string[]): Promise<string[]> {
    const homes: string[] = [];
    for (const id of ids) {
      const client = await this.database(id);
      if (!client) continue;
      const { rows } = await client.query<{ state: string }>(
        `select case when state = 'PAUSED' and paused_until < clock_timestamp() then 'ACTIVE' else state end as state
         from tenant_home where tenant_id = $1`,
        [this.tenantId],
      );
      if ((rows[0]?.state ?? 'ACTIVE') === 'ACTIVE') homes.push(id);
      await client.end();
    }
    return homes;
  }

  /** Slots, publications, subscriptions and roles that moves made and that are there. */
  async remains(ids: readonly string[]): Promise<string[]> {
    const { rows } = await this.control.query<{ what: string }>(
      `select 'slot ' || slot_name as what from pg_replication_slots
       union all select 'role ' || rolname from pg_roles where rolname ~ '^tierdeck_(move|back)_'
       union all select 'subscription ' || subname from pg_subscription`,
    );
    const found = rows.map(({ what }) => what);
    for (const id of ids) {
      const client = await this.database(id);
      if (!client) continue;
      const result = await client.query<{ what: string }>(
        `select 'publication ' || pubname as what from pg_publication`,
      );
      found.push(...result.rows.map(({ what }) => what));
      await client.end();
    }
    return found;
  }

  /** Rows that differ from what must be there: the writer's by its journal, all others by their checksums. */
  async differences(): Promise<{ acknowledged: number; differences: string[] }> {
    const { acknowledged, differences } = await this.writer.differences(1_000);
    const move = await this.move();
    const client = await this.database(move?.database_id ?? '');
    if (!client) return { acknowledged, differences: ['the tenant has no database'] };
    const print = await fingerprint(client, this.tenantId);
    await client.end();
    for (const [table, wanted] of Object.entries(this.fingerprint)) {
      if (print[table] !== wanted) differences.push(`${table}: ${print[table]} instead of ${wanted}`);
    }
    return { acknowledged, differences };
  }

  async stop(): Promise<void> {
    await Promise.all([this.writer.end(), this.others.end()].map((ended) => ended.catch(() => undefined)));
    await this.stopMover();
    await this.api.stop();
    await this.control.end();
    await this.postgres.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

function moverEnv(): Record<string, string> {
  return { TIERDECK_MASTER_KEY: masterKey, TIERDECK_ROLES: 'reconciler' };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * Writes and drops a gigabyte, as a server has that is not new: it reuses its WAL segments from then on. One that has to
 * make each of them holds all its writers up for some 60 ms every time, with or without a move.
 */
async function breakIn(client: pg.Client): Promise<void> {
  await client.query(
    `create table break_in as select repeat(md5(n::text), 30) from generate_series(1, 1100000) n`,
  );
  await client.query('drop table break_in');
  await client.query('checkpoint');
}

async function poolOf(control: pg.Client): Promise<string> {
  const { rows } = await control.query<{ name: string }>(
    `select name from tenant_database where kind = 'POOLED'`,
  );
  return rows[0]?.name ?? '';
}

/** Waits until the tenants are open. */
async function tenantIds(control: pg.Client, slugs: readonly string[]): Promise<Map<string, string>> {
  for (let i = 0; i < 600; i++) {
    const { rows } = await control.query<{ slug: string; id: string }>(
      `select slug, id from tenant where status = 'ACTIVE' and slug = any($1)`,
      [slugs],
    );
    if (rows.length === slugs.length) return new Map(rows.map(({ slug, id }) => [slug, id]));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the tenants of the bench were not onboarded');
}
