import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { Database, SecretBox } from '#platform';
import { FleetService } from '#tenancy';
import { DatabaseProvisioner } from '../../libs/tenancy/src/databases/database-provisioner.js';
import { createTestDatabase, testPostgresUrl, withTestClient } from '../support/database.js';
import { TestTenancy } from '../support/tenancy.js';
import { ControlPlaneProcess } from './control-plane-process.js';
import { cloneDatabases, dropDatabases, registerDatabases, settleTenants } from './fleet-databases.js';
import type { Measurement } from './report.js';

const databases = Number(process.env['TIERDECK_BENCH_FLEET'] ?? 500);
const fasterThanPeer = 3;
const idleShare = 0.05;
/** How long the control plane is left alone before it is watched, and how long it is. */
const idleMs = { before: 10_000, watched: 30_000 };
/** Kernel ticks in a second, in which /proc tells CPU time: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

const migrationOf = (column: string): string =>
  `alter table item add column ${column} text;
   create index item_${column} on item (tenant_id, ${column}) where ${column} is not null;`;

class ByTypeorm1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(migrationOf('by_typeorm'));
  }

  async down(): Promise<void> {
    throw new Error('The bench never goes back.');
  }
}

/**
 * Dedicated databases migrated by the fleet operation, as the product does it, and by TypeORM's runner, one after the
 * other. Each has the first go at one half of them, so that neither finds all caches warm. Then the built control plane
 * with a tenant in each, idle.
 */
export async function benchFleet(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tierdeck-fleet-'));
  const scratch = await createTestDatabase('control-plane');
  const configuration = { tenantMigrationsDir: folder };
  let names: string[] = [];
  let tenancy: TestTenancy | undefined;
  try {
    await cp('migrations/tenant', folder, { recursive: true });
    tenancy = await TestTenancy.start(scratch.url, { configuration });
    names = await cloneDatabases(tenancy.app.get(DatabaseProvisioner).names.template, databases);
    await tenancy.stop();
    await writeFile(join(folder, '0901_fleet.sql'), migrationOf('by_fleet'));
    tenancy = await TestTenancy.start(scratch.url, { configuration });
    const halves = [names.slice(0, names.length / 2), names.slice(names.length / 2)] as const;
    const ours = [await byFleet(tenancy, halves[0])];
    const peer = [await byTypeorm(halves[1]), await byTypeorm(halves[0])];
    ours.push(await byFleet(tenancy, halves[1]));
    await proveMigrated(names);
    return [comparison(sum(ours), sum(peer)), await idleControlPlane(names)];
  } finally {
    await tenancy?.stop();
    await dropDatabases(names);
    await scratch.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns milliseconds from the command until the operation has ended. */
async function byFleet(tenancy: TestTenancy, names: readonly string[]): Promise<number> {
  await registerDatabases(tenancy.database, names, tenancy.foundation.secretBox.seal('never used'));
  const began = performance.now();
  const operation = await tenancy.foundation.commands.asSystem('bench', (command) =>
    tenancy.app.get(FleetService).migrate(command),
  );
  const status = await tenancy.operations.settled(operation ?? '', 600_000);
  if (status !== 'SUCCEEDED') throw new Error(`the fleet migration ended ${status}`);
  return performance.now() - began;
}

async function byTypeorm(names: readonly string[]): Promise<number> {
  const began = performance.now();
  for (const name of names) {
    const source = new DataSource({
      type: 'postgres',
      url: testPostgresUrl(name),
      migrations: [ByTypeorm1700000000000],
      poolSize: 1,
    });
    await source.initialize();
    await source.runMigrations();
    await source.destroy();
  }
  return performance.now() - began;
}

/** A figure for work that was not done would be worth nothing. */
async function proveMigrated(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const columns = await withTestClient(name, async (client) => {
      const { rowCount } = await client.query(
        `select from information_schema.columns where table_name = 'item' and column_name in ('by_fleet', 'by_typeorm')`,
      );
      return rowCount;
    });
    if (columns !== 2) throw new Error(`${name} has ${columns} of the 2 columns`);
  }
}

async function idleControlPlane(names: readonly string[]): Promise<Measurement> {
  const scratch = await createTestDatabase('control-plane');
  const masterKey = '7'.repeat(64);
  const start = (): Promise<ControlPlaneProcess> =>
    ControlPlaneProcess.start(scratch.url, { TIERDECK_MASTER_KEY: masterKey });
  // The first start makes the pooled database; the second finds the tenants as after any restart.
  await (await start()).stop();
  const database = await Database.connect(scratch.url, [], 1);
  try {
    await registerDatabases(database, names, new SecretBox(masterKey).seal('never used'));
    await settleTenants(database);
  } finally {
    await database.close();
  }
  const controlPlane = await start();
  try {
    await sleep(idleMs.before);
    const before = await cpuSeconds(controlPlane.pid);
    await sleep(idleMs.watched);
    const share = (await cpuSeconds(controlPlane.pid)) - before;
    return idleMeasurement(names.length, (share * 1_000) / idleMs.watched);
  } finally {
    await controlPlane.stop();
    await scratch.drop();
  }
}

/** CPU time that a process has used so far, in user and kernel mode; Linux only. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, which may hold spaces, ends with the last bracket; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function comparison(oursMs: number, peerMs: number): Measurement {
  const ratio = peerMs / oursMs;
  return {
    name: `migrating ${databases} dedicated databases`,
    ours: `${(oursMs / 1_000).toFixed(1)} s`,
    reference: `TypeORM one by one ${(peerMs / 1_000).toFixed(1)} s`,
    ratio,
    goal: `≥ ${fasterThanPeer}`,
    reached: ratio >= fasterThanPeer,
  };
}

function idleMeasurement(tenants: number, share: number): Measurement {
  return {
    name: `idle control plane with ${tenants} dedicated tenants`,
    ours: `${(share * 100).toFixed(1)} % of a core over ${idleMs.watched / 1_000} s`,
    reference: `${idleShare * 100} %`,
    ratio: share / idleShare,
    goal: '≤ 1',
    reached: share <= idleShare,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
