import type { ControlPlaneClient } from './control-plane-client.js';

export interface TenantLine {
  slug: string;
  name: string;
  tier: string;
  status: string;
  database: { placement: string; name: string | null };
  integrationWorkers: { placement: string };
}

interface OperationLine {
  id: string;
  kind: string;
  subject: string;
  status: string;
  error: { message: string; hint: string | null } | null;
  steps: {
    title: string;
    status: string;
    progress: { done?: number; total?: number; unit?: string } | null;
  }[];
}

const tenantsQuery = `{ tenants(first: 500) { edges { node {
  slug name tier status database { placement name } integrationWorkers { placement } } } } }`;
const operationsQuery = `{ operations(first: 100) { edges { node {
  id kind subject status error { message hint } steps { title status progress } } } } }`;

export async function readTenants(client: ControlPlaneClient): Promise<TenantLine[]> {
  const answer = await client.ask<{ tenants: { edges: { node: TenantLine }[] } }>(tenantsQuery);
  return answer.tenants.edges.map(({ node }) => node);
}

/**
 * Tells on `write` what the running operations do, a line for each step begun, until none is left.
 * @returns the operations that failed meanwhile.
 */
export async function followOperations(
  client: ControlPlaneClient,
  write: (line: string) => void,
  isStopped: () => boolean,
): Promise<OperationLine[]> {
  const told = new Map<string, string>();
  const seenOpen = new Set<string>();
  for (;;) {
    const answer = await client.ask<{ operations: { edges: { node: OperationLine }[] } }>(
      operationsQuery,
      isStopped,
    );
    const operations = answer.operations.edges.map(({ node }) => node);
    for (const operation of operations) {
      const line = progressLine(operation);
      if (
        line &&
        (seenOpen.has(operation.id) || operation.status !== 'FAILED') &&
        told.get(operation.id) !== line
      )
        write(line);
      if (line) told.set(operation.id, line);
    }
    const open = operations.filter(({ status }) => ['PENDING', 'RUNNING', 'WAITING'].includes(status));
    for (const { id } of open) seenOpen.add(id);
    if (open.length === 0 || isStopped()) {
      return operations.filter(({ id, status }) => status === 'FAILED' && seenOpen.has(id));
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function progressLine({ subject, status, steps, error }: OperationLine): string | undefined {
  if (status === 'FAILED')
    return `  ${subject}: failed: ${error?.message ?? ''} ${error?.hint ?? ''}`.trimEnd();
  const step = steps.find(({ status: state }) => state === 'RUNNING' || state === 'WAITING');
  if (!step) return undefined;
  const { done, total, unit } = step.progress ?? {};
  const share = done && total ? ` ${Math.floor((10 * done) / total) * 10} % of ${total} ${unit ?? ''}` : '';
  return `  ${subject}: ${step.title}${share}`.trimEnd();
}

/** The table at the end of the start. */
export function tenantTable(tenants: readonly TenantLine[]): string {
  const rows = tenants.map(({ slug, tier, status, database, integrationWorkers }) => [
    slug,
    tier.toLowerCase(),
    status.toLowerCase(),
    database.name ?? '—',
    integrationWorkers.placement === 'DEDICATED' ? 'own process' : 'pooled',
  ]);
  const all = [['tenant', 'tier', 'status', 'database', 'integration workers'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd())
    .join('\n');
}
