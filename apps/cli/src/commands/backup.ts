import { Option, type Command } from 'commander';
import type { Client } from '../client.js';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { download } from '../download.js';
import { followOperation, reportOperation } from '../follow-operation.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';
import { findSession } from '../session.js';

interface Backup {
  id: string;
  status: string;
  reason: string;
  snapshotAt: string | null;
  rows: number | null;
  storedBytes: number | null;
  error: string | null;
}

interface Drill {
  id: string;
  status: string;
  startedAt: string;
  recoveryMs: number | null;
  dataAgeMs: number | null;
  rows: number | null;
  error: string | null;
}

/** `tierdeck tenant backup|backups|backup-policy|restore|export|drill|drills|rotate-key`. */
export function backupCommands(tenant: Command, context: Context): void {
  tenant
    .command('backup <slug>')
    .description('archive all of its rows, encrypted with its key')
    .option('--no-watch', 'do not wait')
    .action(async (slug: string, { watch }) => {
      const client = await context.client();
      context.data(`backup/${await backUp(context, client, slug, watch)}\n`);
    });

  tenant
    .command('backups <slug>')
    .description('its archives, the newest first')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (slug: string, { output }) => {
      const { backups } = await ofTenant<{ backups: Backup[] }>(
        await context.client(),
        slug,
        'backups { id status reason snapshotAt rows storedBytes error }',
      );
      context.data(
        render(
          backups,
          output,
          [
            ['backup', ({ id }) => id],
            ['status', ({ status }) => status],
            ['reason', ({ reason }) => reason],
            ['state of', ({ snapshotAt }) => snapshotAt],
            ['rows', ({ rows }) => rows],
            ['bytes', ({ storedBytes }) => storedBytes],
            ['error', ({ error }) => error],
          ],
          ({ id }) => id,
        ),
      );
    });

  tenant
    .command('restore <slug>')
    .description('restore an archive: in place, as a new tenant, or beside it')
    .option('--backup <id>', 'which; the newest if not given')
    .option('--as <new-slug>', 'as a new tenant, which waits to be resumed')
    .option('--name <name>', 'of the new tenant')
    .addOption(new Option('--database <placement>', 'of the new tenant').choices(['SHARED', 'DEDICATED']))
    .option('--side-by-side', 'into a database beside it, to look at')
    .option('--hours <n>', 'how long that database stays', number)
    .option('--confirm <slug>', 'in place: the slug again, instead of the question')
    .option('--no-watch', 'do not wait')
    .action(async (slug: string, options) => {
      const { as: newSlug, name: newName, sideBySide, watch, confirm, ...rest } = options;
      if (newSlug && sideBySide) {
        throw new CliError(
          'INVALID_ARGUMENT',
          'Either --as or --side-by-side.',
          'tierdeck tenant restore --help',
        );
      }
      const mode = newSlug ? 'NEW_TENANT' : sideBySide ? 'SIDE_BY_SIDE' : 'IN_PLACE';
      if (mode === 'IN_PLACE') {
        await context.confirm(`What ${slug} has now will be replaced.`, slug, confirm);
      }
      const input = {
        tenant: slug,
        mode,
        newSlug,
        newName,
        ...rest,
        ...(mode === 'IN_PLACE' ? { confirm: slug } : {}),
      };
      const client = await context.client();
      const { restoreTenant } = await client.request<{
        restoreTenant: {
          tenant: { slug: string };
          restore: {
            id: string;
            beforeBackupId: string | null;
            cluster: string | null;
            databaseName: string | null;
          };
          operation: { id: string };
        };
      }>(
        `mutation ($input: RestoreTenantInput!) { restoreTenant(input: $input) { tenant { slug }
           restore { id beforeBackupId cluster databaseName } operation { id } } }`,
        { input },
      );
      await reportOperation(context, client, restoreTenant.operation, watch);
      const { restore } = restoreTenant;
      if (restore.databaseName) context.data(`database/${restore.cluster}/${restore.databaseName}\n`);
      else context.data(`tenant/${restoreTenant.tenant.slug} ${watch ? 'restored' : 'restoring'}\n`);
      if (restore.beforeBackupId) {
        context.message(`To undo it: tierdeck tenant restore ${slug} --backup ${restore.beforeBackupId}`);
      }
      if (mode === 'NEW_TENANT') context.message(`It waits to be served: tierdeck tenant resume ${newSlug}`);
    });

  tenant
    .command('export <slug>')
    .description('write an archive to a file; takes a new one unless --backup is given')
    .requiredOption('--out <file>', 'where to')
    .option('--backup <id>', 'an archive that is there')
    .option('--plain', 'the rows in clear, as CSV in a .tar.gz, for their owner')
    .action(async (slug: string, { out, backup, plain }) => {
      const client = await context.client();
      const id = backup ?? (await backUp(context, client, slug, true));
      const path = `/backups/${encodeURIComponent(id)}/archive${plain ? '?plain=true' : ''}`;
      await download(await findSession(context.env), path, out);
      context.data(`${out}\n`);
    });

  tenant
    .command('drill <slug>')
    .description('show that an archive can be restored, and how fast')
    .option('--backup <id>', 'which; the newest if not given')
    .action(async (slug: string, { backup }) => {
      const client = await context.client();
      const { runRestoreDrill } = await client.request<{ runRestoreDrill: { operation: { id: string } } }>(
        'mutation ($input: RunRestoreDrillInput!) { runRestoreDrill(input: $input) { operation { id } } }',
        { input: { tenant: slug, backup } },
      );
      await followOperation(context, client, runRestoreDrill.operation.id);
      await listDrills(context, client, slug, 1, 'table');
    });

  tenant
    .command('drills <slug>')
    .description('the evidence of its restore drills, the newest first')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (slug: string, { output }) =>
      listDrills(context, await context.client(), slug, 100, output),
    );

  tenant
    .command('backup-policy <slug>')
    .description('how often it is archived, how long archives stay; without options: show it')
    .option('--every <minutes>', 'time between two archives', number)
    .option('--keep <n>', 'keep at least so many', number)
    .option('--keep-days <days>', 'keep all that are younger', number)
    .option('--drill-every <days>', 'time between two restore drills', number)
    .addOption(new Option('--schedule <state>', 'on or off').choices(['on', 'off']))
    .action(async (slug: string, { every, keep, keepDays, drillEvery, schedule }) => {
      const client = await context.client();
      const wanted = {
        intervalMinutes: every,
        keepCount: keep,
        keepDays,
        drillIntervalDays: drillEvery,
        ...(schedule ? { enabled: schedule === 'on' } : {}),
      };
      if (Object.values(wanted).some((value) => value !== undefined)) {
        await client.request(
          'mutation ($input: SetBackupPolicyInput!) { setBackupPolicy(input: $input) { ok } }',
          {
            input: { tenant: slug, ...wanted },
          },
        );
      }
      const found = await ofTenant<object>(
        client,
        slug,
        `backupFreshness lastBackupAt drillState
         backupPolicy { source enabled intervalMinutes keepCount keepDays drillIntervalDays }`,
      );
      context.data(`${JSON.stringify(found, null, 2)}\n`);
    });

  tenant
    .command('rotate-key <slug>')
    .description('make a new key for its new archives; older ones stay readable')
    .action(async (slug: string) => {
      const client = await context.client();
      const { rotateTenantKey } = await client.request<{ rotateTenantKey: { version: number } }>(
        'mutation ($input: RotateTenantKeyInput!) { rotateTenantKey(input: $input) { version } }',
        { input: { tenant: slug } },
      );
      context.data(`tenant/${slug} key version ${rotateTenantKey.version}\n`);
    });
}

async function backUp(context: Context, client: Client, slug: string, watch: boolean): Promise<string> {
  const { backUpTenant } = await client.request<{
    backUpTenant: { backup: { id: string }; operation: { id: string } };
  }>(
    'mutation ($input: BackUpTenantInput!) { backUpTenant(input: $input) { backup { id } operation { id } } }',
    {
      input: { tenant: slug },
    },
  );
  await reportOperation(context, client, backUpTenant.operation, watch);
  return backUpTenant.backup.id;
}

async function listDrills(
  context: Context,
  client: Client,
  slug: string,
  first: number,
  output: ReturnType<typeof parseFormat>,
): Promise<void> {
  const { restoreDrills } = await ofTenant<{ restoreDrills: Drill[] }>(
    client,
    slug,
    `restoreDrills(first: ${first}) { id status startedAt recoveryMs dataAgeMs rows error }`,
  );
  context.data(
    render(
      restoreDrills,
      output,
      [
        ['drill', ({ id }) => id],
        ['status', ({ status }) => status],
        ['began', ({ startedAt }) => startedAt],
        [
          'recovery time',
          ({ recoveryMs }) => (recoveryMs === null ? null : `${(recoveryMs / 1_000).toFixed(1)} s`),
        ],
        [
          'age of data',
          ({ dataAgeMs }) => (dataAgeMs === null ? null : `${Math.round(dataAgeMs / 1_000)} s`),
        ],
        ['rows', ({ rows }) => rows],
        ['error', ({ error }) => error],
      ],
      ({ id }) => id,
    ),
  );
}

/** @throws CliError TENANT_NOT_FOUND */
async function ofTenant<T>(client: Client, slug: string, fields: string): Promise<T> {
  const { tenant } = await client.request<{ tenant: T | null }>(
    `query ($slug: String!) { tenant(slug: $slug) { ${fields} } }`,
    { slug },
  );
  if (!tenant)
    throw new CliError('TENANT_NOT_FOUND', `There is no tenant "${slug}".`, 'tierdeck get tenants');
  return tenant;
}
