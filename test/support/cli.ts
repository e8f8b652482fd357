import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command line as a user has it: a process each time, built, with a home of its own. */
export class TestCli {
  private constructor(
    readonly home: string,
    private readonly url: string,
    private readonly token: string,
  ) {}

  static async start(url: string, token: string): Promise<TestCli> {
    return new TestCli(await mkdtemp(join(tmpdir(), 'tierdeck-cli-')), url, token);
  }

  /** @param env e.g. the token of somebody else. */
  async run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
    return run(process.execPath, ['apps/cli/bin/tierdeck.mjs', ...args], {
      env: {
        PATH: process.env['PATH'],
        HOME: this.home,
        TIERDECK_URL: this.url,
        TIERDECK_TOKEN: this.token,
        ...env,
      },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: Outcome) => ({ code, stdout, stderr }),
    );
  }

  /** What a command says that must succeed, or end with 2. @throws with what it said otherwise. */
  async said(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0 && code !== 2) throw new Error(`tierdeck ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** What it says as JSON. */
  async told<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.said(...args, '-o', 'json')) as T;
  }

  /** A file in its home. @returns its path. */
  async file(name: string, content: string): Promise<string> {
    const path = join(this.home, name);
    await writeFile(path, content);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
