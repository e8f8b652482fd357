import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../test/support/database.js';
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

const names = ['first_step', 'second_step'];
/** Good or bad, one after the other. */
const releases = ['good', 'bad'];
const killsPerRelease = 6;
const tenantCount = 15;
const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 1_000_000);

/** Linear congruential generator: the moments of the kills can be repeated. */
function random(start: number): () => number {
  let state = start;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** Kills the process that reconciles at random moments while a release goes through its waves. */
describe(`a release whose reconciler is killed again and again (TIERDECK_TEST_SEED=${seed})`, () => {
  let folder: string;
  let scratch: TestDatabase;
  let template: TestDatabase;
  let databases: TestDatabase[];
  let world: ReleasesWorld;
  const tenantIds: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'releases-'));
    for (const name of names) await writeFile(join(folder, `${name}.sql`), witnessedMigration(name));
    scratch = await createTestDatabase('control-plane');
    databases = await Promise.all([1, 2, 3, 4, 5].map(() => createTestDatabase('empty')));
    template = await createTestDatabase('empty');
    for (const database of [...databases, template]) await prepareTenantDatabase(database.url);
    world = await openWorld(scratch.url, folder, template.name);
    const databaseIds = [];
    for (const database of databases) databaseIds.push(await insertDatabase(world, database.name));
    for (let i = 0; i < tenantCount; i++) {
      const labels = { ring: ['canary', 'early', 'late'][i % 3] ?? '' };
      const databaseId = databaseIds[Math.max(0, i - 10)] ?? '';
      tenantIds.push(await insertTenant(world, { slug: `t${i}`, labels, databaseId }));
    }
    await world.commands.asSystem('test', async (command) => {
      for (const key of ['a', 'b']) await world.flags.createFlag(command, { key, kind: 'BOOLEAN' });
      const scope = { kind: 'TENANT' as const, key: 't4' };
      await world.flags.setRule(command, { flag: 'a', environment: 'production', scope, enabled: false });
    });
  });

  afterAll(async () => {
    await world.database.close();
    await Promise.all([scratch, template, ...databases].map((database) => database.drop()));
    await rm(folder, { recursive: true });
  });

  async function startRelease(): Promise<string> {
    const id = await world.commands.run(author, { input: null }, (command) =>
      world.releases.create(command, {
        name: 'Killed',
        artifactDigest: `sha256:${'b'.repeat(64)}`,
        flagChanges: ['a', 'b'].map((flag) => ({ flag, enabled: true })),
        migrations: names,
        waves: ['canary', 'early', 'late'].map((ring) => ({
          name: ring,
          selector: { labels: { ring } },
          concurrency: 1,
          soakSeconds: 0,
          gates: [{ kpi: 'margin', threshold: 0.01, minSamples: 20 }],
        })),
      }),
    );
    // Staging is not what is shown here.
    await world.database.query(`update release set status = 'READY' where id = $1`, [id]);
    await world.commands.run(author, { input: null }, (command) => world.releases.start(command, id));
    return id;
  }

  async function spawnReconciler(): Promise<ChildProcess> {
    const child = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        './test/support/swc-loader.mjs',
        'libs/releases/src/releases.process.fixture.ts',
        scratch.url,
        folder,
        template.name,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child;
  }

  async function statusOf(id: string): Promise<string> {
    return String((await world.readModel.find(id))?.status);
  }

  const rules = (): Promise<unknown[]> =>
    world.database.query(
      `select flag_key, scope_key, enabled, variant from flag_rule where environment = 'production' order by 1, 2`,
    );

  const ended = async (id: string): Promise<boolean> =>
    ['SUCCEEDED', 'ROLLED_BACK', 'FAILED'].includes(await statusOf(id));

  /**
   * Brings a release to its end through kills: each process but the last lives for a random time.
   * @returns how many were killed before the end.
   */
  async function bring(id: string, next: () => number, traffic: () => Promise<void>): Promise<number> {
    for (let kills = 0; ; kills++) {
      const child = await spawnReconciler();
      // Up to one lease passes before the new process takes the release over.
      const killAt = kills < killsPerRelease ? Date.now() + next() * 300 : Infinity;
      while (Date.now() < killAt && !(await ended(id))) {
        await traffic();
        await sleep(10);
      }
      child.kill('SIGKILL');
      await once(child, 'exit');
      if (await ended(id)) return kills;
    }
  }

  async function expectEachMigrationOnce(rolledBack: boolean): Promise<void> {
    for (const database of databases) {
      const saw = await withTestClient(database.name, async (client) => {
        const { rows } = await client.query<{ saw: string }>('select saw from witness order by id');
        return rows.map((row) => row.saw);
      });
      const up = names.map((name) => `${name} up`);
      const down = names.toReversed().map((name) => `${name} down`);
      // A database of a later wave may not have been reached by a release that failed.
      if (rolledBack)
        expect([[], [`${names[0]} up`, `${names[0]} down`], [...up, ...down]]).toContainEqual(saw);
      else expect(saw).toEqual(up);
    }
  }

  async function expectWavesInOrder(id: string): Promise<void> {
    const [waves = []] = await world.readModel.waves([id]);
    const events = await world.database.query<{ action: string; wave: string }>(
      `select action, after->>'wave' as wave from audit_event
       where correlation = $1 and action in ('release.wave-started', 'release.wave-passed') order by revision`,
      [`release/${id}`],
    );
    const expected = waves
      .filter(({ startedAt }) => startedAt)
      .flatMap(({ position }) => [
        `release.wave-started wave ${position}`,
        `release.wave-passed wave ${position}`,
      ]);
    const seen = events.map(({ action, wave }) => `${action} ${wave}`);
    expect(expected.slice(0, seen.length)).toEqual(seen);
  }

  it('ends by itself, in order, with each migration and each switch done once', async () => {
    const next = random(seed);
    const before = await rules();
    let kills = 0;
    for (const kind of releases) {
      const bad = kind === 'bad';
      const id = await startRelease();
      kills += await bring(id, next, async () => {
        const exposed = await world.database.query<{ tenant_id: string; wave: number }>(
          `select tenant_id, wave from release_tenant where release_id = $1 and status = 'EXPOSED'`,
          [id],
        );
        for (const { tenant_id, wave } of exposed)
          await reportLines(world, tenant_id, 5, bad && wave === 2 ? 4 : 0);
      });
      expect(await statusOf(id)).toBe(bad ? 'ROLLED_BACK' : 'SUCCEEDED');
      await expectWavesInOrder(id);
      await expectEachMigrationOnce(bad);
      const [{ exposures } = { exposures: 0 }] = await world.database.query<{ exposures: number }>(
        `select count(*)::int as exposures from audit_event
           where correlation = $1 and action = 'release.tenant-exposed'`,
        [`release/${id}`],
      );
      expect(exposures).toBeLessThanOrEqual(bad ? 10 : tenantCount);
      if (!bad) {
        expect(exposures).toBe(tenantCount);
        expect(await rules()).toHaveLength(2 * tenantCount);
        await world.commands.run(author, { input: null }, (command) =>
          world.releases.rollBack(command, id, null),
        );
        kills += await bring(id, next, async () => undefined);
        await expectEachMigrationOnce(true);
      }
      expect(await rules()).toEqual(before);
      await world.database.query('delete from release_kpi');
      for (const database of databases)
        await withTestClient(database.name, (client) => client.query('truncate witness'));
    }
    process.stderr.write(
      `seed ${seed}: ${releases.length} releases brought to their end through ${kills} kills\n`,
    );
    expect(kills).toBeGreaterThanOrEqual(8);
  }, 600_000);
});
