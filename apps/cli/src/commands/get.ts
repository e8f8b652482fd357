import { Argument, type Command } from 'commander';
import type { Client } from '../client.js';
import type { Context } from '../context.js';
import { parseFormat, render, type Column, type Format } from '../output.js';

type Row = Record<string, never> & { [key: string]: unknown };

interface Resource {
  /** One page of a connection, or the whole list. */
  query: string;
  variables?: (options: GetOptions) => Record<string, unknown>;
  columns: Column<Row>[];
  name: (row: Row) => string;
}

interface GetOptions {
  output: Format;
  tenant?: string;
}

const field =
  (...path: string[]) =>
  (row: Row): unknown =>
    path.reduce<unknown>((value, key) => (value as Row | null | undefined)?.[key], row);

const resources: Record<string, Resource> = {
  tenants: {
    query: `query ($after: String) { tenants(first: 200, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
      slug name tier status plan region labels database { placement name } integrationWorkers { placement } } } } }`,
    columns: [
      ['tenant', field('slug')],
      ['tier', field('tier')],
      ['status', field('status')],
      ['plan', field('plan')],
      ['region', field('region')],
      ['database', field('database', 'name')],
      ['integration workers', field('integrationWorkers', 'placement')],
    ],
    name: (row) => String(row['slug']),
  },
  flags: {
    query: `query ($after: String) { flags(first: 200, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
      key kind riskClass archived environments { name enabled rules { id } } } } } }`,
    columns: [
      ['flag', field('key')],
      ['kind', field('kind')],
      ['risk', field('riskClass')],
      ['environments', (row) => environments(row)],
    ],
    name: (row) => String(row['key']),
  },
  releases: {
    query: `query ($after: String) { releases(first: 100, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
      id name status exposedTenants createdBy createdAt } } } }`,
    columns: [
      ['release', field('id')],
      ['name', field('name')],
      ['status', field('status')],
      ['exposed', field('exposedTenants')],
      ['by', field('createdBy')],
      ['created', field('createdAt')],
    ],
    name: (row) => String(row['id']),
  },
  operations: {
    query: `query ($after: String, $tenant: String) { operations(first: 100, after: $after, tenant: $tenant) {
      pageInfo { hasNextPage endCursor } edges { node { id kind subject status requestedBy createdAt finishedAt } } } }`,
    variables: ({ tenant }) => ({ tenant }),
    columns: [
      ['operation', field('id')],
      ['kind', field('kind')],
      ['subject', field('subject')],
      ['status', field('status')],
      ['by', field('requestedBy')],
      ['created', field('createdAt')],
    ],
    name: (row) => String(row['id']),
  },
  quotas: {
    query: `query ($tenant: String!) { quotas(tenant: $tenant) { tenant kind limit burst hard source planLimit boost { until } } }`,
    variables: ({ tenant }) => ({ tenant }),
    columns: [
      ['tenant', field('tenant')],
      ['quota', field('kind')],
      ['limit', field('limit')],
      ['burst', field('burst')],
      ['hard', field('hard')],
      ['source', field('source')],
      ['plan', field('planLimit')],
      ['boost until', field('boost', 'until')],
    ],
    name: (row) => `${String(row['tenant'])}/${String(row['kind'])}`,
  },
};

/** `tierdeck get tenants|flags|releases|operations|quotas`. */
export function getCommand(program: Command, context: Context): void {
  program
    .command('get')
    .description('list what there is')
    .addArgument(new Argument('<what>', 'kind of thing').choices(Object.keys(resources)))
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .option('-t, --tenant <slug>', 'of one tenant (quotas, operations)')
    .action(async (what: string, options: GetOptions) => {
      const client = await context.client();
      const resource = resources[what] as Resource;
      const rows =
        what === 'quotas' ? await quotas(client, resource, options) : await pages(client, resource, options);
      context.data(render(rows, options.output, resource.columns, resource.name));
    });
}

async function pages(client: Client, { query, variables }: Resource, options: GetOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: string | null = null; ;) {
    const answer: Record<string, Page> = await client.request(query, { ...variables?.(options), after });
    const page = Object.values(answer)[0] as Page;
    rows.push(...page.edges.map(({ node }) => node));
    if (!page.pageInfo.hasNextPage) return rows;
    after = page.pageInfo.endCursor;
  }
}

interface Page {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: Row }[];
}

async function quotas(client: Client, resource: Resource, { tenant }: GetOptions): Promise<Row[]> {
  const slugs = tenant ? [tenant] : await tenantSlugs(client);
  const answers = await Promise.all(
    slugs.map((slug) => client.request<{ quotas: Row[] }>(resource.query, { tenant: slug })),
  );
  return answers.flatMap((answer) => answer.quotas);
}

async function tenantSlugs(client: Client): Promise<string[]> {
  const rows = await pages(client, resources['tenants'] as Resource, { output: 'name' });
  return rows.map((row) => String(row['slug']));
}

function environments(row: Row): string {
  const list = row['environments'] as unknown as { name: string; enabled: boolean; rules: unknown[] }[];
  return list
    .map(({ name, enabled, rules }) => `${name}:${enabled ? 'on' : 'off'}(${rules.length})`)
    .join(' ');
}
