import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './stack.js';

/** The built reference data plane in a process of its own, as in production. */
export class DistributionProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly dataDir: string,
    readonly url: string,
  ) {}

  /** @param controlPlane with the tokens of a real one; a fake one takes any. */
  static async start(controlPlane: {
    url: string;
    runtimeToken?: string;
    sdkToken?: string;
    logLevel?: string;
  }): Promise<DistributionProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-bench-'));
    const port = await freePort();
    const child = spawn(process.execPath, ['dist/apps/distribution/src/main.js'], {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        TIERDECK_URL: controlPlane.url,
        TIERDECK_RUNTIME_TOKEN: controlPlane.runtimeToken ?? 'runtime',
        TIERDECK_SDK_TOKEN: controlPlane.sdkToken ?? '*:production.bench',
        TIERDECK_DATA_DIR: dataDir,
        TIERDECK_DISTRIBUTION_PORT: String(port),
        TIERDECK_LOG_LEVEL: controlPlane.logLevel ?? 'error',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error('the data plane did not start')));
    });
    return new DistributionProcess(child, dataDir, `http://127.0.0.1:${port}`);
  }

  /** SIGSTOP and SIGCONT: it stands still, and goes on where it was. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
