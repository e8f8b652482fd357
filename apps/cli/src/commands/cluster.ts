import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { number, numberOrNone, orNull } from '../number.js';
import { parseFormat, render } from '../output.js';

interface Cluster {
  name: string;
  region: string;
  status: string;
  databases: number;
  tenants: number;
  maxDatabases: number | null;
  pooledTenantCost: number | null;
  dedicatedDatabaseCost: number | null;
  dedicatedWorkerCost: number | null;
}

/** `tierdeck cluster list|add|update|retire`: the servers on which tenants are placed. */
export function clusterCommands(program: Command, context: Context): void {
  const cluster = program.command('cluster').description('PostgreSQL servers on which tenants are placed');

  cluster
    .command('list')
    .description('clusters with their room and rate card')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ output }) => {
      const client = await context.client();
      const { databaseClusters } = await client.request<{ databaseClusters: Cluster[] }>(
        `{ databaseClusters { name region host port status pooled dedicated maxDatabases maxBytes databases tenants
           pooledTenantCost dedicatedDatabaseCost dedicatedWorkerCost } }`,
      );
      context.data(
        render(
          databaseClusters,
          output,
          [
            ['cluster', ({ name }) => name],
            ['region', ({ region }) => region],
            ['status', ({ status }) => status],
            [
              'databases',
              ({ databases, maxDatabases }) => `${databases}${maxDatabases ? ` of ${maxDatabases}` : ''}`,
            ],
            ['tenants', ({ tenants }) => String(tenants)],
            ['pooled/month', ({ pooledTenantCost }) => cost(pooledTenantCost)],
            ['dedicated/month', ({ dedicatedDatabaseCost }) => cost(dedicatedDatabaseCost)],
            ['worker/month', ({ dedicatedWorkerCost }) => cost(dedicatedWorkerCost)],
          ],
          ({ name }) => name,
        ),
      );
    });

  withTerms(
    cluster
      .command('add <name>')
      .description('register a server and make its pooled database')
      .requiredOption('--region <region>', 'where its rows are')
      .requiredOption('--host <host>', 'as the services reach it')
      .option('--port <port>', 'port of PostgreSQL', number, 5432)
      .option('--user <user>', 'a superuser', 'postgres')
      .requiredOption(
        '--password-file <file>',
        'holds the password of that user; - reads TIERDECK_CLUSTER_PASSWORD',
      ),
  ).action(async (name: string, options: AddOptions) => {
    const { region, host, port, user: adminUser } = options;
    const adminPassword = await passwordFrom(options.passwordFile);
    const client = await context.client();
    await client.request(
      'mutation ($input: RegisterClusterInput!) { registerDatabaseCluster(input: $input) { name } }',
      { input: { name, region, host, port, adminUser, adminPassword, ...termsOf(options) } },
    );
    context.data(`cluster/${name} active\n`);
  });

  withTerms(
    cluster
      .command('update <name>')
      .description(
        'change room and rate card of a cluster; what is not named stays as it is, "none" takes it away',
      )
      .option('--max-bytes <n>', 'bytes it has room for', numberOrNone)
      .option('--pooled', 'take tenants into its pooled database')
      .option('--no-pooled', 'take none there')
      .option('--dedicated', 'take databases of a tenant’s own')
      .option('--no-dedicated', 'take none'),
  ).action(async (name: string, options: UpdateOptions) => {
    const { maxBytes, pooled, dedicated } = options;
    const terms = { ...termsOf(options), maxBytes: orNull(maxBytes), pooled, dedicated };
    if (Object.values(terms).every((value) => value === undefined)) {
      throw new CliError(
        'INVALID_ARGUMENT',
        'Nothing was named to change.',
        'tierdeck cluster update --help',
      );
    }
    const client = await context.client();
    await client.request(
      'mutation ($input: UpdateClusterInput!) { updateDatabaseCluster(input: $input) { name } }',
      { input: { name, ...terms } },
    );
    context.data(`cluster/${name} updated\n`);
  });

  cluster
    .command('retire <name>')
    .description('take no tenant any more; those that are there stay')
    .action(async (name: string) => {
      const client = await context.client();
      await client.request(
        'mutation ($input: RetireClusterInput!) { retireDatabaseCluster(input: $input) { name } }',
        { input: { name } },
      );
      context.data(`cluster/${name} retired\n`);
    });
}

interface TermsOptions {
  maxDatabases?: number | 'none';
  pooledCost?: number | 'none';
  dedicatedCost?: number | 'none';
  workerCost?: number | 'none';
}

interface AddOptions extends TermsOptions {
  region: string;
  host: string;
  port: number;
  user: string;
  passwordFile: string;
}

interface UpdateOptions extends TermsOptions {
  maxBytes?: number | 'none';
  pooled?: boolean;
  dedicated?: boolean;
}

function withTerms(command: Command): Command {
  return command
    .option('--max-databases <n>', 'databases it has room for', numberOrNone)
    .option('--pooled-cost <amount>', 'a tenant in its pool, a month', numberOrNone)
    .option('--dedicated-cost <amount>', 'a database of a tenant’s own, a month', numberOrNone)
    .option('--worker-cost <amount>', 'a worker of a tenant’s own, a month', numberOrNone);
}

function termsOf({ maxDatabases, pooledCost, dedicatedCost, workerCost }: TermsOptions): object {
  return {
    maxDatabases: orNull(maxDatabases),
    pooledTenantCost: orNull(pooledCost),
    dedicatedDatabaseCost: orNull(dedicatedCost),
    dedicatedWorkerCost: orNull(workerCost),
  };
}

/** The rate card may not say. */
function cost(amount: number | null): string {
  return amount === null ? '-' : String(amount);
}

/** A password never stands in an argument: those are seen by everybody on the machine. */
async function passwordFrom(file: string): Promise<string> {
  const text =
    file === '-'
      ? (process.env['TIERDECK_CLUSTER_PASSWORD'] ?? '')
      : await readFile(file, 'utf8').catch(() => '');
  if (text.trim() === '') {
    throw new CliError('INVALID_ARGUMENT', `There is no password in ${file}.`, '--password-file <file>');
  }
  return text.trim();
}
