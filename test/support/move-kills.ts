import { spawn } from 'node:child_process';
import type { TestTenancy } from './tenancy.js';
import { lastMove } from './moving-tenant.js';

export interface MoverRun {
  killed: boolean;
  /** State in which the move rests; empty if the mover was killed. */
  state: string;
  /** From the start of its reconciler, in milliseconds. */
  settledMs: number;
}

/** Runs a mover as a process of its own that is killed after some statements (0: never), or after one with a text. */
export function runMover(
  databaseUrl: string,
  tenantId: string,
  statements: number | string,
): Promise<MoverRun> {
  const args = ['--conditions=source', '--import', './test/support/swc-loader.mjs'];
  const child = spawn(
    process.execPath,
    [...args, 'test/fault/move-process.ts', databaseUrl, tenantId, String(statements)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) =>
    child.once('close', (_code, signal) => {
      const [state = '', ms = '0'] = output.split(' ');
      resolve({ killed: signal === 'SIGKILL', state, settledMs: Number(ms) });
    }),
  );
}

/** In which of its two databases a tenant is at home; exactly one is right. */
export async function homesOf(tenancy: TestTenancy, tenantId: string): Promise<string[]> {
  const { sourceId, targetId } = await lastMove(tenancy, tenantId);
  const homes: string[] = [];
  for (const id of [sourceId, targetId]) {
    const [database] = await tenancy.databases.byIds([id]);
    if (!database) continue;
    const client = await tenancy.databases.connect(id);
    try {
      const { rows } = await client.query<{ state: string }>(
        'select state from tenant_home where tenant_id = $1',
        [tenantId],
      );
      if ((rows[0]?.state ?? 'ACTIVE') === 'ACTIVE') homes.push(id);
    } finally {
      await client.end();
    }
  }
  return homes;
}
