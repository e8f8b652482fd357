import type { Command } from 'commander';
import type { Client } from '../client.js';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { parseFormat, render, renderOne } from '../output.js';
import { ruleConditions, segmentIds, withRuleConditions, type RuleOptions } from '../rule-options.js';
import { readYaml } from '../read-yaml.js';
import { policyCommands } from './approval-policy.js';
import {
  decided,
  environment,
  scopeOf,
  summary,
  withScope,
  type ScopeOptions,
  type Summary,
} from './flag.js';
import { constraintsOf } from './segment.js';

interface ChangeRequest {
  id: string;
  title: string;
  environment: string;
  status: string;
  statusReason: string | null;
  author: string;
  digest: string;
  approvalsNeeded: number;
  approvalsGiven: number;
  applyAt: string | null;
  changes: { summary: string }[];
  approvals: { by: string; at: string; comment: string | null; counts: boolean }[];
  conflicts: { change: string; expected: string; found: string }[];
  lint: { severity: string; code: string; message: string }[];
}

const fields = `id title environment status statusReason author digest approvalsNeeded approvalsGiven applyAt
  changes { summary } approvals { by at comment counts } conflicts { change expected found } lint { severity code message }`;

interface OpenOptions extends ScopeOptions, RuleOptions {
  env: string;
  title?: string;
  description?: string;
  clear?: boolean;
  revive?: boolean;
  kill?: boolean;
  definition?: string;
  file?: string;
  submit?: boolean;
  lintOverride?: string;
}

/** `tierdeck change-request open|list|show|submit|approve|reject|apply|schedule|unschedule|close|discard`. */
export function changeRequestCommands(program: Command, context: Context): void {
  const group = program
    .command('change-request')
    .alias('cr')
    .description('flag changes that somebody else approves first');

  const act = async (mutation: string, type: string, input: Record<string, unknown>): Promise<void> => {
    const client = await context.client();
    const answer = await client.request<Record<string, { changeRequest: ChangeRequest }>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { changeRequest { ${fields} } } }`,
      { input },
    );
    tell(context, (answer[mutation] as { changeRequest: ChangeRequest }).changeRequest);
  };

  withRuleConditions(withScope(group.command('open [flag] [value]')))
    .description('draft a change of a flag, of a segment, or all those of a file; nothing changes yet')
    .addOption(environment())
    .option('--title <text>', 'what it is for')
    .option('--description <text>', 'why')
    .option('--clear', 'take the rule of the scope away')
    .option('--kill', 'switch the flag off for everybody')
    .option('--revive', 'let its rules decide again')
    .option('--definition <file>', 'new riskClass, variants, dependencies, …, as YAML')
    .option('-f, --file <path>', 'YAML list of changes; of --segment without a flag, what it shall say')
    .option('--submit', 'submit it for review at once')
    .option('--lint-override <why>', 'why what the lint refuses is wanted')
    .action(async (flag: string | undefined, value: string | undefined, options: OpenOptions) => {
      const changes = await changesOf(await context.client(), flag, value, options);
      const title =
        options.title ?? `${flag ?? options.segment?.[0] ?? options.file ?? 'flags'} ${value ?? ''}`.trim();
      await act('openChangeRequest', 'OpenChangeRequestInput', {
        title,
        description: options.description,
        environment: options.env,
        submit: options.submit ?? false,
        lintOverride: options.lintOverride,
        changes,
      });
    });

  group
    .command('list')
    .description('change requests, the newest first')
    .option('-e, --env <name>', 'of one environment')
    .option('--status <status...>', 'e.g. IN_REVIEW')
    .option('--flag <flag>', 'that change this flag')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ env, status, flag, output }) => {
      const client = await context.client();
      const { changeRequests } = await client.request<{
        changeRequests: { edges: { node: ChangeRequest }[] };
      }>(
        `query ($environment: String, $status: [ChangeRequestStatus!], $flag: String) {
           changeRequests(first: 100, environment: $environment, status: $status, flag: $flag) {
             edges { node { ${fields} } } } }`,
        { environment: env, status, flag },
      );
      context.data(
        render(
          changeRequests.edges.map(({ node }) => node),
          output,
          [
            ['id', ({ id }) => id],
            ['status', (row) => row.status],
            ['approvals', (row) => `${row.approvalsGiven}/${row.approvalsNeeded}`],
            ['environment', (row) => row.environment],
            ['author', ({ author }) => author],
            ['changes', ({ changes }) => changes.length],
            ['title', ({ title }) => title],
          ],
          ({ id }) => id,
        ),
      );
    });

  group
    .command('show <id>')
    .description('its content, approvals and conflicts')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (id: string, { output }) => {
      const request = await find(await context.client(), id);
      if (output === 'table') show(context, request);
      else context.data(renderOne(request, output));
    });

  group
    .command('simulate <id>')
    .description('who would change if it were applied now; exit code 2 if anybody')
    .action(async (id: string) => {
      const client = await context.client();
      const { simulateChangeRequest } = await client.request<{ simulateChangeRequest: Impact[] }>(
        `query ($id: ID!) { simulateChangeRequest(id: $id, first: 0) { flag total affectedTotal affectedTenants
           transitions { before { enabled variant } after { enabled variant } count } } }`,
        { id },
      );
      for (const { flag, total, affectedTotal, affectedTenants, transitions } of simulateChangeRequest) {
        context.data(`${flag}: ${affectedTotal} of ${total} would change, of ${affectedTenants} tenants\n`);
        for (const { before, after, count } of transitions)
          context.data(`  ${count} from ${summary(before)} to ${summary(after)}\n`);
        if (affectedTotal > 0) context.exitCode = 2;
      }
    });

  for (const [verb, mutation, description] of [
    ['submit', 'submitChangeRequest', 'ask for its review'],
    ['apply', 'applyChangeRequest', 'make its changes, all or none'],
    ['unschedule', 'cancelChangeRequestSchedule', 'take its schedule away; approvals stay'],
    ['close', 'closeChangeRequest', 'withdraw it'],
    ['discard', 'discardChangeRequest', 'throw a draft away'],
  ] as const) {
    group
      .command(`${verb} <id>`)
      .description(description)
      .option('--reason <text>', 'for the audit')
      .action((id: string, { reason }) => act(mutation, 'ChangeRequestInput', { id, reason }));
  }

  for (const [verb, mutation, description] of [
    ['approve', 'approveChangeRequest', 'approve its content, as somebody else than its author'],
    ['reject', 'rejectChangeRequest', 'send it back to its author'],
  ] as const) {
    group
      .command(`${verb} <id>`)
      .description(description)
      .option('--digest <sha256>', 'of the content that you looked at; refused if it is another by now')
      .option('--comment <text>', 'for the author and the audit')
      .action(async (id: string, { digest, comment }) => {
        const request = await find(await context.client(), id);
        for (const { summary } of request.changes) context.message(summary);
        await act(mutation, 'ReviewChangeRequestInput', { id, digest: digest ?? request.digest, comment });
      });
  }

  group
    .command('schedule <id> <time>')
    .description('have it applied at a time, e.g. 2027-01-02T06:00:00Z')
    .action(async (id: string, time: string) => {
      const at = new Date(time);
      if (Number.isNaN(at.getTime()))
        throw new CliError('INVALID_ARGUMENT', `"${time}" is no time.`, 'E.g. 2027-01-02T06:00:00Z');
      await act('scheduleChangeRequest', 'ScheduleChangeRequestInput', { id, at: at.toISOString() });
    });

  policyCommands(group, context);
}

interface Impact {
  flag: string;
  total: number;
  affectedTotal: number;
  affectedTenants: number;
  transitions: { before: Summary; after: Summary; count: number }[];
}

async function changesOf(
  client: Client,
  flag: string | undefined,
  value: string | undefined,
  options: OpenOptions,
): Promise<unknown[]> {
  if (!flag && options.segment) return segmentChange(client, options);
  if (options.file) {
    const changes = await readYaml(options.file);
    return Array.isArray(changes) ? (changes as unknown[]) : [changes];
  }
  if (!flag) throw new CliError('INVALID_ARGUMENT', 'Name a flag, or a file with --file.');
  if (options.definition)
    return [{ kind: 'UPDATE_FLAG', flag, ...((await readYaml(options.definition)) as object) }];
  if (options.kill || options.revive)
    return [{ kind: 'SET_ENABLED', flag, enabled: options.revive ?? false }];
  const scope = scopeOf(options);
  if (options.clear) return [{ kind: 'CLEAR_RULE', flag, scope }];
  const conditions = await ruleConditions(client, options);
  return [{ kind: 'SET_RULE', flag, scope, ...decided(value ?? 'on'), ...conditions }];
}

/** What a segment shall say: constraints of a file, or of --where. */
async function segmentChange(client: Client, options: OpenOptions): Promise<unknown[]> {
  const [segment, ...more] = await segmentIds(client, options.segment ?? []);
  if (more.length > 0) throw new CliError('INVALID_ARGUMENT', 'Name one segment.');
  const constraints = (await constraintsOf(options)) ?? [];
  return [{ kind: 'UPDATE_SEGMENT', segment, constraints }];
}

async function find(client: Client, id: string): Promise<ChangeRequest> {
  const { changeRequest } = await client.request<{ changeRequest: ChangeRequest | null }>(
    `query ($id: ID!) { changeRequest(id: $id) { ${fields} } }`,
    { id },
  );
  if (!changeRequest)
    throw new CliError(
      'CHANGE_REQUEST_NOT_FOUND',
      `There is no change request "${id}".`,
      'tierdeck change-request list',
    );
  return changeRequest;
}

function tell(context: Context, { id, title, status, approvalsNeeded, approvalsGiven }: ChangeRequest): void {
  context.data(
    `change-request/${id} ${title}: ${status.toLowerCase()}, ${approvalsGiven} of ${approvalsNeeded} approvals\n`,
  );
  const missing = approvalsGiven < approvalsNeeded;
  if (status === 'DRAFT') context.message(`Next: tierdeck change-request submit ${id}`);
  if (status === 'IN_REVIEW' && missing)
    context.message(`Next, somebody else: tierdeck change-request approve ${id}`);
  if (status === 'IN_REVIEW' && !missing) context.message(`Next: tierdeck change-request apply ${id}`);
}

function show(context: Context, request: ChangeRequest): void {
  const { title, status, statusReason, author, environment: where, digest, applyAt } = request;
  const lines = [
    `${title}: ${status.toLowerCase()}${applyAt ? ` for ${applyAt}` : ''}${statusReason ? ` (${statusReason})` : ''}`,
    `by ${author} for ${where}, ${request.approvalsGiven} of ${request.approvalsNeeded} approvals`,
    `digest ${digest}`,
    ...request.changes.map(({ summary }) => `  ${summary}`),
    ...request.approvals.map(
      ({ by, comment, counts }) =>
        `${counts ? 'approved' : 'approved before an edit'} by ${by}${comment ? `: ${comment}` : ''}`,
    ),
    ...request.conflicts.map(
      ({ change, expected, found }) => `CONFLICT ${change}: expected ${expected}, found ${found}`,
    ),
    ...request.lint.map(({ severity, code, message }) => `${severity} ${code}: ${message}`),
  ];
  context.data(`${lines.join('\n')}\n`);
}
