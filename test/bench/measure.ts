import { spawn } from 'node:child_process';

/** Middle of the sorted values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest-rank quantile, `q` from 0 to 1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export interface LoadOptions {
  url: string;
  headers: Record<string, string>;
  connections: number;
  seconds: number;
}

export interface LoadResult {
  requestsPerSecond: number;
  p99Ms: number;
  /** Answers outside 200 to 399. */
  errors: number;
  bytesPerResponse: number;
}

interface AutocannonReport {
  requests: { average: number; total: number };
  latency: { p99: number };
  throughput: { total: number };
  errors: number;
  '4xx': number;
  '5xx': number;
}

/** Loads one address with autocannon in a process of its own, so that client and server do not share a thread. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = ['node_modules/autocannon/autocannon.js', '-j', '-n', '-c', String(options.connections)];
  const output = await runNode([...args, '-d', String(options.seconds), ...headers, options.url]);
  const report = JSON.parse(output) as AutocannonReport;
  return {
    requestsPerSecond: report.requests.average,
    p99Ms: report.latency.p99,
    errors: report.errors + report['4xx'] + report['5xx'],
    bytesPerResponse: Math.round(report.throughput.total / Math.max(1, report.requests.total)),
  };
}

/** Runs a Node process to its end. @returns its stdout. */
export function runNode(args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let problems = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (problems = (problems + chunk.toString()).slice(-4_000)));
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${args[0]}: ${problems}`)),
    );
  });
}
