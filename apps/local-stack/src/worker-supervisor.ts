import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '#platform';
import type { RuntimeSnapshot } from '#runtime/wire';
import { ServiceProcess, type ServiceDefinition } from './service-process.js';

const lookEveryMs = 500;

export interface WorkerSupervisorOptions {
  controlPlaneUrl: string;
  runtimeToken: string;
  dataDir: string;
  /** Environment that every worker gets. */
  env: Record<string, string>;
}

/**
 * Keeps the integration workers of one machine as the control plane wants them: one pooled worker for all shared
 * tenants, one process for each tenant with dedicated workers. While the control plane is away, all go on as they are.
 */
export class WorkerSupervisor {
  readonly #workers = new Map<string, ServiceProcess>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: WorkerSupervisorOptions,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    await this.#reconcile([]);
    this.#lookSoon(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }

  #lookSoon(delay: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) =>
          this.logger.debug({ err: error }, 'the control plane is away; workers go on'),
        )
        .finally(() => this.#lookSoon(lookEveryMs));
    }, delay);
  }

  async #look(): Promise<void> {
    const response = await fetch(`${this.options.controlPlaneUrl}/runtime/snapshot`, {
      headers: { authorization: `Bearer ${this.options.runtimeToken}` },
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`snapshot answered ${response.status}`);
    const { tenants } = (await response.json()) as RuntimeSnapshot;
    const dedicated = tenants.filter(({ integrationWorkers }) => integrationWorkers === 'DEDICATED');
    await this.#reconcile(dedicated.map(({ slug }) => slug));
  }

  async #reconcile(dedicatedTenants: readonly string[]): Promise<void> {
    const wanted = new Map<string, ServiceDefinition>([
      ['pooled', this.#definition('integration-worker', {})],
      ...dedicatedTenants.map((slug): [string, ServiceDefinition] => [
        slug,
        this.#definition(`integration-worker-${slug}`, { TIERDECK_WORKER_TENANT: slug }),
      ]),
    ]);
    const gone = [...this.#workers].filter(([key]) => !wanted.has(key));
    await Promise.all(
      gone.map(async ([key, worker]) => {
        await worker.stop();
        this.#workers.delete(key);
        // Its snapshot holds the login of a database that is no longer its business.
        await rm(join(this.options.dataDir, `integration-worker-${key}`), { recursive: true, force: true });
      }),
    );
    for (const [key, definition] of wanted) {
      if (this.#workers.has(key) || this.#stopped) continue;
      const worker = new ServiceProcess(definition, this.options.dataDir, this.logger);
      this.#workers.set(key, worker);
      await worker.start().catch((error: unknown) => {
        this.#workers.delete(key);
        this.logger.error({ err: error, worker: key }, 'worker did not start; trying again');
      });
    }
  }

  #definition(name: string, env: Record<string, string>): ServiceDefinition {
    return { name, entry: 'apps/integration-worker/src/main.js', env: { ...this.options.env, ...env } };
  }
}
