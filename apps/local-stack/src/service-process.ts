import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '#platform';

export interface ServiceDefinition {
  /** Name of its log file, e.g. `distribution`. */
  name: string;
  /** Its entry file, relative to the built tree, e.g. `apps/distribution/src/main.js`. */
  entry: string;
  env: Record<string, string>;
}

const builtTree = fileURLToPath(new URL('../../..', import.meta.url));
const firstBackoffMs = 250;
const longestBackoffMs = 15_000;
/** A process that ran this long starts again without delay. */
const healthyAfterMs = 30_000;
/** A little more than a process allows itself for an orderly stop. */
const stopTimeoutMs = 18_000;

/**
 * One supervised child process: started again with growing delay when it ends by itself, stopped with SIGTERM and,
 * if it does not drain in time, SIGKILL. It has its own process group, so that Ctrl-C reaches it only through us, and
 * an IPC channel, so that it ends when we are killed.
 */
export class ServiceProcess {
  #child: ChildProcess | undefined;
  #stopping = false;
  #backoffMs = firstBackoffMs;
  #restart: NodeJS.Timeout | undefined;

  constructor(
    private readonly definition: ServiceDefinition,
    private readonly dataDir: string,
    private readonly logger: Logger,
  ) {}

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once the process says that it is ready. @throws with its last words if it ends before. */
  async start(): Promise<void> {
    await mkdir(join(this.dataDir, 'logs'), { recursive: true });
    const { name, entry, env } = this.definition;
    const child = spawn(process.execPath, ['--enable-source-maps', join(builtTree, entry)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child = child;
    const startedAt = Date.now();
    let lastWords = '';
    child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2_000)));
    child.stderr?.pipe(
      createWriteStream(join(this.dataDir, 'logs', `${name}.log`), { flags: 'a', mode: 0o600 }),
    );
    await new Promise<void>((resolve, reject) => {
      let ready = false;
      child.once('message', () => {
        ready = true;
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (!ready) reject(new Error(`${name} ended (${signal ?? code}): ${lastLine(lastWords)}`));
        else if (!this.#stopping) this.#startAgain(startedAt, signal ?? code);
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await ended;
    clearTimeout(late);
  }

  #startAgain(startedAt: number, why: string | number | null): void {
    if (Date.now() - startedAt > healthyAfterMs) this.#backoffMs = firstBackoffMs;
    const delay = this.#backoffMs;
    this.#backoffMs = Math.min(delay * 2, longestBackoffMs);
    this.logger.warn({ service: this.definition.name, why, delay }, 'process ended; starting it again');
    this.#restart = setTimeout(() => {
      if (this.#stopping) return;
      this.start().catch((error: unknown) => {
        this.logger.error({ err: error, service: this.definition.name }, 'restart failed');
        if (!this.#stopping) this.#startAgain(Date.now(), 'restart failed');
      });
    }, delay);
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
