import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';
import { CliError } from './cli-error.js';
import type { Context } from './context.js';

export interface Operation {
  id: string;
  kind: string;
  subject: string;
  status: string;
  error: { code: string; message: string; hint: string | null } | null;
  steps: {
    name: string;
    title: string;
    status: string;
    progress: { done?: number; total?: number; unit?: string } | null;
  }[];
}

export const operationFields = `id kind subject status error { code message hint }
  steps { name title status progress }`;

const marks: Record<string, string> = {
  SUCCEEDED: '✓',
  FAILED: '✗',
  SKIPPED: '–',
  RUNNING: '…',
  WAITING: '…',
  PENDING: ' ',
};

/** Tells each step of an operation on stderr as it happens. @throws CliError if the operation does not succeed. */
export async function followOperation(context: Context, client: Client, id: string): Promise<Operation> {
  const told = new Set<string>();
  for (;;) {
    const { operation } = await client.request<{ operation: Operation | null }>(
      `query ($id: ID!) { operation(id: $id) { ${operationFields} } }`,
      { id },
    );
    if (!operation) {
      throw new CliError('OPERATION_NOT_FOUND', `There is no operation "${id}".`, 'tierdeck get operations');
    }
    for (const step of operation.steps) {
      if (step.status === 'PENDING') continue;
      const line = `  ${marks[step.status] ?? '?'} ${step.title}${share(step.progress)}`;
      if (!told.has(line)) context.message(line);
      told.add(line);
    }
    if (operation.status === 'SUCCEEDED') return operation;
    if (operation.status === 'FAILED' || operation.status === 'CANCELLED') {
      const message = operation.error?.message ?? `The operation is ${operation.status.toLowerCase()}.`;
      throw new CliError(
        operation.error?.code ?? operation.status,
        message,
        `tierdeck operation retry ${id}`,
      );
    }
    await sleep(250);
  }
}

function share(progress: Operation['steps'][number]['progress']): string {
  if (!progress?.done || !progress.total) return '';
  return ` ${Math.floor((10 * progress.done) / progress.total) * 10} % of ${progress.total} ${progress.unit ?? ''}`.trimEnd();
}

/** Follows with `--watch`, else names the operation and how to follow it. */
export async function reportOperation(
  context: Context,
  client: Client,
  operation: { id: string } | null,
  watch: boolean,
): Promise<void> {
  if (!operation) return;
  if (watch) {
    await followOperation(context, client, operation.id);
    return;
  }
  context.message(`Operation ${operation.id} started. Follow it: tierdeck operation watch ${operation.id}`);
}
