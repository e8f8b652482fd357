import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { CliError } from '../cli-error.js';
import { followOperation, operationFields, reportOperation, type Operation } from '../follow-operation.js';
import { parseFormat, render, renderOne } from '../output.js';

interface TenantAndOperation {
  tenant: { slug: string; status: string; tier: string };
  operation?: Operation | null;
}

const placement = (flags: string, what: string) => new Option(flags, what).choices(['SHARED', 'DEDICATED']);
const tenantFields = `tenant { slug status tier }`;

/** `tierdeck tenant onboard|show|move|suspend|resume|offboard|token`. */
export function tenantCommands(program: Command, context: Context): void {
  const tenant = program.command('tenant').description('where tenants run and whether they do');

  const change = async (mutation: string, input: Record<string, unknown>, watch: boolean): Promise<void> => {
    const client = await context.client();
    const withOperation = mutation !== 'suspendTenant' && mutation !== 'resumeTenant';
    const name = withOperation
      ? `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`
      : 'TenantReasonInput';
    const answer = await client.request<Record<string, TenantAndOperation>>(
      `mutation ($input: ${name}!) { ${mutation}(input: $input) {
         ${tenantFields} ${withOperation ? `operation { ${operationFields} }` : ''} } }`,
      { input },
    );
    const { tenant: changed, operation } = answer[mutation] as TenantAndOperation;
    context.data(`tenant/${changed.slug} ${changed.status.toLowerCase()}\n`);
    await reportOperation(context, client, operation ?? null, watch);
  };

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
    .action((slug: string, { watch, label, workers: integrationWorkers, ...options }) =>
      change('onboardTenant', { slug, ...options, integrationWorkers, labels: labels(label) }, watch),
    );

  tenant
    .command('show <slug>')
    .description('one tenant: placements, units, workers')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (slug: string, { output }) => {
      const client = await context.client();
      const { tenant: found } = await client.request<{ tenant: object | null }>(
        `query ($slug: String!) { tenant(slug: $slug) { slug name tier status plan region labels
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
    .description('change where its database or its integration workers run')
    .addOption(placement('--database <placement>', 'database placement'))
    .addOption(placement('--workers <placement>', 'worker placement'))
    .option('--no-watch', 'do not wait')
    .action((slug: string, { watch, database, workers: integrationWorkers }) =>
      change('changePlacement', { tenant: slug, database, integrationWorkers }, watch),
    );

  tenant
    .command('suspend <slug>')
    .description('refuse its writes until resumed')
    .requiredOption('--reason <text>', 'for the audit')
    .action((slug: string, { reason }) => change('suspendTenant', { tenant: slug, reason }, false));

  tenant
    .command('resume <slug>')
    .description('serve it again')
    .action((slug: string) => change('resumeTenant', { tenant: slug }, false));

  tenant
    .command('offboard <slug>')
    .description('delete everything of a tenant')
    .requiredOption('--reason <text>', 'for the audit')
    .option('--confirm <slug>', 'the slug again, instead of the question')
    .option('--no-watch', 'do not wait')
    .action(async (slug: string, { reason, confirm, watch }) => {
      await context.confirm(`All data of ${slug} will be deleted.`, slug, confirm);
      await change('offboardTenant', { tenant: slug, confirm: slug, reason }, watch);
    });

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
