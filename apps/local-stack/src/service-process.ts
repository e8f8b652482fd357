import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '#platform';
import type { ProcessState, SupervisedProcess } from '#runtime/wire';
import { ChildRecord } from './child-record.js';
import { backoffMs, supervisionTimes, type SupervisionTimes } from './restart-policy.js';

export interface ServiceDefinition {
  /** Name of its log file, e.g. `distribution`. */
  name: string;
  /** Its entry file, relative to the built tree or absolute, e.g. `apps/distribution/src/main.js`. */
  entry: string;
  env: Record<string, string>;
  /** Slug, if it serves one tenant alone. */
  tenant?: string;
}

const builtTree = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * One supervised child process: started again after growing pauses when it ends by itself, stopped with SIGTERM and,
 * if it does not drain in time, SIGKILL. It has its own process group, so that Ctrl-C reaches it only through us, and
 * an IPC channel, so that it ends when we are killed. Before each start the child of a former supervisor is ended.
 */
export class ServiceProcess {
  readonly #record: ChildRecord;
  readonly #times: SupervisionTimes;
  #child: ChildProcess | undefined;
  #state: ProcessState = 'STOPPED';
  #stopping = false;
  #starting: Promise<void> = Promise.resolve();
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  #lastExit: string | null = null;
  #lastExitAt: Date | null = null;
  #nextStartAt: Date | null = null;

  constructor(
    private readonly definition: ServiceDefinition,
    private readonly dataDir: string,
    private readonly logger: Logger,
    times: Partial<SupervisionTimes> = {},
  ) {
    this.#times = { ...supervisionTimes, ...times };
    this.#record = new ChildRecord(dataDir, definition.name);
  }

  get status(): SupervisedProcess {
    const { name, tenant = null } = this.definition;
    const running = this.#state === 'STARTING' || this.#state === 'RUNNING' || this.#state === 'STOPPING';
    return {
      name,
      tenant,
      state: this.#state,
      pid: running ? (this.#child?.pid ?? null) : null,
      failures: this.#failures,
      lastExit: this.#lastExit,
      lastExitAt: this.#lastExitAt?.toISOString() ?? null,
      nextStartAt: this.#nextStartAt?.toISOString() ?? null,
    };
  }

  /** Resolves once the process says that it is ready. @throws with its last words if it ends before. */
  async start(): Promise<void> {
    try {
      await (this.#starting = this.#spawn());
    } catch (error) {
      this.#state = 'STOPPED';
      throw error;
    }
  }

  /** Starts it, and again until it is stopped: also if it never gets ready. */
  keep(): void {
    this.#nextStartAt = null;
    this.#starting = this.#spawn().catch((error: unknown) => {
      this.logger.error({ err: error, service: this.definition.name }, 'start failed');
      this.#startAgain();
    });
  }

  /** Lets it drain; ends it with SIGKILL if that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#nextStartAt = null;
    const child = this.#child;
    if (child && isRunning(child)) {
      this.#state = 'STOPPING';
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), this.#times.stopTimeoutMs);
      await ended;
      clearTimeout(late);
    }
    // One that was about to be spawned gives up.
    await this.#starting.catch(() => undefined);
    this.#state = 'STOPPED';
  }

  async #spawn(): Promise<void> {
    this.#state = 'STARTING';
    const { name, entry, env } = this.definition;
    await mkdir(join(this.dataDir, 'logs'), { recursive: true });
    await this.#record.endFormer(this.#times.stopTimeoutMs);
    if (this.#stopping) throw new Error(`${name} was stopped before it started`);
    const child = spawn(process.execPath, ['--enable-source-maps', join(builtTree, entry)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child = child;
    if (child.pid !== undefined) this.#record.write(child.pid);
    let lastWords = '';
    child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2_000)));
    child.stderr?.pipe(
      createWriteStream(join(this.dataDir, 'logs', `${name}.log`), { flags: 'a', mode: 0o600 }),
    );
    await new Promise<void>((resolve, reject) => {
      let readyAt: number | undefined;
      const late = setTimeout(() => child.kill('SIGKILL'), this.#times.startTimeoutMs);
      child.once('message', () => {
        clearTimeout(late);
        readyAt = performance.now();
        if (!this.#stopping) this.#state = 'RUNNING';
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        clearTimeout(late);
        this.#record.clear();
        this.#lastExit = signal === null ? `exit code ${code}` : `signal ${signal}`;
        this.#lastExitAt = new Date();
        if (readyAt === undefined)
          reject(new Error(`${name} ended (${signal ?? code}): ${lastLine(lastWords)}`));
        else if (!this.#stopping) this.#startAgain(performance.now() - readyAt);
      });
    });
  }

  #startAgain(readyForMs = 0): void {
    if (this.#stopping) return;
    if (readyForMs >= this.#times.healthyAfterMs) this.#failures = 0;
    const delay = backoffMs(++this.#failures, this.#times);
    this.#state = 'BACKING_OFF';
    this.#nextStartAt = new Date(Date.now() + delay);
    const { name: service } = this.definition;
    this.logger.warn(
      { service, why: this.#lastExit, failures: this.#failures, delay },
      'process ended; starting it again',
    );
    this.#restart = setTimeout(() => this.keep(), delay);
  }
}

function isRunning({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
