import { type Command } from 'commander';
import type { Context } from '../context.js';
import { operationFields, reportOperation, type Operation } from '../follow-operation.js';
import { parseFormat, render } from '../output.js';

interface Database {
  id: string;
  cluster: string;
  name: string;
  kind: string;
  version: string | null;
  status: string;
  error: string | null;
  tenants: string[];
}

interface Fleet {
  version: string;
  current: number;
  behind: number;
  failed: number;
  prepared: { cluster: string; ready: number; wanted: number }[];
  databases: { pageInfo: { hasNextPage: boolean; endCursor: string | null }; edges: { node: Database }[] };
}

const query = `query ($after: String, $status: [FleetStatus!]) { fleet { version current behind failed
  prepared { cluster ready wanted }
  databases(first: 200, after: $after, status: $status) { pageInfo { hasNextPage endCursor }
    edges { node { id cluster name kind version status error tenants } } } } }`;

/** A pooled database holds more tenants than a line has room for. */
const tenantsShown = 3;

/** `tierdeck fleet status|migrate|retry`. */
export function fleetCommands(program: Command, context: Context): void {
  const fleet = program.command('fleet').description('the schema of all tenant databases');

  fleet
    .command('status')
    .description('version of each database, and why one is behind')
    .option('--failed', 'only those whose last migration failed')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ failed, output }) => {
      const client = await context.client();
      const databases: Database[] = [];
      let last: Fleet;
      let after: string | null = null;
      do {
        const answer: { fleet: Fleet } = await client.request(query, {
          after,
          status: failed ? ['FAILED'] : null,
        });
        last = answer.fleet;
        databases.push(...last.databases.edges.map(({ node }) => node));
        after = last.databases.pageInfo.endCursor;
      } while (last.databases.pageInfo.hasNextPage);
      context.message(
        `Newest migration ${last.version}: ${last.current} current, ${last.behind} behind, ${last.failed} failed.`,
      );
      for (const { cluster, ready, wanted } of last.prepared) {
        context.message(`Cluster ${cluster}: ${ready} of ${wanted} prepared databases ready.`);
      }
      context.data(
        render(
          databases,
          output,
          [
            ['database', ({ cluster, name }) => `${cluster}/${name}`],
            ['kind', ({ kind }) => kind],
            ['version', ({ version }) => version],
            ['status', ({ status }) => status],
            ['tenants', ({ tenants }) => shortened(tenants)],
            ['error', ({ error }) => error],
          ],
          ({ cluster, name }) => `${cluster}/${name}`,
        ),
      );
    });

  const run = async (mutation: string, input: Record<string, unknown>, watch: boolean): Promise<void> => {
    const client = await context.client();
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const answer = await client.request<Record<string, { operation: Operation | null }>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { operation { ${operationFields} } } }`,
      { input },
    );
    const operation = answer[mutation]?.operation ?? null;
    if (!operation) context.message('Nothing is behind.');
    await reportOperation(context, client, operation, watch);
  };

  fleet
    .command('migrate')
    .description('bring every database that is behind to the newest migration')
    .option('--no-watch', 'do not wait')
    .action(({ watch }) => run('migrateFleet', {}, watch));

  fleet
    .command('retry <database>')
    .description('migrate one database alone: cluster/name, or the slug of its tenant')
    .option('--no-watch', 'do not wait')
    .action((database: string, { watch }) => run('retryFleetMigration', { database }, watch));
}

function shortened(tenants: readonly string[]): string {
  const more = tenants.length - tenantsShown;
  return tenants.slice(0, tenantsShown).join(' ') + (more > 0 ? ` and ${more} more` : '');
}
