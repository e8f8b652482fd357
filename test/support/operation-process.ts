import { spawn } from 'node:child_process';
import type { Configuration } from '#platform';

export interface OperationProcessEnd {
  /** SIGKILL if it came to the point where it dies. */
  signal: string | null;
  /** How the operation ended; empty if the process died before. */
  status: string;
}

/**
 * Runs an operation in a process of its own (test/fault/operation-process.ts) until it ends.
 * @param point where the process kills itself; empty: nowhere.
 */
export function runOperation(
  databaseUrl: string,
  operation: string,
  point = '',
  configuration: Partial<Configuration> = {},
): Promise<OperationProcessEnd> {
  const args = ['--conditions=source', '--import', './test/support/swc-loader.mjs'];
  const child = spawn(
    process.execPath,
    [
      ...args,
      'test/fault/operation-process.ts',
      databaseUrl,
      operation,
      point,
      JSON.stringify(configuration),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let status = '';
  child.stdout.on('data', (chunk: Buffer) => (status += chunk.toString()));
  return new Promise((resolve) => child.once('close', (_code, signal) => resolve({ signal, status })));
}
