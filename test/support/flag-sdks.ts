import { fork, type ChildProcess } from 'node:child_process';
import type { SdkObservations } from './flag-sdk-process.js';

const loader = ['--conditions=source', '--import', './test/support/swc-loader.mjs'];

/** Many real SDKs over a few processes, and what all of them together saw. */
export class FlagSdks {
  private constructor(private readonly children: readonly ChildProcess[]) {}

  static start(url: string, secret: string, count: number, processes: number): FlagSdks {
    const each = String(Math.ceil(count / processes));
    const children = Array.from({ length: processes }, (_, index) =>
      fork('test/support/flag-sdk-process.ts', [url, secret, each, `p${index}`], { execArgv: loader }),
    );
    return new FlagSdks(children);
  }

  async observe(): Promise<SdkObservations> {
    const all = await Promise.all(this.children.map(ask));
    return {
      ready: sum(all, 'ready'),
      switched: sum(all, 'switched'),
      wrong: sum(all, 'wrong'),
      reopened: all.flatMap(({ reopened }) => reopened),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }
}

function ask(child: ChildProcess): Promise<SdkObservations> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as SdkObservations));
    child.send('observe', (error) => error && reject(error));
  });
}

function sum(all: readonly SdkObservations[], field: 'ready' | 'switched' | 'wrong'): number {
  return all.reduce((total, one) => total + one[field], 0);
}
