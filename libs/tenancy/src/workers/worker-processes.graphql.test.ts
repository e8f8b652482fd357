import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { seedTenants } from '../../../../test/support/seeded-tenants.js';
import { WorkerProcesses } from './worker-processes.js';

describe('processes that a supervisor reports', () => {
  let server: TestControlPlane;
  let token: string;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await seedTenants(server.controlPlane.foundation, ['acme', 'other']);
    token = await runtimeToken('');
  });
  afterAll(() => server?.stop());

  async function runtimeToken(more: string): Promise<string> {
    const { data } = await server.graphql(
      `mutation { createSdkToken(input: { name: "machine", kind: RUNTIME, environment: "production" ${more} }) { secret } }`,
    );
    return (data as { createSdkToken: { secret: string } }).createSdkToken.secret;
  }

  const worker = {
    name: 'integration-worker',
    tenant: null as string | null,
    state: 'RUNNING',
    pid: 7,
    failures: 0,
    lastExit: null as string | null,
    lastExitAt: null as string | null,
    nextStartAt: null as string | null,
  };
  const looping = {
    ...worker,
    name: 'integration-worker-acme',
    tenant: 'acme',
    state: 'BACKING_OFF',
    pid: null,
    failures: 4,
    lastExit: 'exit code 7',
    lastExitAt: '2026-01-01T00:00:00.000Z',
    nextStartAt: '2026-01-01T00:00:02.000Z',
  };

  async function report(body: unknown, by = token): Promise<[number, string | undefined]> {
    const response = await fetch(`${server.url}/runtime/processes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { error } = (await response.json()) as { error?: { code: string } };
    return [response.status, error?.code];
  }

  async function processes(tenant?: string): Promise<unknown> {
    const { data } = await server.graphql(
      `query ($tenant: String) { workerProcesses(tenant: $tenant) {
         supervisor name tenant state pid failures crashLooping lastExit lastExitAt nextStartAt reported } }`,
      { tenant },
    );
    return data?.['workerProcesses'];
  }

  it('are shown as they are now, a crash loop first, and explain why a tenant waits', async () => {
    expect(await report({ supervisor: 'one', processes: [worker, looping] })).toEqual([200, undefined]);
    expect(await report({ supervisor: 'two', processes: [worker] })).toEqual([200, undefined]);
    const shown = { supervisor: 'one', reported: true, crashLooping: false };
    expect(await processes()).toEqual([
      { ...looping, ...shown, crashLooping: true },
      { ...worker, ...shown },
      { ...worker, ...shown, supervisor: 'two' },
    ]);
    expect(await processes('acme')).toEqual([{ ...looping, ...shown, crashLooping: true }]);
    expect(await processes('other')).toEqual([]);
    const known = server.controlPlane.app.get(WorkerProcesses);
    expect(await known.explain('acme')).toBe(
      ' The worker on one ended 4 times in a row (exit code 7), starts again at 2026-01-01T00:00:02.000Z.',
    );
    expect(await known.explain('other')).toBe('');

    await report({ supervisor: 'one', processes: [{ ...worker, pid: 8 }] });
    expect(await processes('acme')).toEqual([]);
    expect(await processes()).toEqual([
      { ...worker, ...shown, pid: 8 },
      { ...worker, ...shown, supervisor: 'two' },
    ]);
  });

  it.each([
    ['no supervisor', { processes: [] }],
    ['an unknown state', { supervisor: 'bad', processes: [{ ...worker, state: 'ASLEEP' }] }],
    ['a negative count', { supervisor: 'bad', processes: [{ ...worker, failures: -1 }] }],
    ['too many', { supervisor: 'bad', processes: Array.from({ length: 5_001 }, () => worker) }],
  ])('are refused with %s', async (_name, body) => {
    expect(await report(body)).toEqual([400, 'INVALID_INPUT']);
  });

  it('are told by nobody but a machine’s own token', async () => {
    const body = { supervisor: 'forged', processes: [looping] };
    expect(await report(body, 'none')).toEqual([401, 'UNAUTHENTICATED']);
    expect(await report(body, await runtimeToken('tenant: "other"'))).toEqual([403, 'FORBIDDEN']);
    expect(JSON.stringify(await processes())).not.toContain('forged');
  });
});
