import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { createTestDatabase, testPostgresUrl, withTestClient } from '../support/database.js';
import { ControlPlaneProcess } from './control-plane-process.js';
import { benchFeatures } from './features.js';
import { benchNoisyNeighbor } from './noisy-neighbor.js';
import { benchPropagation } from './propagation.js';
import { table, type Measurement } from './report.js';
import { benchScopedQuery } from './scoped-query.js';

/** Runs every part in turn on one PostgreSQL and tells each as it ends. Exits with 1 if a goal is missed. */
async function bench(write: (line: string) => void): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const add = (name: string, more: Measurement[]): void => {
    write(`\n${name}\n${table(more)}`);
    measurements.push(...more);
  };
  const scratch = await createTestDatabase('control-plane');
  const peerDatabase = await createTestDatabase('empty');
  const controlPlane = await ControlPlaneProcess.start(scratch.url);
  try {
    add('Features', await benchFeatures(controlPlane, peerDatabase.url));
    add('Propagation', await benchPropagation(controlPlane));
  } finally {
    await controlPlane.stop();
  }
  add('Tenant-scoped queries', await benchScopedQuery());
  add('Noisy neighbour', await benchNoisyNeighbor());
  return measurements;
}

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const version = await withTestClient('postgres', async (client) => {
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  return rows[0]?.server_version ?? new URL(testPostgresUrl()).host;
});
write(
  `Node ${process.version}, PostgreSQL ${version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`,
);
const measurements = await bench(write);
const file = process.env['TIERDECK_BENCH_JSON'] ?? 'bench.json';
await writeFile(
  file,
  `${JSON.stringify({ at: new Date().toISOString(), node: process.version, postgres: version, measurements }, null, 2)}\n`,
);
write(`\nAll\n${table(measurements)}\n\nas JSON: ${file}`);
process.exitCode = measurements.every(({ reached }) => reached) ? 0 : 1;
