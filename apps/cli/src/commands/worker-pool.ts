import { readFile } from 'node:fs/promises';
import { type Command } from 'commander';
import type { Context } from '../context.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';

interface Pool {
  name: string;
  kind: string;
  region: string | null;
  capacity: number;
  tenants: number;
  retired: boolean;
  kubernetes: { apiServer: string; namespace: string; image: string } | null;
}

interface Process {
  supervisor: string;
  name: string;
  state: string;
  failures: number;
  crashLooping: boolean;
  lastExit: string | null;
  nextStartAt: string | null;
  reported: boolean;
}

const fields = 'name kind region capacity tenants retired kubernetes { apiServer namespace image }';
const register = `mutation ($input: RegisterWorkerPoolInput!) {
  registerWorkerPool(input: $input) { workerPool { ${fields} } } }`;
const retire = `mutation ($input: RetireWorkerPoolInput!) {
  retireWorkerPool(input: $input) { workerPool { ${fields} } } }`;

/** `tierdeck worker-pool list|processes|add|retire`. */
export function workerPoolCommands(program: Command, context: Context): void {
  const pool = program.command('worker-pool').description('where integration workers of single tenants run');

  pool
    .command('list')
    .description('pools, what they take and what they have')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ output }) => {
      const client = await context.client();
      const { workerPools } = await client.request<{ workerPools: Pool[] }>(`{ workerPools { ${fields} } }`);
      context.data(
        render(
          workerPools,
          output,
          [
            ['name', ({ name }) => name],
            ['kind', ({ kind }) => kind],
            ['region', ({ region }) => region ?? 'any'],
            ['tenants', ({ tenants, capacity }) => `${tenants}/${capacity}`],
            [
              'where',
              ({ kubernetes }) =>
                kubernetes ? `${kubernetes.apiServer} ${kubernetes.namespace}` : 'supervisor',
            ],
            ['status', ({ retired }) => (retired ? 'retired' : 'open')],
          ],
          ({ name }) => name,
        ),
      );
    });

  pool
    .command('processes')
    .description('worker processes of single machines; those that do not stay up come first')
    .option('-t, --tenant <slug>', 'of one tenant')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ tenant, output }) => {
      const client = await context.client();
      const { workerProcesses } = await client.request<{ workerProcesses: Process[] }>(
        `query ($tenant: String) { workerProcesses(tenant: $tenant) { supervisor name tenant state pid failures
           crashLooping lastExit lastExitAt nextStartAt seenAt reported } }`,
        { tenant },
      );
      context.data(
        render(
          workerProcesses,
          output,
          [
            ['name', ({ name }) => name],
            ['supervisor', ({ supervisor }) => supervisor],
            ['state', stateOf],
            ['ended in a row', ({ failures }) => failures],
            ['last exit', ({ lastExit }) => lastExit],
            ['next start', ({ nextStartAt }) => nextStartAt],
          ],
          ({ name }) => name,
        ),
      );
    });

  pool
    .command('add <name>')
    .description('register a Kubernetes namespace; the token is read from a file')
    .requiredOption('--api-server <address>', 'e.g. https://10.0.0.1:6443')
    .requiredOption('--namespace <name>', 'where the Deployments go')
    .requiredOption('--image <reference>', 'of the integration worker, best with its digest')
    .requiredOption('--environment-secret <name>', "Secret with the workers' environment")
    .requiredOption('--token-file <path>', 'token of a service account for Deployments')
    .requiredOption('--capacity <tenants>', 'how many tenants it takes', number)
    .option('--ca-file <path>', 'certificate of the API, PEM')
    .option('--region <region>', 'take tenants of this region only')
    .action(async (name: string, options: Record<string, string> & { capacity: number }) => {
      const { tokenFile = '', caFile, ...rest } = options;
      const client = await context.client();
      const token = (await readFile(tokenFile, 'utf8')).trim();
      const caCertificate = caFile === undefined ? null : await readFile(caFile, 'utf8');
      await client.request(register, { input: { name, ...rest, token, caCertificate } });
      context.message(`Worker pool ${name} takes tenants now.`);
    });

  pool
    .command('retire <name>')
    .description('take no further tenants; those it has stay')
    .action(async (name: string) => {
      const client = await context.client();
      await client.request(retire, { input: { name } });
      context.message(`Worker pool ${name} takes no further tenants.`);
    });
}

function stateOf({ state, crashLooping, reported }: Process): string {
  if (!reported) return `${state.toLowerCase()}, not reported lately`;
  return crashLooping ? `crash loop (${state.toLowerCase()})` : state.toLowerCase();
}
