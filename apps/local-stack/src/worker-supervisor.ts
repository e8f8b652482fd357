import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Logger } from '#platform';
import type { ProcessesReport, RuntimeSnapshot } from '#runtime/wire';
import { ChildRecord } from './child-record.js';
import { supervisionTimes, type SupervisionTimes } from './restart-policy.js';
import { ServiceProcess, type ServiceDefinition } from './service-process.js';

const defaultLookEveryMs = 500;
/** How often an unchanged state is told again, so that the control plane knows that it still holds. */
const tellEveryMs = 5_000;
const pooled = 'integration-worker';

export interface WorkerSupervisorOptions {
  controlPlaneUrl: string;
  runtimeToken: string;
  dataDir: string;
  /** Environment that every worker gets. */
  env: Record<string, string>;
  /** Entry file of a worker, relative to the built tree. */
  entry?: string;
  times?: Partial<SupervisionTimes>;
  /** How often the control plane is asked what is wanted, in milliseconds. */
  lookEveryMs?: number;
}

/**
 * Keeps the integration workers of one machine as the control plane wants them: one pooled worker for all shared
 * tenants, one process for each tenant with dedicated workers. While the control plane is away, all go on as they are.
 * It tells the control plane how each does, so that a worker that does not stay up is seen.
 */
export class WorkerSupervisor {
  /** By name; a tenant's slug is part of it. */
  readonly #workers = new Map<string, ServiceProcess>();
  /** Those that drain. One that is wanted again meanwhile is started after that: never are there two. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #id: string;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();
  #told = '';
  #toldAt = -Infinity;

  constructor(
    private readonly options: WorkerSupervisorOptions,
    private readonly logger: Logger,
  ) {
    const place = createHash('sha256').update(resolve(options.dataDir)).digest('hex').slice(0, 8);
    this.#id = `${hostname()}-${place}`;
  }

  /** First ends what a supervisor before this one has left running. */
  async start(): Promise<void> {
    const { dataDir, times } = this.options;
    const former = ChildRecord.names(dataDir).filter((name) => name.startsWith(pooled));
    const { stopTimeoutMs } = { ...supervisionTimes, ...times };
    await Promise.all(former.map((name) => new ChildRecord(dataDir, name).endFormer(stopTimeoutMs)));
    this.#reconcile([]);
    this.#lookSoon(0);
  }

  /** All drain at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
    await Promise.all(this.#leaving.values());
    await this.#tell([]).catch(() => undefined);
  }

  #lookSoon(delay: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) =>
          this.logger.debug({ err: error }, 'the control plane is away; workers go on'),
        )
        .finally(() => this.#lookSoon(this.options.lookEveryMs ?? defaultLookEveryMs));
    }, delay);
  }

  async #look(): Promise<void> {
    const response = await this.#call('/runtime/snapshot');
    const { tenants } = (await response.json()) as RuntimeSnapshot;
    const dedicated = tenants.filter(({ integrationWorkers }) => integrationWorkers === 'DEDICATED');
    if (!this.#stopped) this.#reconcile(dedicated.map(({ slug }) => slug));
    await this.#tell([...this.#workers.values()].map(({ status }) => status));
  }

  #reconcile(dedicatedTenants: readonly string[]): void {
    const wanted = new Map<string, ServiceDefinition>();
    for (const tenant of [undefined, ...dedicatedTenants]) {
      const definition = this.#definition(tenant);
      wanted.set(definition.name, definition);
    }
    for (const [name, worker] of this.#workers) {
      if (!wanted.has(name) && !this.#leaving.has(name)) this.#leaving.set(name, this.#end(name, worker));
    }
    for (const [name, definition] of wanted) {
      if (this.#workers.has(name)) continue;
      const worker = new ServiceProcess(definition, this.options.dataDir, this.logger, this.options.times);
      this.#workers.set(name, worker);
      worker.keep();
    }
  }

  async #end(name: string, worker: ServiceProcess): Promise<void> {
    await worker.stop();
    // Its snapshot holds the login of a database that is no longer its business.
    await rm(join(this.options.dataDir, name), { recursive: true, force: true }).catch((error: unknown) =>
      this.logger.error({ err: error, service: name }, 'the data of a worker could not be deleted'),
    );
    this.#workers.delete(name);
    this.#leaving.delete(name);
  }

  async #tell(processes: ProcessesReport['processes']): Promise<void> {
    const report: ProcessesReport = { supervisor: this.#id, processes };
    const body = JSON.stringify(report);
    if (body === this.#told && performance.now() - this.#toldAt < tellEveryMs) return;
    await this.#call('/runtime/processes', { method: 'POST', body });
    this.#told = body;
    this.#toldAt = performance.now();
  }

  async #call(path: string, init: { method?: string; body?: string } = {}): Promise<Response> {
    const response = await fetch(`${this.options.controlPlaneUrl}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${this.options.runtimeToken}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response;
  }

  #definition(tenant: string | undefined): ServiceDefinition {
    const { env, entry = 'apps/integration-worker/src/main.js' } = this.options;
    if (tenant === undefined) return { name: pooled, entry, env };
    return { name: `${pooled}-${tenant}`, entry, env: { ...env, TIERDECK_WORKER_TENANT: tenant }, tenant };
  }
}
