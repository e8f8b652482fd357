import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { parseFormat, render } from '../output.js';

interface Cluster {
  name: string;
  region: string;
  status: string;
  databases: number;
  tenants: number;
  pooledTenantCost: number;
  dedicatedDatabaseCost: number;
}

/** `tierdeck cluster list|add|retire`: the servers on which tenants are placed. */
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
            ['databases', ({ databases }) => String(databases)],
            ['tenants', ({ tenants }) => String(tenants)],
            ['pooled/month', ({ pooledTenantCost }) => String(pooledTenantCost)],
            ['dedicated/month', ({ dedicatedDatabaseCost }) => String(dedicatedDatabaseCost)],
          ],
          ({ name }) => name,
        ),
      );
    });

  cluster
    .command('add <name>')
    .description('register a server and make its pooled database')
    .requiredOption('--region <region>', 'where its rows are')
    .requiredOption('--host <host>', 'as the services reach it')
    .option('--port <port>', 'port of PostgreSQL', Number, 5432)
    .option('--user <user>', 'a superuser', 'postgres')
    .requiredOption(
      '--password-file <file>',
      'holds the password of that user; - reads TIERDECK_CLUSTER_PASSWORD',
    )
    .option('--max-databases <n>', 'databases it has room for', Number)
    .option('--pooled-cost <amount>', 'a tenant in its pool, a month', Number)
    .option('--dedicated-cost <amount>', 'a database of a tenant’s own, a month', Number)
    .option('--worker-cost <amount>', 'a worker of a tenant’s own, a month', Number)
    .action(async (name: string, options) => {
      const {
        region,
        host,
        port,
        user: adminUser,
        maxDatabases,
        pooledCost,
        dedicatedCost,
        workerCost,
      } = options;
      const adminPassword = await passwordFrom(options.passwordFile);
      const client = await context.client();
      await client.request(
        'mutation ($input: RegisterClusterInput!) { registerDatabaseCluster(input: $input) { name } }',
        {
          input: {
            name,
            region,
            host,
            port,
            adminUser,
            adminPassword,
            maxDatabases,
            pooledTenantCost: pooledCost,
            dedicatedDatabaseCost: dedicatedCost,
            dedicatedWorkerCost: workerCost,
          },
        },
      );
      context.data(`cluster/${name} active\n`);
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
