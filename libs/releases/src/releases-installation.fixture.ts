import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Command } from '#audit';
import { createLogger, Notifications } from '#platform';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../test/support/database.js';
import type { WaveInput } from './release-content.js';
import type { ReleasesReconciler, ReleasesReconcilerOptions } from './releases.reconciler.js';
import {
  author,
  insertDatabase,
  insertTenant,
  openWorld,
  prepareTenantDatabase,
  reportLines,
  witnessedMigration,
  type ReleasesWorld,
} from './releases.fixture.js';
import type { CreateReleaseInput } from './releases.service.js';

const artifactDigest = `sha256:${'a'.repeat(64)}`;
export const migrationName = 'delivery_slot';

/** What the tests of a file share. */
export interface ReleasesInstallation {
  world: ReleasesWorld;
  /** Holds all tenants but `echo`, which has a database of its own. */
  pool: TestDatabase;
  dedicated: TestDatabase;
  /** Stopped after each test. */
  running: ReleasesReconciler | undefined;
}

/**
 * Five tenants in three rings on two databases, three flags and a folder of migrations, once for the file; what a test
 * left is cleared after it. Sets the file's hooks.
 */
export function useReleases() {
  let folder: string;
  let scratch: TestDatabase;
  let template: TestDatabase;
  const here = {} as ReleasesInstallation;
  let notifications: Notifications;
  const ids: Record<string, string> = {};

  /** Stopped after each test, also a failed one: its figures would flow into the next. */
  const flowing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'releases-'));
    await writeFile(join(folder, `${migrationName}.sql`), witnessedMigration(migrationName));
    await writeFile(join(folder, 'broken.sql'), 'select 1/0;\n-- down\nselect 1;\n');
    await writeFile(join(folder, 'sticky.sql'), 'create table sticky (id int);\n-- down\nselect 1;\n');
    await writeFile(join(folder, 'one_way.sql'), 'create table one_way (id int);\n');
    await writeFile(
      join(folder, 'contracts.sql'),
      'alter table witness drop column saw;\n-- down\nselect 1;\n',
    );
    [scratch, here.pool, here.dedicated, template] = await Promise.all([
      createTestDatabase('control-plane'),
      createTestDatabase('empty'),
      createTestDatabase('empty'),
      createTestDatabase('empty'),
    ]);
    for (const database of [here.pool, here.dedicated, template]) await prepareTenantDatabase(database.url);
    here.world = await openWorld(scratch.url, folder, template.name);
    notifications = new Notifications(scratch.url, createLogger('test', 'silent'));
    await notifications.start();
    const pooled = await insertDatabase(here.world, here.pool.name);
    const own = await insertDatabase(here.world, here.dedicated.name);
    const rings = { aldi: 'canary', bolt: 'canary', core: 'early', dyna: 'early', echo: 'late' };
    for (const [slug, ring] of Object.entries(rings)) {
      const databaseId = slug === 'echo' ? own : pooled;
      ids[slug] = await insertTenant(here.world, { slug, labels: { ring }, databaseId });
    }
    await here.world.commands.asSystem('test', async (command) => {
      const variants = [{ name: 'wwi-best-price' }, { name: 'waterfall-v2' }];
      await here.world.flags.createFlag(command, {
        key: 'pricing.engine',
        kind: 'VARIANT',
        riskClass: 'FINANCIAL',
        variants,
      });
      await here.world.flags.createFlag(command, { key: 'pricing.percent-deals', kind: 'BOOLEAN' });
      await here.world.flags.createFlag(command, { key: 'allocation.notice', kind: 'BOOLEAN' });
    });
  });

  afterEach(async () => {
    await Promise.all(flowing.splice(0).map((stop) => stop()));
    await here.running?.stop();
    here.running = undefined;
    await here.world.database.query(
      `update release set status = 'ABORTED' where status not in ('SUCCEEDED', 'ROLLED_BACK', 'FAILED', 'ABORTED')`,
    );
    await here.world.database.query(
      `update release_tenant set status = 'ROLLED_BACK' where status in ('EXPOSED', 'APPLYING')`,
    );
    await here.world.database.query('delete from release_kpi');
    await here.world.database.transaction(async (tx) => {
      await tx.query(`select set_config('tierdeck.approval', 'deployment', true)`);
      await tx.query('delete from flag_rule');
    });
    for (const database of [here.pool, here.dedicated]) {
      await withTestClient(database.name, async (client) => {
        await client.query(`drop table if exists ${migrationName}`);
        await client.query('truncate schema_migration cascade');
        await client.query('truncate witness');
      });
    }
  });

  afterAll(async () => {
    await notifications.close();
    await here.world.database.close();
    await Promise.all([scratch, here.pool, here.dedicated, template].map((database) => database.drop()));
    await rm(folder, { recursive: true });
  });

  const margin = (minSamples = 50): WaveInput['gates'] => [{ kpi: 'margin', threshold: 0.01, minSamples }];
  const threeWaves = (gates: WaveInput['gates'] = margin()): WaveInput[] =>
    ['canary', 'early', 'late'].map((ring) => ({
      name: ring,
      selector: { labels: { ring } },
      concurrency: 2,
      soakSeconds: 0,
      gates,
    }));

  const as = <T>(actor: typeof author, work: (command: Command) => Promise<T>): Promise<T> =>
    here.world.commands.run(actor, { input: null }, work);

  async function create(input: Partial<CreateReleaseInput> = {}): Promise<string> {
    const flagChanges = [{ flag: 'allocation.notice', enabled: true }];
    const release = { name: 'Notice', artifactDigest, flagChanges, waves: threeWaves(), ...input };
    return as(author, (command) => here.world.releases.create(command, release));
  }

  async function reconcile(options: ReleasesReconcilerOptions = {}): Promise<void> {
    here.running = await here.world.reconcile(notifications, options);
  }

  async function started(input: Partial<CreateReleaseInput> = {}): Promise<string> {
    const id = await create(input);
    await as(author, (command) => here.world.releases.promote(command, id));
    await until(id, ({ status }) => status === 'READY');
    await as(author, (command) => here.world.releases.start(command, id));
    return id;
  }

  type State = Awaited<ReturnType<typeof stateOf>>;
  async function stateOf(id: string) {
    const release = await here.world.readModel.find(id);
    if (!release) throw new Error('no such release');
    const [waves = []] = await here.world.readModel.waves([id]);
    const keys = waves.map(({ position }) => ({ releaseId: id, position }));
    const [tenants, gates] = await Promise.all([
      here.world.readModel.tenants(keys),
      here.world.readModel.gates(keys),
    ]);
    const slugOf = new Map(Object.entries(ids).map(([slug, tenantId]) => [tenantId, slug]));
    const exposed = tenants
      .flat()
      .filter(({ status }) => status === 'EXPOSED')
      .map(({ tenantId }) => slugOf.get(tenantId));
    return { ...release, waves, tenants, gates, exposed };
  }

  async function until(id: string, reached: (state: State) => boolean): Promise<State> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const state = await stateOf(id);
      if (reached(state)) return state;
      if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(state, null, 1)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const settled = (id: string): Promise<State> =>
    until(id, ({ status }) => ['SUCCEEDED', 'FAILED', 'ABORTED', 'ROLLED_BACK'].includes(status));

  /** Figures flow from every tenant for as long as a test runs; `bad` of 20 lines are below cost. */
  function traffic(bad: (slug: string) => Promise<number> | number): () => Promise<void> {
    const stopping = new AbortController();
    const loop = (async () => {
      while (!stopping.signal.aborted) {
        for (const [slug, tenantId] of Object.entries(ids))
          await reportLines(here.world, tenantId, 20, await bad(slug));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const stop = async (): Promise<void> => {
      stopping.abort();
      await loop;
    };
    flowing.push(stop);
    return stop;
  }

  const rules = async (): Promise<unknown[]> =>
    here.world.database.query(
      `select flag_key, environment, scope_kind, scope_key, enabled, variant, reason from flag_rule
       where environment = 'production' order by 1, 2, 3, 4`,
    );

  const witness = (database: TestDatabase): Promise<string[]> =>
    withTestClient(database.name, async (client) => {
      const { rows } = await client.query<{ saw: string }>('select saw from witness order by id');
      return rows.map(({ saw }) => saw);
    });

  return {
    here,
    ids,
    threeWaves,
    as,
    create,
    reconcile,
    started,
    stateOf,
    until,
    settled,
    traffic,
    rules,
    witness,
  };
}
