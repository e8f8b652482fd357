import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import type { Tenant } from '../tenant.js';
import { workerDeployment } from './kubernetes-manifest.js';
import { KubernetesWorkers } from './kubernetes-workers.js';
import { FakeKubernetes } from './kubernetes.fixture.js';
import type { KubernetesTarget } from './worker-pool.js';

describe('workers of single tenants in Kubernetes', () => {
  const kubernetes = new FakeKubernetes();
  const tenant = { id: 'id', slug: 'north-wind' } as Tenant;
  let target: KubernetesTarget;
  let workers: KubernetesWorkers;

  beforeAll(async () => {
    target = {
      apiServer: await kubernetes.start(),
      namespace: 'workers',
      image: 'registry.example/tierdeck@sha256:0123',
      environmentSecret: 'tierdeck-worker',
      caCertificate: null,
    };
    workers = new KubernetesWorkers(target, 'the-token');
  });
  afterAll(() => kubernetes.stop());
  afterEach(() => {
    kubernetes.requests.length = 0;
    kubernetes.refusal = undefined;
  });

  it('are made by server-side apply, as often as one likes', async () => {
    await workers.ensure(tenant);
    await workers.ensure(tenant);
    expect(kubernetes.requests).toHaveLength(2);
    for (const { method, path, query, headers, body } of kubernetes.requests) {
      expect([method, path]).toEqual([
        'PATCH',
        '/apis/apps/v1/namespaces/workers/deployments/tierdeck-worker-north-wind',
      ]);
      expect(headers['content-type']).toBe('application/apply-patch+yaml');
      expect(Object.fromEntries(query)).toEqual({ fieldManager: 'tierdeck', force: 'true' });
      expect(body).toEqual(JSON.parse(JSON.stringify(workerDeployment('north-wind', target))));
    }
    expect(kubernetes.deployments.size).toBe(1);
  });

  it('are valid by the published schema of Kubernetes', () => {
    const valid = workerDeployment('north-wind', target);
    new Deployment(valid as never).validate();
    const wrong = structuredClone(valid);
    (wrong.spec as { replicas: unknown }).replicas = 'one';
    expect(() => new Deployment(wrong as never).validate()).toThrow(/replicas/);
  });

  it('name no secret, only where the cluster keeps them', () => {
    const text = JSON.stringify(workerDeployment('north-wind', target));
    expect(text).toContain('"secretRef":{"name":"tierdeck-worker"}');
    expect(text.match(/"name":"TIERDECK_\w+"/g)).toEqual([
      '"name":"TIERDECK_WORKER_TENANT"',
      '"name":"TIERDECK_DATA_DIR"',
    ]);
  });

  it('tell why none reports', async () => {
    const present = kubernetes.deployments.get('tierdeck-worker-north-wind') ?? {};
    present['status'] = {
      conditions: [
        { type: 'Available', status: 'False', message: 'Deployment does not have minimum availability.' },
      ],
    };
    expect(await workers.describe(tenant)).toBe(
      ' Deployment workers/tierdeck-worker-north-wind has 0 available. Deployment does not have minimum availability.',
    );
  });

  it('are deleted with all that is theirs; again, nothing is to be done', async () => {
    await workers.remove(tenant);
    await workers.remove(tenant);
    expect(kubernetes.requests.map(({ method, query }) => [method, query.get('propagationPolicy')])).toEqual([
      ['DELETE', 'Foreground'],
      ['DELETE', 'Foreground'],
    ]);
    expect(kubernetes.deployments.size).toBe(0);
    expect(await workers.describe(tenant)).toContain('There is no Deployment');
  });

  it('say what the API refused, and never the token', async () => {
    kubernetes.refusal = { code: 403, reason: 'Forbidden', message: 'deployments.apps is forbidden' };
    const refused = await workers.ensure(tenant).catch((error: unknown) => error as Error);
    expect(refused).toMatchObject({
      code: 'KUBERNETES_REFUSED',
      message: expect.stringContaining('is forbidden'),
    });
    expect(JSON.stringify([refused, String(refused)])).not.toContain('the-token');
    kubernetes.refusal = { code: 404, reason: 'NotFound', message: 'namespaces "workers" not found' };
    await expect(workers.ensure(tenant)).rejects.toMatchObject({ code: 'KUBERNETES_REFUSED' });
    const away = new KubernetesWorkers({ ...target, apiServer: 'http://127.0.0.1:1' }, 'the-token');
    await expect(away.ensure(tenant)).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
  });
});
