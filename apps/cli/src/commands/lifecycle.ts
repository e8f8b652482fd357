import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { CliError } from '../cli-error.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';
import { tenantChange } from './tenant-change.js';

interface Hold {
  id: string;
  reason: string;
  placedBy: string;
  placedAt: string;
  releasedAt: string | null;
}

/** `tierdeck tenant suspend|resume|offboard|undelete|hold|receipt`. */
export function lifecycleCommands(tenant: Command, context: Context): void {
  const change = tenantChange(context);

  tenant
    .command('suspend <slug>')
    .description('refuse its requests until resumed: all of them, or writes alone')
    .requiredOption('--reason <text>', 'for the audit')
    .addOption(new Option('--mode <mode>', 'what is refused').choices(['all', 'read-only']).default('all'))
    .action(async (slug: string, { reason, mode }) => {
      const input = { tenant: slug, reason, mode: mode === 'all' ? 'ALL' : 'READ_ONLY' };
      await change('suspendTenant', input, false);
    });

  tenant
    .command('resume <slug>')
    .description('serve it again')
    .action(async (slug: string) => void (await change('resumeTenant', { tenant: slug }, false)));

  tenant
    .command('offboard <slug>')
    .description('archive it, keep it for the retention time, then delete everything of it')
    .requiredOption('--reason <text>', 'for the audit')
    .option('--retention <hours>', 'how long it can be brought back; 0: delete at once', number)
    .option('--confirm <slug>', 'the slug again, instead of the question')
    .option('--no-watch', 'do not wait')
    .action(async (slug: string, { reason, retention, confirm, watch }) => {
      await context.confirm(`All data of ${slug} will be deleted.`, slug, confirm);
      const input = { tenant: slug, confirm: slug, reason, retentionHours: retention };
      const { eraseAfter } = await change('offboardTenant', input, watch && retention === 0);
      if (retention !== 0 && eraseAfter) {
        context.message(
          `Its data is kept until ${eraseAfter}. To bring it back: tierdeck tenant undelete ${slug}`,
        );
      }
    });

  tenant
    .command('undelete <slug>')
    .description('bring an offboarded tenant back inside its retention time')
    .option('--reason <text>', 'for the audit')
    .action(async (slug: string, { reason }) => {
      await change('undeleteTenant', { tenant: slug, reason }, false);
    });

  tenant
    .command('receipt <slug>')
    .description('what was looked for and not found when it was erased')
    .action(async (slug: string) => {
      const { tenant: found } = await (
        await context.client()
      ).request<{ tenant: { erasureReceipt: unknown } | null }>(
        'query ($slug: String!) { tenant(slug: $slug) { erasureReceipt } }',
        { slug },
      );
      if (!found?.erasureReceipt) {
        throw new CliError('NO_RECEIPT', `"${slug}" was not erased.`, `tierdeck tenant show ${slug}`);
      }
      context.data(`${JSON.stringify(found.erasureReceipt, null, 2)}\n`);
    });

  holdCommands(tenant, context);
}

function holdCommands(tenant: Command, context: Context): void {
  const change = tenantChange(context);
  const hold = tenant.command('hold').description('legal holds: what is held is not erased');

  hold
    .command('place <slug>')
    .description('keep its data from being erased')
    .requiredOption('--reason <text>', 'for the audit')
    .action(async (slug: string, { reason }) => {
      await change('placeLegalHold', { tenant: slug, reason }, false);
    });

  hold
    .command('release <id>')
    .description('let it go')
    .requiredOption('--reason <text>', 'for the audit')
    .action(async (id: string, { reason }) => void (await change('releaseLegalHold', { id, reason }, false)));

  hold
    .command('list <slug>')
    .description('holds of a tenant, also those released')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (slug: string, { output }) => {
      const client = await context.client();
      const { tenant: found } = await client.request<{ tenant: { legalHolds: Hold[] } | null }>(
        'query ($slug: String!) { tenant(slug: $slug) { legalHolds { id reason placedBy placedAt releasedAt } } }',
        { slug },
      );
      if (!found)
        throw new CliError('TENANT_NOT_FOUND', `There is no tenant "${slug}".`, 'tierdeck get tenants');
      context.data(
        render(
          found.legalHolds,
          output,
          [
            ['hold', ({ id }) => id],
            ['reason', ({ reason }) => reason],
            ['placed by', ({ placedBy }) => placedBy],
            ['placed', ({ placedAt }) => placedAt],
            ['released', ({ releasedAt }) => releasedAt],
          ],
          ({ id }) => id,
        ),
      );
    });
}
