import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import type { Tenant } from '../tenant.js';
import { workerDeployment } from './kubernetes-manifest.js';
import { KubernetesWorkers } from './kubernetes-workers.js';
import type { KubernetesTarget } from './worker-pool.js';

interface Recorded {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/**
 * The Deployments API of Kubernetes 1.31 as far as it is used: bodies and statuses as a real API server answers them.
 * It keeps what was applied and refuses what a real one would.
 */
class FakeKubernetes {
  readonly requests: Recorded[] = [];
  readonly deployments = new Map<string, Record<string, unknown>>();
  /** Answered instead of what was asked for. */
  refusal: { code: number; reason: string; message: string } | undefined;
  readonly #server: Server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const url = new URL(request.url ?? '/', 'http://kubernetes');
      const recorded: Recorded = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
      this.requests.push(recorded);
      const [code, body] = this.#answer(recorded);
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ method, path, headers, query, body }: Recorded): [number, unknown] {
    const status = (code: number, reason: string, message: string): [number, unknown] => [
      code,
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
    ];
    if (this.refusal) return status(this.refusal.code, this.refusal.reason, this.refusal.message);
    if (headers.authorization !== 'Bearer the-token') return status(401, 'Unauthorized', 'Unauthorized');
    const name = /^\/apis\/apps\/v1\/namespaces\/workers\/deployments\/([\w-]+)$/.exec(path)?.[1];
    if (name === undefined)
      return status(404, 'NotFound', 'the server could not find the requested resource');
    const present = this.deployments.get(name);
    if (method === 'PATCH') {
      if (headers['content-type'] !== 'application/apply-patch+yaml') {
        return status(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
      }
      if (!query.get('fieldManager'))
        return status(422, 'Invalid', 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value');
      this.deployments.set(name, body as Record<string, unknown>);
      return [present ? 200 : 201, body];
    }
    if (!present) return status(404, 'NotFound', `deployments.apps "${name}" not found`);
    if (method === 'DELETE') {
      this.deployments.delete(name);
      return [200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }];
    }
    return [200, present];
  }
}

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
