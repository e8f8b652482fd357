import { readFile } from 'node:fs/promises';
import type { ControlPlaneProcess } from './control-plane-process.js';

export const flagCount = 200;

/** Flags with three constraints each, as one file of manifests. */
export function flagManifests(count = flagCount): string {
  const rules = [
    { scope: { kind: 'TIER', key: 'DEDICATED' }, enabled: true },
    { scope: { kind: 'REGION', key: 'eu' }, enabled: true },
    { scope: { kind: 'USER', key: 'user-17' }, enabled: true },
  ];
  const manifests = Array.from({ length: count }, (_, i) => ({
    apiVersion: 'tierdeck/v1',
    kind: 'Flag',
    metadata: { key: `bench.flag-${String(i).padStart(3, '0')}` },
    spec: {
      description: 'A flag of the bench.',
      kind: 'BOOLEAN',
      riskClass: 'STANDARD',
      environments: { production: { enabled: true, rules } },
    },
  }));
  return manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
}

export async function applyFlags(controlPlane: ControlPlaneProcess, count = flagCount): Promise<void> {
  const manifests = [{ file: 'bench.yaml', content: flagManifests(count) }];
  await controlPlane.api.change('applyManifests', { manifests }, 'changes { name }');
}

/** @returns the secret of a new token for the flags of production. */
export async function sdkToken(
  controlPlane: ControlPlaneProcess,
  kind: 'CLIENT' | 'FRONTEND' | 'RUNTIME',
  tenant?: string,
): Promise<string> {
  const name = `bench ${kind} ${tenant ?? ''}`.trim();
  const { secret } = await controlPlane.api.change<{ secret: string }>(
    'createSdkToken',
    { name, kind, environment: 'production', ...(tenant ? { tenant } : {}) },
    'secret',
  );
  return secret;
}

export async function setRule(
  controlPlane: ControlPlaneProcess,
  flag: string,
  enabled: boolean,
  scope = { kind: 'ENVIRONMENT', key: '*' },
): Promise<number> {
  const { revision } = await controlPlane.api.change<{ revision: number }>(
    'setFlagRule',
    { flag, environment: 'production', scope, enabled },
    'revision',
  );
  return revision;
}

/** Resident memory of a process in MB. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

export async function until(holds: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
