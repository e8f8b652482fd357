import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from '../client.js';
import type { Context } from '../context.js';
import { CliError } from '../cli-error.js';
import { parseFormat, render, renderOne } from '../output.js';
import { readYaml } from '../read-yaml.js';
import { withSegmentIds } from '../segment-names.js';

interface Release {
  id: string;
  name: string;
  status: string;
  statusReason: string | null;
  exposedTenants: number;
  waves: {
    position: number;
    name: string;
    status: string;
    reason: string | null;
    tenants: { status: string; tenant: { slug: string } }[];
    gates: { kpi: string; verdict: string; observed: number | null; samples: number; explanation: string }[];
  }[];
}

const releaseFields = `id name status statusReason exposedTenants waves { position name status reason
  tenants { status tenant { slug } } gates { kpi verdict observed samples explanation } }`;

const ended = new Set(['SUCCEEDED', 'FAILED', 'ABORTED', 'ROLLED_BACK']);

/** `tierdeck release create|plan|promote|approve|start|pause|resume|abort|rollback|show|watch`. */
export function releaseCommands(program: Command, context: Context): void {
  const release = program.command('release').description('when tenants change');

  const act = async (mutation: string, type: string, input: Record<string, unknown>): Promise<Release> => {
    const client = await context.client();
    const answer = await client.request<Record<string, { release: Release }>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { release { ${releaseFields} } } }`,
      { input },
    );
    return (answer[mutation] as { release: Release }).release;
  };
  const told = ({ id, name, status }: Release): void =>
    context.data(`release/${id} ${name}: ${status.toLowerCase()}\n`);

  release
    .command('create')
    .description('make a release from a YAML file: name, flagChanges, migrations, waves')
    .requiredOption('-f, --file <path>', 'release file; "tierdeck release plan" shows what it would do')
    .action(async ({ file }) =>
      told(await act('createRelease', 'CreateReleaseInput', await readRelease(await context.client(), file))),
    );

  release
    .command('plan')
    .description('which tenant would come in which wave')
    .requiredOption('-f, --file <path>', 'release file')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async ({ file, output }) => {
      const client = await context.client();
      const { planRelease } = await client.request<{ planRelease: Plan }>(
        `query ($input: PlanReleaseInput!) { planRelease(input: $input) {
           unmatched warnings waves { position name tenants } } }`,
        { input: await readRelease(client, file) },
      );
      context.data(
        render(
          planRelease.waves,
          output,
          [
            ['wave', ({ position }) => position],
            ['name', ({ name }) => name],
            ['tenants', ({ tenants }) => tenants.join(' ') || '—'],
          ],
          ({ name }) => name,
        ),
      );
      if (planRelease.unmatched.length > 0) context.message(`In no wave: ${planRelease.unmatched.join(' ')}`);
      for (const warning of planRelease.warnings) context.message(`warning: ${warning}`);
    });

  const simple: [verb: string, mutation: string, description: string][] = [
    ['promote', 'promoteRelease', 'prove it in staging and make it ready for production'],
    ['start', 'startRelease', 'send it through its waves'],
    ['resume', 'resumeRelease', 'go on after a pause'],
  ];
  for (const [verb, mutation, description] of simple) {
    release
      .command(`${verb} <id>`)
      .description(description)
      .action(async (id: string) => told(await act(mutation, 'ReleaseInput', { id })));
  }

  const withReason: [verb: string, mutation: string, description: string][] = [
    ['pause', 'pauseRelease', 'start no further tenant'],
    ['abort', 'abortRelease', 'end it; exposed tenants keep it'],
    ['rollback', 'rollBackRelease', 'take it back from the exposed tenants'],
  ];
  for (const [verb, mutation, description] of withReason) {
    release
      .command(`${verb} <id>`)
      .description(description)
      .option('--reason <text>', 'for the audit')
      .action(async (id: string, { reason }) => told(await act(mutation, 'ReleaseInput', { id, reason })));
  }

  release
    .command('approve <id>')
    .description('approve its content, as somebody else than its author')
    .option('--comment <text>', 'for the audit')
    .action(async (id: string, { comment }) =>
      told(await act('approve', 'ApproveInput', { release: id, comment })),
    );

  release
    .command('show <id>')
    .description('its waves as they are now, with their tenants and gates')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (id: string, { output }) => {
      const found = await find(await context.client(), id);
      if (output !== 'table') return context.data(renderOne(found, output));
      told(found);
      if (found.statusReason) context.data(`${found.statusReason}\n`);
      for (const wave of found.waves) {
        context.data(`${waveText(wave)}\n`);
        for (const { status, tenant } of wave.tenants)
          context.data(`    ${tenant.slug} ${status.toLowerCase()}\n`);
        for (const { kpi, explanation } of wave.gates) context.data(`    ${kpi}: ${explanation}\n`);
      }
    });

  release
    .command('watch <id>')
    .description('follow its waves to the end')
    .action(async (id: string) => watch(context, await context.client(), id));
}

interface Plan {
  waves: { position: number; name: string; tenants: string[] }[];
  unmatched: string[];
  warnings: string[];
}

/** A release file; segments in it go by name or id. @throws CliError FILE_NOT_FOUND, FILE_INVALID, SEGMENT_NOT_FOUND */
async function readRelease(client: Client, file: string): Promise<Record<string, unknown>> {
  const content = await readYaml(file);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new CliError(
      'FILE_INVALID',
      `${file} is no release: it has no name, flagChanges, migrations, waves.`,
    );
  const release = content as Record<string, unknown>;
  const changes = release['flagChanges'];
  if (!Array.isArray(changes)) return release;
  return { ...release, flagChanges: await withSegmentIds(client, changes as unknown[]) };
}

async function find(client: Client, id: string): Promise<Release> {
  const { release } = await client.request<{ release: Release | null }>(
    `query ($id: ID!) { release(id: $id) { ${releaseFields} } }`,
    { id },
  );
  if (!release)
    throw new CliError('RELEASE_NOT_FOUND', `There is no release "${id}".`, 'tierdeck get releases');
  return release;
}

function waveText({ name, status, reason, tenants }: Release['waves'][number]): string {
  const exposed = tenants.filter((one) => one.status === 'EXPOSED').length;
  return `  ${name}: ${status.toLowerCase()}, ${exposed} of ${tenants.length} exposed${reason ? `; ${reason}` : ''}`;
}

/** A line for each change of a wave. Ends with 1 unless the release succeeds. */
async function watch(context: Context, client: Client, id: string): Promise<void> {
  const told = new Set<string>();
  for (;;) {
    const release = await find(client, id);
    for (const wave of release.waves) {
      const line = waveText(wave);
      if (wave.status !== 'PENDING' && !told.has(line)) context.message(line);
      told.add(line);
    }
    if (ended.has(release.status)) {
      context.data(`release/${id} ${release.name}: ${release.status.toLowerCase()}\n`);
      if (release.statusReason) context.message(release.statusReason);
      if (release.status !== 'SUCCEEDED') context.exitCode = 1;
      return;
    }
    await sleep(500);
  }
}
