import { Option, type Command } from 'commander';
import { abortMove, showPlan, type MoveOptions } from './tenant-move.js';
import type { Context } from '../context.js';
import { CliError } from '../cli-error.js';
import { followOperation, operationFields, type Operation } from '../follow-operation.js';
import { parseFormat, render, renderOne } from '../output.js';
import { backupCommands } from './backup.js';
import { lifecycleCommands } from './lifecycle.js';
import { tenantChange } from './tenant-change.js';

const placement = (flags: string, what: string) =>
  new Option(flags, what).argParser((value) => {
    const wanted = value.toUpperCase();
    if (wanted === 'SHARED' || wanted === 'DEDICATED') return wanted;
    throw new CliError(
      'INVALID_ARGUMENT',
      `"${value}" is no placement.`,
      `${flags.split(' ')[0]} shared|dedicated`,
    );
  });

/** `tierdeck tenant onboard|show|move|token`; the others stand in lifecycle.ts. */
export function tenantCommands(program: Command, context: Context): void {
  const tenant = program.command('tenant').description('where tenants run and whether they do');

  const change = tenantChange(context);

  tenant
    .command('onboard <slug>')
    .description('make a tenant: placements, data, units')
    .requiredOption('-n, --name <name>', 'name of the business')
    .option('-p, --plan <plan>', 'plan with the default quotas', 'standard')
    .option('-r, --region <region>', 'region that its placements must respect')
    .addOption(placement('--database <placement>', 'database placement').default('SHARED'))
    .addOption(placement('--workers <placement>', 'worker placement').default('SHARED'))
    .option('--kit <kit>', 'data to start with, a folder of tenants/kits')
    .option('-l, --label <key=value...>', 'labels for waves and lists')
    .option('--no-watch', 'do not wait')
    .action(async (slug: string, { watch, label, workers: integrationWorkers, ...options }) => {
      await change('onboardTenant', { slug, ...options, integrationWorkers, labels: labels(label) }, watch);
    });

  tenant
    .command('show <slug>')
    .description('one tenant: placements, units, workers')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (slug: string, { output }) => {
      const client = await context.client();
      const { tenant: found } = await client.request<{ tenant: object | null }>(
        `query ($slug: String!) { tenant(slug: $slug) { slug name tier status suspension eraseAfter plan region labels
           legalHolds { id reason placedAt releasedAt }
           database { placement cluster name loginRole } integrationWorkers { placement instances { id alive seenAt } }
           unitCounts { kind count } createdAt } }`,
        { slug },
      );
      if (!found)
        throw new CliError('TENANT_NOT_FOUND', `There is no tenant "${slug}".`, 'tierdeck get tenants');
      context.data(renderOne(found, output));
    });

  tenant
    .command('move <slug>')
    .description('change where its database or its integration workers run, online')
    .addOption(placement('--database <placement>', 'database placement'))
    .option('--cluster <cluster>', 'another cluster for its database')
    .addOption(placement('--workers <placement>', 'worker placement'))
    .option('--plan', 'only show what it would mean')
    .option('--abort', 'stop a move that has not cut over yet; the tenant stays where it is')
    .option('--undo', 'go back to the former database, with all that was written since')
    .option('--finish', 'give up the way back now; the former database is erased')
    .option('--reason <text>', 'for the audit, with --undo and --finish')
    .option('--watch', 'follow it to the end (default)')
    .option('--no-watch', 'do not wait')
    .action(async (slug: string, options: MoveOptions) => {
      const { watch, reason } = options;
      if (options.abort) return abortMove(context, slug, watch);
      if (options.undo) return void (await change('undoMove', { tenant: slug, reason }, watch));
      if (options.finish) return void (await change('finishMove', { tenant: slug, reason }, watch));
      const { database, cluster, workers: integrationWorkers } = options;
      const wish = { tenant: slug, database, cluster, integrationWorkers };
      if (options.plan) return showPlan(context, wish);
      await change('changePlacement', wish, watch);
    });

  lifecycleCommands(tenant, context);

  tenant
    .command('token <slug>')
    .description('make a bearer token for its systems; shown once')
    .option('-n, --name <name>', 'what it is for', 'cli')
    .action(async (slug: string, { name }) => {
      const client = await context.client();
      const { createTenantToken } = await client.request<{ createTenantToken: { secret: string } }>(
        `mutation ($input: CreateTenantTokenInput!) { createTenantToken(input: $input) { secret } }`,
        { input: { tenant: slug, name } },
      );
      context.data(`${createTenantToken.secret}\n`);
    });

  backupCommands(tenant, context);
  operationCommands(program, context);
}

function operationCommands(program: Command, context: Context): void {
  const operation = program.command('operation').description('long work: follow it, retry it, cancel it');

  operation
    .command('watch <id>')
    .description('follow the steps to the end')
    .action(async (id: string) => void (await followOperation(context, await context.client(), id)));

  for (const verb of ['retry', 'cancel'] as const) {
    operation
      .command(`${verb} <id>`)
      .description(verb === 'retry' ? 'go on at the step that failed' : 'stop before the next step')
      .action(async (id: string) => {
        const client = await context.client();
        await client.request(
          `mutation ($input: OperationIdInput!) { ${verb}Operation(input: $input) { operation { id } } }`,
          { input: { id } },
        );
        if (verb === 'retry') await followOperation(context, client, id);
      });
  }

  operation
    .command('list')
    .description('the newest operations')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ output }) => {
      const client = await context.client();
      const { operations } = await client.request<{ operations: { edges: { node: Operation }[] } }>(
        `{ operations(first: 50) { edges { node { ${operationFields} } } } }`,
      );
      const rows = operations.edges.map(({ node }) => node);
      context.data(
        render(
          rows,
          output,
          [
            ['operation', ({ id }) => id],
            ['kind', ({ kind }) => kind],
            ['subject', ({ subject }) => subject],
            ['status', ({ status }) => status],
          ],
          ({ id }) => id,
        ),
      );
    });
}

/** `region=eu ring=canary` as a map. @throws CliError for one without `=`. */
export function labels(pairs: string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (pairs ?? []).map((pair) => {
      const [key, ...rest] = pair.split('=');
      if (!key || rest.length === 0)
        throw new CliError('INVALID_ARGUMENT', `"${pair}" is no label.`, '--label key=value');
      return [key, rest.join('=')];
    }),
  );
}
