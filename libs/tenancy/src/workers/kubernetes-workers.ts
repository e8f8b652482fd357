import type { AppsV1Api } from '@kubernetes/client-node';
import { TierdeckError } from '#platform';
import type { Tenant } from '../tenant.js';
import { deploymentName, workerDeployment } from './kubernetes-manifest.js';
import type { KubernetesTarget, WorkerBackend } from './worker-pool.js';

/** Owner of the fields that we apply; fields that others set, e.g. replicas of an autoscaler, stay theirs. */
const fieldManager = 'tierdeck';

/** A Deployment for each tenant with workers of its own, by server-side apply. */
export class KubernetesWorkers implements WorkerBackend {
  #api: Promise<AppsV1Api> | undefined;

  /** @param token of a service account that may get, patch and delete Deployments in the namespace. */
  constructor(
    private readonly target: KubernetesTarget,
    private readonly token: string,
  ) {}

  async ensure({ slug }: Tenant): Promise<void> {
    const { setHeaderOptions, PatchStrategy } = await import('@kubernetes/client-node');
    const { namespace } = this.target;
    const applied = await this.#call((api) =>
      api.patchNamespacedDeployment(
        {
          name: deploymentName(slug),
          namespace,
          body: workerDeployment(slug, this.target),
          fieldManager,
          force: true,
        },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      ),
    );
    if (applied) return;
    throw new TierdeckError(
      'KUBERNETES_REFUSED',
      `${this.target.apiServer} has no namespace ${namespace}.`,
      502,
      {
        hint: `kubectl create namespace ${namespace}, then: tierdeck operation retry <id>`,
      },
    );
  }

  async remove({ slug }: Tenant): Promise<void> {
    const { namespace } = this.target;
    await this.#call((api) =>
      api.deleteNamespacedDeployment({
        name: deploymentName(slug),
        namespace,
        propagationPolicy: 'Foreground',
      }),
    );
  }

  async describe({ slug }: Tenant): Promise<string> {
    const { namespace } = this.target;
    const name = deploymentName(slug);
    const deployment = await this.#call((api) => api.readNamespacedDeployment({ name, namespace }));
    if (!deployment) return ` There is no Deployment ${namespace}/${name}.`;
    const { availableReplicas = 0, conditions = [] } = deployment.status ?? {};
    const failing = conditions.find(({ type, status }) => type !== 'Progressing' && status === 'False');
    const words = failing?.message === undefined ? '' : ` ${failing.message.slice(0, 200)}`;
    return ` Deployment ${namespace}/${name} has ${availableReplicas} available.${words}`;
  }

  /**
   * @returns undefined if there is no such thing.
   * @throws TierdeckError KUBERNETES_REFUSED, KUBERNETES_UNREACHABLE; never with the token.
   */
  async #call<T>(work: (api: AppsV1Api) => Promise<T>): Promise<T | undefined> {
    this.#api ??= this.#connect();
    const api = await this.#api;
    try {
      return await work(api);
    } catch (cause) {
      const { code } = cause as { code?: unknown };
      if (code === 404) return undefined;
      if (typeof code === 'number') {
        throw new TierdeckError(
          'KUBERNETES_REFUSED',
          `${this.target.apiServer} answered ${code}: ${reasonOf(cause)}`,
          502,
          { hint: 'Check the rights of the service account: get, patch and delete on deployments.' },
          'operator',
        );
      }
      throw new TierdeckError(
        'KUBERNETES_UNREACHABLE',
        `${this.target.apiServer} cannot be reached: ${(cause as Error).message}`,
        503,
        { cause },
        'operator',
      );
    }
  }

  async #connect(): Promise<AppsV1Api> {
    // Large, and needed only where there is such a pool.
    const { AppsV1Api, KubeConfig } = await import('@kubernetes/client-node');
    const { apiServer, caCertificate } = this.target;
    const config = new KubeConfig();
    const ca = caCertificate === null ? {} : { caData: Buffer.from(caCertificate).toString('base64') };
    // Without TLS only what is on this machine is let through by the registration, e.g. `kubectl proxy`.
    const skipTLSVerify = apiServer.startsWith('http:');
    config.loadFromOptions({
      clusters: [{ name: 'pool', server: apiServer, skipTLSVerify, ...ca }],
      users: [{ name: 'tierdeck', token: this.token }],
      contexts: [{ name: 'pool', cluster: 'pool', user: 'tierdeck' }],
      currentContext: 'pool',
    });
    return config.makeApiClient(AppsV1Api);
  }
}

/** What the API says itself; its answers are `Status` objects. */
function reasonOf(error: unknown): string {
  const { body } = error as { body?: unknown };
  try {
    const status = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: unknown };
    return typeof status.message === 'string' ? status.message.slice(0, 300) : 'no reason';
  } catch {
    return 'no reason';
  }
}
