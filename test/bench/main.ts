import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { createTestDatabase, testPostgresUrl, withTestClient } from '../support/database.js';
import { ControlPlaneProcess } from './control-plane-process.js';
import { benchFeatures } from './features.js';
import { benchFleet } from './fleet.js';
import { benchFlagRestart } from './flag-restart.js';
import { benchFlagStreaming } from './flag-streaming.js';
import { benchFlagMatrix } from './flag-matrix.js';
import { benchFlagMemory } from './flag-memory.js';
import { benchFlagTenants } from './flag-tenants.js';
import { benchFlagValues } from './flag-values.js';
import { benchNoisyNeighbor } from './noisy-neighbor.js';
import { benchOnboarding } from './onboarding.js';
import { benchPropagation } from './propagation.js';
import { table, type Measurement } from './report.js';
import { benchRestoreDrill } from './restore-drill.js';
import { benchScopedQuery } from './scoped-query.js';
import { benchTenantMoveKills } from './tenant-move/kills.js';
import { benchTenantMove } from './tenant-move/moves.js';
import { benchWorkerMove } from './worker-move.js';

/** The parts of the bench by the name under which `npm run bench -- <part> …` runs them alone. */
const parts: Record<string, () => Promise<Measurement[]>> = {
  features: () => withControlPlane((controlPlane, peerUrl) => benchFeatures(controlPlane, peerUrl)),
  'flag-streaming': () => withControlPlane((controlPlane) => benchFlagStreaming(controlPlane)),
  'flag-tenants': () => withControlPlane((controlPlane) => benchFlagTenants(controlPlane)),
  'flag-restart': () => withControlPlane((controlPlane) => benchFlagRestart(controlPlane)),
  'flag-values': () => withControlPlane((controlPlane) => benchFlagValues(controlPlane)),
  'flag-matrix': () => withControlPlane((controlPlane) => benchFlagMatrix(controlPlane)),
  'flag-memory': () => withControlPlane((controlPlane) => benchFlagMemory(controlPlane)),
  propagation: () => withControlPlane((controlPlane) => benchPropagation(controlPlane)),
  'scoped-query': benchScopedQuery,
  'noisy-neighbor': benchNoisyNeighbor,
  onboarding: benchOnboarding,
  fleet: benchFleet,
  'restore-drill': benchRestoreDrill,
  'tenant-move': benchTenantMove,
  'tenant-move-kills': benchTenantMoveKills,
  'worker-move': benchWorkerMove,
};

/** Runs the parts in turn on one PostgreSQL and tells each as it ends. */
async function bench(names: readonly string[], write: (line: string) => void): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const name of names) {
    const part = parts[name];
    if (!part) throw new Error(`There is no part "${name}"; there are ${Object.keys(parts).join(', ')}.`);
    const more = await part();
    write(`\n${name}\n${table(more)}`);
    measurements.push(...more);
  }
  return measurements;
}

async function withControlPlane<T>(
  work: (controlPlane: ControlPlaneProcess, peerUrl: string) => Promise<T>,
): Promise<T> {
  const scratch = await createTestDatabase('control-plane');
  const peer = await createTestDatabase('empty');
  const controlPlane = await ControlPlaneProcess.start(scratch.url);
  try {
    return await work(controlPlane, peer.url);
  } finally {
    await controlPlane.stop();
  }
}

// Exits with 1 if a goal is missed.
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const version = await withTestClient('postgres', async (client) => {
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  return rows[0]?.server_version ?? new URL(testPostgresUrl()).host;
});
write(
  `Node ${process.version}, PostgreSQL ${version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`,
);
const asked = process.argv.slice(2);
const measurements = await bench(asked.length > 0 ? asked : Object.keys(parts), write);
const file = process.env['TIERDECK_BENCH_JSON'] ?? 'bench.json';
await writeFile(
  file,
  `${JSON.stringify({ at: new Date().toISOString(), node: process.version, postgres: version, measurements }, null, 2)}\n`,
);
write(`\nAll\n${table(measurements)}\n\nas JSON: ${file}`);
process.exitCode = measurements.every(({ reached }) => reached) ? 0 : 1;
