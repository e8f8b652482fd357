import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
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
  reviewer,
  witnessedMigration,
  type ReleasesWorld,
} from './releases.fixture.js';
import type { CreateReleaseInput } from './releases.service.js';
import { ledgerLock } from './tenant-migrator.js';

const artifactDigest = `sha256:${'a'.repeat(64)}`;
const migrationName = 'delivery_slot';

describe('releases', () => {
  let folder: string;
  let scratch: TestDatabase;
  let pool: TestDatabase;
  let dedicated: TestDatabase;
  let template: TestDatabase;
  let world: ReleasesWorld;
  let notifications: Notifications;
  const ids: Record<string, string> = {};
  let running: ReleasesReconciler | undefined;
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
    [scratch, pool, dedicated, template] = await Promise.all([
      createTestDatabase('control-plane'),
      createTestDatabase('empty'),
      createTestDatabase('empty'),
      createTestDatabase('empty'),
    ]);
    for (const database of [pool, dedicated, template]) await prepareTenantDatabase(database.url);
    world = await openWorld(scratch.url, folder, template.name);
    notifications = new Notifications(scratch.url, createLogger('test', 'silent'));
    await notifications.start();
    const pooled = await insertDatabase(world, pool.name);
    const own = await insertDatabase(world, dedicated.name);
    const rings = { aldi: 'canary', bolt: 'canary', core: 'early', dyna: 'early', echo: 'late' };
    for (const [slug, ring] of Object.entries(rings)) {
      const databaseId = slug === 'echo' ? own : pooled;
      ids[slug] = await insertTenant(world, { slug, labels: { ring }, databaseId });
    }
    await world.commands.asSystem('test', async (command) => {
      const variants = [{ name: 'wwi-best-price' }, { name: 'waterfall-v2' }];
      await world.flags.createFlag(command, {
        key: 'pricing.engine',
        kind: 'VARIANT',
        riskClass: 'FINANCIAL',
        variants,
      });
      await world.flags.createFlag(command, { key: 'pricing.percent-deals', kind: 'BOOLEAN' });
      await world.flags.createFlag(command, { key: 'allocation.notice', kind: 'BOOLEAN' });
    });
  });

  afterEach(async () => {
    await Promise.all(flowing.splice(0).map((stop) => stop()));
    await running?.stop();
    running = undefined;
    await world.database.query(
      `update release set status = 'ABORTED' where status not in ('SUCCEEDED', 'ROLLED_BACK', 'FAILED', 'ABORTED')`,
    );
    await world.database.query(
      `update release_tenant set status = 'ROLLED_BACK' where status in ('EXPOSED', 'APPLYING')`,
    );
    await world.database.query('delete from release_kpi');
    await world.database.query('delete from flag_rule');
    for (const database of [pool, dedicated]) {
      await withTestClient(database.name, async (client) => {
        await client.query(`drop table if exists ${migrationName}`);
        await client.query('truncate schema_migration cascade');
        await client.query('truncate witness');
      });
    }
  });

  afterAll(async () => {
    await notifications.close();
    await world.database.close();
    await Promise.all([scratch, pool, dedicated, template].map((database) => database.drop()));
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
    world.commands.run(actor, { input: null }, work);

  async function create(input: Partial<CreateReleaseInput> = {}): Promise<string> {
    const flagChanges = [{ flag: 'allocation.notice', enabled: true }];
    const release = { name: 'Notice', artifactDigest, flagChanges, waves: threeWaves(), ...input };
    return as(author, (command) => world.releases.create(command, release));
  }

  async function reconcile(options: ReleasesReconcilerOptions = {}): Promise<void> {
    running = await world.reconcile(notifications, options);
  }

  async function started(input: Partial<CreateReleaseInput> = {}): Promise<string> {
    const id = await create(input);
    await as(author, (command) => world.releases.promote(command, id));
    await until(id, ({ status }) => status === 'READY');
    await as(author, (command) => world.releases.start(command, id));
    return id;
  }

  type State = Awaited<ReturnType<typeof stateOf>>;
  async function stateOf(id: string) {
    const release = await world.readModel.find(id);
    if (!release) throw new Error('no such release');
    const [waves = []] = await world.readModel.waves([id]);
    const keys = waves.map(({ position }) => ({ releaseId: id, position }));
    const [tenants, gates] = await Promise.all([world.readModel.tenants(keys), world.readModel.gates(keys)]);
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
          await reportLines(world, tenantId, 20, await bad(slug));
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
    world.database.query(
      `select flag_key, environment, scope_kind, scope_key, enabled, variant, reason from flag_rule
       where environment = 'production' order by 1, 2, 3, 4`,
    );

  const witness = (database: TestDatabase): Promise<string[]> =>
    withTestClient(database.name, async (client) => {
      const { rows } = await client.query<{ saw: string }>('select saw from witness order by id');
      return rows.map(({ saw }) => saw);
    });

  it('goes through three waves, each begun only after the one before it passed', async () => {
    await reconcile();
    const id = await started({ migrations: [migrationName] });
    const stop = traffic(() => 0);
    const state = await settled(id);
    await stop();
    expect(state.status).toBe('SUCCEEDED');
    expect(state.exposed).toEqual(['aldi', 'bolt', 'core', 'dyna', 'echo']);
    for (const [index, wave] of state.waves.entries()) {
      expect(wave.status).toBe('PASSED');
      const before = state.waves[index - 1]?.finishedAt;
      if (before) expect(wave.startedAt?.getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(state.gates[index]?.[0]?.samples).toBeGreaterThanOrEqual(50);
    }
    expect(await witness(pool)).toEqual([`${migrationName} up`]);
    expect(await witness(dedicated)).toEqual([`${migrationName} up`]);
    expect(await rules()).toHaveLength(5);
    const events = await world.database.query<{ action: string }>(
      `select action from audit_event where correlation = $1 order by revision`,
      [`release/${id}`],
    );
    const counted = (action: string): number => events.filter((event) => event.action === action).length;
    expect(counted('release.tenant-exposed')).toBe(5);
    expect(counted('flag.rule-set')).toBe(6);
    expect(counted('release.wave-passed')).toBe(3);
  });

  it('is stopped by the margin gate in wave 1 and restores exactly the rules that were there', async () => {
    await world.commands.asSystem('test', async (command) => {
      const rule = {
        flag: 'pricing.percent-deals',
        environment: 'production',
        enabled: false,
        reason: 'asked for',
      };
      await world.flags.setRule(command, { ...rule, scope: { kind: 'TENANT', key: 'aldi' } });
    });
    const before = await rules();
    await reconcile();
    const id = await started({
      name: 'Percent deals',
      flagChanges: [{ flag: 'pricing.percent-deals', enabled: true }],
      migrations: [migrationName],
      waves: threeWaves().map((wave) => ({ ...wave, soakSeconds: 60 })),
    });
    const seen = new Set<string>();
    const stop = traffic(async (slug) => {
      const { exposed } = await stateOf(id);
      for (const name of exposed) seen.add(String(name));
      return exposed.includes(slug) ? 10 : 0;
    });
    const state = await settled(id);
    await stop();
    expect(state.status).toBe('ROLLED_BACK');
    expect(state.statusReason).toMatch(/Gate margin failed in wave "canary"/);
    expect(state.waves.map(({ status }) => status)).toEqual(['FAILED', 'SKIPPED', 'SKIPPED']);
    expect(state.gates[0]?.[0]?.verdict).toBe('FAIL');
    expect(state.tenants.map((tenants) => tenants.map(({ status }) => status))).toEqual([
      ['ROLLED_BACK', 'ROLLED_BACK'],
      ['PENDING', 'PENDING'],
      ['PENDING'],
    ]);
    expect([...seen].sort()).toEqual(['aldi', 'bolt']);
    expect(await rules()).toEqual(before);
    expect(await witness(pool)).toEqual([`${migrationName} up`, `${migrationName} down`]);
    expect(await witness(dedicated)).toEqual([]);
  });

  it('holds without figures and says what is missing, and passes when they come', async () => {
    await reconcile();
    const id = await started();
    const held = await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    expect(held.waves[0]?.reason).toMatch(/margin: 0 of 50 samples: too few to pass/);
    expect(held.waves[1]?.status).toBe('PENDING');
    expect(held.exposed).toEqual(['aldi', 'bolt']);
    // Figures of tenants that are not in the wave say nothing about it.
    await reportLines(world, String(ids['core']), 500, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await stateOf(id)).waves[0]?.status).toBe('HELD');
    const stop = traffic(() => 0);
    expect((await settled(id)).status).toBe('SUCCEEDED');
    await stop();
  });

  it('starts nobody while it is paused, goes on when resumed, and keeps the exposed when aborted', async () => {
    await reconcile();
    const id = await started();
    await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    await as(author, (command) => world.releases.pause(command, id, 'lunch'));
    const stop = traffic(() => 0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const paused = await stateOf(id);
    expect(paused).toMatchObject({ status: 'PAUSED', statusReason: 'lunch', exposed: ['aldi', 'bolt'] });
    expect(paused.waves[1]?.status).toBe('PENDING');
    await stop();
    await world.database.query('delete from release_kpi');
    await as(author, (command) => world.releases.resume(command, id));
    const resumed = traffic(() => 0);
    await until(id, ({ waves }) => waves[1]?.status !== 'PENDING');
    await resumed();
    await as(author, (command) => world.releases.abort(command, id, null));
    const aborted = await stateOf(id);
    expect(aborted.status).toBe('ABORTED');
    expect(aborted.exposed).toEqual(expect.arrayContaining(['aldi', 'bolt']));
    expect((await rules()).length).toBe(aborted.exposed.length);
    await as(author, (command) => world.releases.rollBack(command, id, 'after all'));
    const end = await settled(id);
    expect(end).toMatchObject({ status: 'ROLLED_BACK', exposed: [] });
    expect(await rules()).toEqual([]);
  });

  it('does nothing more once another process has taken the release over', async () => {
    await reconcile();
    const id = await create({ migrations: [migrationName] });
    await as(author, (command) => world.releases.promote(command, id));
    await until(id, ({ status }) => status === 'READY');
    await withTestClient(pool.name, async (client) => {
      // The migration waits for this lock while the lease changes hands.
      await client.query('select pg_advisory_lock($1)', [ledgerLock]);
      await as(author, (command) => world.releases.start(command, id));
      await until(id, ({ tenants }) => tenants[0]?.[0]?.status === 'APPLYING');
      await world.database.query(
        `update release set fence = fence + 1, lease_holder = 'another',
           lease_until = clock_timestamp() + interval '1 hour' where id = $1`,
        [id],
      );
    });
    await running?.stop();
    expect(await witness(pool)).toEqual([]);
    expect((await stateOf(id)).exposed).toEqual([]);
  });

  it('guards a paused release too', async () => {
    await reconcile();
    const id = await started({ waves: threeWaves().map((wave) => ({ ...wave, soakSeconds: 60 })) });
    await until(id, ({ waves }) => waves[0]?.status === 'SOAKING');
    await as(author, (command) => world.releases.pause(command, id, null));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await reportLines(world, String(ids['aldi']), 100, 60);
    expect((await settled(id)).status).toBe('ROLLED_BACK');
  });

  it('leaves a rule alone that somebody changed after the release set it', async () => {
    await reconcile();
    const id = await started();
    await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    await world.commands.asSystem('test', async (command) => {
      const rule = {
        flag: 'allocation.notice',
        environment: 'production',
        enabled: false,
        reason: 'by hand',
      };
      await world.flags.setRule(command, { ...rule, scope: { kind: 'TENANT', key: 'bolt' } });
    });
    await as(author, (command) => world.releases.rollBack(command, id, null));
    const state = await settled(id);
    expect(await rules()).toMatchObject([{ scope_key: 'bolt', enabled: false, reason: 'by hand' }]);
    expect(state.tenants[0]?.[1]?.error).toMatch(/allocation.notice/);
  });

  it('needs an approval by somebody else for a financial flag, and the database insists', async () => {
    const flagChanges = [{ flag: 'pricing.engine', enabled: true, variant: 'waterfall-v2' }];
    const id = await create({ flagChanges });
    await as(author, (command) => world.releases.promote(command, id));
    const start = (): Promise<void> => as(author, (command) => world.releases.start(command, id));
    await expect(start()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' });
    await expect(as(author, (command) => world.releases.approve(command, id, null))).rejects.toMatchObject({
      code: 'AUTHOR_CANNOT_APPROVE',
    });
    const sql = (text: string, values: unknown[]): Promise<unknown> => world.database.query(text, values);
    await expect(sql(`update release set status = 'RUNNING' where id = $1`, [id])).rejects.toThrow(
      /approval/,
    );
    const [row] = await world.database.query<{ digest: string }>('select digest from release where id = $1', [
      id,
    ]);
    const forged = `insert into release_approval (release_id, digest, author_id, by_id, by_name) values ($1, $2, $3, $4, 'x')`;
    await expect(sql(forged, [id, row?.digest, author.id, author.id])).rejects.toThrow(/not_by_the_author/);
    await expect(sql(forged, [id, 'other content', author.id, 'x'])).rejects.toThrow(/covers_the_content/);
    await expect(sql(`update release set content = '{}' where id = $1`, [id])).rejects.toThrow(
      /never changes/,
    );
    await as(reviewer, (command) => world.releases.approve(command, id, 'looks right'));
    await start();
    expect((await stateOf(id)).status).toBe('RUNNING');
  });

  it('lets the database refuse a wave out of order, and a tenant whose wave does not run', async () => {
    const id = await create();
    await as(author, (command) => world.releases.promote(command, id));
    await as(author, (command) => world.releases.start(command, id));
    const wave = (position: number, status: string): Promise<unknown> =>
      world.database.query('update release_wave set status = $3 where release_id = $1 and position = $2', [
        id,
        position,
        status,
      ]);
    await expect(wave(2, 'RUNNING')).rejects.toThrow(/only after the one before it passed/);
    await expect(wave(1, 'PASSED')).rejects.toThrow(/begins with RUNNING/);
    await wave(1, 'RUNNING');
    await wave(1, 'SOAKING');
    await expect(wave(1, 'PASSED')).rejects.toThrow(/passes only after its soak/);
    await expect(
      world.database.query(
        `update release_tenant set status = 'APPLYING' where release_id = $1 and wave = 2`,
        [id],
      ),
    ).rejects.toThrow(/only while its wave/);
  });

  it('rehearses migrations and goes back to DRAFT with the reason when one fails or does not revert', async () => {
    await reconcile();
    for (const [name, reason] of [
      ['broken', /division by zero/],
      ['sticky', /differs after up and down/],
    ] as const) {
      const id = await create({ migrations: [name] });
      await as(author, (command) => world.releases.promote(command, id));
      const state = await until(id, ({ status }) => status === 'DRAFT');
      expect(state.statusReason).toMatch(reason);
    }
    const left = await withTestClient('postgres', (client) =>
      client.query(`select datname from pg_database where datname like 'tierdeck_rehearsal_%'`),
    );
    expect(left.rows).toEqual([]);
  });

  it('fails a tenant that cannot be migrated and rolls the others back', async () => {
    await reconcile({ maxAttempts: 2 });
    const waves = [{ name: 'all', selector: { rest: true }, concurrency: 5 }];
    const id = await create({ migrations: [migrationName], waves });
    await as(author, (command) => world.releases.promote(command, id));
    await until(id, ({ status }) => status === 'READY');
    // Somebody made a table of that name in echo's own database.
    await withTestClient(dedicated.name, (client) => client.query(`create table ${migrationName} (x int)`));
    await as(author, (command) => world.releases.start(command, id));
    const state = await settled(id);
    expect(state).toMatchObject({ status: 'ROLLED_BACK', exposed: [] });
    expect(state.statusReason).toMatch(/1 tenant\(s\) of wave "all" could not be applied/);
    expect(await witness(pool)).toEqual([`${migrationName} up`, `${migrationName} down`]);
    expect(state.tenants[0]?.find(({ status }) => status === 'FAILED')?.error).toMatch(/already exists/);
    expect(await rules()).toEqual([]);
  });

  it('refuses what cannot work, with a typed error', async () => {
    const flagChanges = [{ flag: 'allocation.notice', enabled: true }];
    const wave = { name: 'all', selector: { rest: true } };
    const cases: [Partial<CreateReleaseInput>, object][] = [
      [{ artifactDigest: 'latest' }, { code: 'INVALID_INPUT', field: 'artifactDigest' }],
      [{ flagChanges: [{ flag: 'nope', enabled: true }] }, { code: 'FLAG_NOT_FOUND' }],
      [{ flagChanges: [{ flag: 'pricing.engine', enabled: true, variant: 'x' }] }, { code: 'INVALID_INPUT' }],
      [{ flagChanges: [] }, { code: 'INVALID_INPUT', field: 'flagChanges' }],
      [{ migrations: ['nope'] }, { code: 'MIGRATION_NOT_FOUND' }],
      [{ migrations: ['one_way'] }, { code: 'INVALID_INPUT', field: 'migrations' }],
      [{ migrations: ['contracts'] }, { code: 'INVALID_INPUT', field: 'migrations' }],
      [{ waves: [] }, { code: 'INVALID_INPUT', field: 'waves' }],
      [{ waves: [wave, { ...wave, name: 'b' }] }, { field: 'waves.0.selector.rest' }],
      [{ waves: [{ ...wave, concurrency: 0 }] }, { field: 'waves.0.concurrency' }],
      [{ waves: [{ ...wave, gates: [{ kpi: 'luck', threshold: 0.1 }] }] }, { field: 'waves.0.gates.0.kpi' }],
      [
        { waves: [{ ...wave, gates: [{ kpi: 'margin', threshold: 0 }] }] },
        { field: 'waves.0.gates.0.threshold' },
      ],
    ];
    for (const [input, error] of cases)
      await expect(create({ flagChanges, ...input })).rejects.toMatchObject(error);
    const nobody = await create({ waves: [{ name: 'none', selector: {} }] });
    await expect(as(author, (command) => world.releases.start(command, nobody))).rejects.toMatchObject({
      code: 'RELEASE_STATUS',
    });
    await as(author, (command) => world.releases.promote(command, nobody));
    await expect(as(author, (command) => world.releases.start(command, nobody))).rejects.toMatchObject({
      code: 'RELEASE_SELECTS_NOBODY',
    });
    await expect(as(author, (command) => world.releases.pause(command, 'x', null))).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
    });
  });

  it('lets no two releases change the same flag at once', async () => {
    const first = await create();
    const second = await create({ name: 'Second' });
    for (const id of [first, second]) await as(author, (command) => world.releases.promote(command, id));
    const start = (id: string): Promise<void> => as(author, (command) => world.releases.start(command, id));
    await start(first);
    await expect(start(second)).rejects.toMatchObject({ code: 'RELEASE_OVERLAP' });
  });
});
