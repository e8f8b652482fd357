import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../client.js';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { withExamples } from '../examples.js';
import { parseFormat, render, renderOne } from '../output.js';
import { parseTime } from '../parse-time.js';
import { withRuleConditions } from '../rule-options.js';
import { withScope } from '../rule-scope.js';
import { summary, type Summary } from '../rule-value.js';
import { changesOf, type OpenOptions } from '../wanted-changes.js';
import { policyCommands } from './approval-policy.js';
import { environment } from './flag.js';

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

  const open = withRuleConditions(withScope(group.command('open [flag] [value]')))
    .description('draft a change of a flag, of a segment, or all those of a file; nothing changes yet')
    .addOption(environment())
    .option('--title <text>', 'what it is for')
    .option('--description <text>', 'why')
    .option('--clear', 'take the rule of the scope away')
    .option('--kill', 'switch the flag off for everybody')
    .option('--revive', 'let its rules decide again')
    .option('--archive', 'take the flag out of every environment')
    .option('--definition <file>', 'new riskClass, variants, dependencies, …, as YAML')
    .option('--strategies <file>', 'Unleash strategies, as "flag strategies set" takes them')
    .option('-f, --file <path>', 'YAML list of changes; of --segment without a flag, what it shall say')
    .option('--submit', 'submit it for review at once')
    .option('--lint-override <why>', 'why what the lint refuses is wanted')
    .action(async (flag: string | undefined, value: string | undefined, options: OpenOptions) => {
      const changes = await changesOf(await context.client(), flag, value, options);
      const title =
        options.title ??
        `${flag ?? options.segment?.[0] ?? (options.file && basename(options.file)) ?? 'flags'} ${value ?? ''}`.trim();
      await act('openChangeRequest', 'OpenChangeRequestInput', {
        title,
        description: options.description,
        environment: options.env,
        submit: options.submit ?? false,
        lintOverride: options.lintOverride,
        changes,
      });
    });
  withExamples(
    open,
    'tierdeck change-request open pricing.engine waterfall-v2 --branch northwind/boston --submit',
    'tierdeck change-request open pricing.engine --clear --tenant northwind --submit',
    'tierdeck change-request open pricing.engine --revive --submit',
    'tierdeck change-request open pricing.engine --strategies strategies.yaml --submit',
    'tierdeck change-request open pricing.engine --definition engine.yaml --submit',
    `tierdeck change-request open --segment Europe --where 'region IN eu,uk' --submit`,
    `tierdeck change-request open --file changes.yaml --title 'New prices' --submit`,
  );

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
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (id: string, { output }) => {
      const client = await context.client();
      const { simulateChangeRequest } = await client.request<{ simulateChangeRequest: Impact[] }>(
        `query ($id: ID!) { simulateChangeRequest(id: $id, first: 0) { flag total affectedTotal affectedTenants
           transitions { before { enabled variant } after { enabled variant } count } } }`,
        { id },
      );
      if (simulateChangeRequest.some(({ affectedTotal }) => affectedTotal > 0)) context.exitCode = 2;
      if (output !== 'table') {
        context.data(render(simulateChangeRequest, output, [], ({ flag }) => flag));
        return;
      }
      for (const { flag, total, affectedTotal, affectedTenants, transitions } of simulateChangeRequest) {
        context.data(
          `${flag}: ${affectedTotal} of ${total} would change, of ${counted(affectedTenants, 'tenant')}\n`,
        );
        for (const { before, after, count } of transitions)
          context.data(`  ${count} from ${summary(before)} to ${summary(after)}\n`);
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
      await act('scheduleChangeRequest', 'ScheduleChangeRequestInput', { id, at: parseTime(time) });
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
    `change-request/${id} ${title}: ${status.toLowerCase()}, ${approvalsGiven} of ${counted(approvalsNeeded, 'approval')}\n`,
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
    `by ${author} for ${where}, ${request.approvalsGiven} of ${counted(request.approvalsNeeded, 'approval')}`,
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
