import { Argument, type Command } from 'commander';
import { allPages } from '../all-pages.js';
import { CliError } from '../cli-error.js';
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
  search?: string;
  tier?: string[];
  status?: string[];
  region?: string;
  label?: string;
}

const field =
  (...path: string[]) =>
  (row: Row): unknown =>
    path.reduce<unknown>((value, key) => (value as Row | null | undefined)?.[key], row);

const resources: Record<string, Resource> = {
  tenants: {
    query: `query ($after: String, $search: String, $tier: [IsolationTier!], $status: [TenantStatus!], $region: String,
      $label: String) { tenants(first: 200, after: $after, search: $search, tier: $tier, status: $status, region: $region,
      label: $label) { pageInfo { hasNextPage endCursor } edges { node {
      slug name tier status plan region labels database { placement name } integrationWorkers { placement } } } } }`,
    variables: ({ search, tier, status, region, label }) => ({ search, tier, status, region, label }),
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
  projects: {
    query: `{ projects { key name description } }`,
    columns: [
      ['project', field('key')],
      ['name', field('name')],
      ['description', field('description')],
    ],
    name: (row) => String(row['key']),
  },
  segments: {
    query: `{ segments { id name description constraints { contextName operator values value inverted } } }`,
    columns: [
      ['segment', field('id')],
      ['name', field('name')],
      ['constraints', (row) => (row['constraints'] as unknown as unknown[]).length],
      ['description', field('description')],
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

/** `tierdeck get tenants|flags|releases|operations|projects|segments|quotas [name]`; the singular does as well. */
export function getCommand(program: Command, context: Context): void {
  const kinds = Object.keys(resources);
  program
    .command('get')
    .description('list what there is')
    .addArgument(new Argument('<what>', 'kind of thing').choices(kinds).argParser(kindOf))
    .argument('[name]', 'only the one of this name; for quotas, the tenant')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .option('-t, --tenant <slug>', 'of one tenant (quotas, operations)')
    .option('--search <text>', 'tenants whose name or slug has this text')
    .option('--tier <tier...>', 'tenants of these isolation tiers')
    .option('--status <status...>', 'tenants in these states')
    .option('--region <region>', 'tenants of a region')
    .option('-l, --label <key=value>', 'tenants with this label')
    .action(async (what: string, name: string | undefined, options: GetOptions) => {
      const client = await context.client();
      const resource = resources[what] as Resource;
      if (what === 'quotas') {
        const rows = await quotas(client, resource, { ...options, ...(name ? { tenant: name } : {}) });
        context.data(render(rows, options.output, resource.columns, resource.name));
        return;
      }
      const all = await pages(client, resource, options);
      const rows = name === undefined ? all : all.filter((row) => resource.name(row) === name);
      if (name !== undefined && rows.length === 0) {
        throw new CliError(
          'NOT_FOUND',
          `There is no ${what.slice(0, -1)} "${name}".`,
          `tierdeck get ${what}`,
        );
      }
      context.data(render(rows, options.output, resource.columns, resource.name));
    });
}

/** @throws CliError for a kind that there is not. */
function kindOf(what: string): string {
  const kind = Object.keys(resources).find((name) => name === what || name === `${what}s`);
  if (kind) return kind;
  throw new CliError(
    'INVALID_ARGUMENT',
    `There is no kind "${what}".`,
    `One of: ${Object.keys(resources).join(', ')}.`,
  );
}

function pages(client: Client, { query, variables }: Resource, options: GetOptions): Promise<Row[]> {
  return allPages<Row>(client, query, variables?.(options));
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
