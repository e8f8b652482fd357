import type { Command } from 'commander';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { CliError } from '../cli-error.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';

interface AuditEvent {
  revision: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  reason: string | null;
}

interface Alert {
  id: string;
  kind: string;
  source: string;
  tenant: string | null;
  attempts: number;
  firstAt: string;
  lastAt: string;
}

const eventFields = 'revision at actor action subject reason';

/** `tierdeck audit tail|alerts|verify`. */
export function auditCommands(program: Command, context: Context): void {
  const audit = program.command('audit').description('who did what');

  audit
    .command('tail')
    .description('the newest events')
    .option('-n, --lines <n>', 'how many', number, 20)
    .option('-f, --follow', 'go on with what happens')
    .option('-t, --tenant <slug>', 'of one tenant')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async ({ lines, follow, tenant, output }) => {
      const client = await context.client();
      const { auditEvents } = await client.request<{ auditEvents: { edges: { node: AuditEvent }[] } }>(
        `query ($first: Int!, $tenant: String) { auditEvents(first: $first, tenant: $tenant) { edges { node { ${eventFields} } } } }`,
        { first: lines, tenant },
      );
      const events = auditEvents.edges.map(({ node }) => node).sort((a, b) => a.revision - b.revision);
      context.data(
        render(
          events,
          output,
          [
            ['revision', (row) => row.revision],
            ['at', (row) => row.at],
            ['actor', (row) => row.actor],
            ['action', (row) => row.action],
            ['subject', (row) => row.subject],
            ['reason', (row) => row.reason],
          ],
          (row) => String(row.revision),
        ),
      );
      if (!follow) return;
      const happening = client.follow<{ auditTail: AuditEvent }>(
        `subscription { auditTail { ${eventFields} } }`,
      );
      for await (const { auditTail } of happening) {
        const { revision, at, actor, action, subject, reason } = auditTail;
        context.data(`${revision}  ${at}  ${actor}  ${action}  ${subject}  ${reason ?? ''}\n`);
      }
    });

  audit
    .command('alerts')
    .description('refused attempts to cross from one tenant to another, the newest first')
    .option('-n, --lines <n>', 'how many', number, 20)
    .option('-t, --tenant <slug>', 'for one tenant')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ lines, tenant, output }) => {
      const client = await context.client();
      const { securityAlerts } = await client.request<{ securityAlerts: Alert[] }>(
        `query ($first: Int!, $tenant: String) { securityAlerts(first: $first, tenant: $tenant) {
           id kind source tenant attempts firstAt lastAt } }`,
        { first: lines, tenant },
      );
      context.data(
        render(
          securityAlerts,
          output,
          [
            ['last', (row) => row.lastAt],
            ['attempts', (row) => row.attempts],
            ['kind', (row) => row.kind],
            ['source', (row) => row.source],
            ['tenant', (row) => row.tenant],
          ],
          (row) => row.id,
        ),
      );
    });

  audit
    .command('verify')
    .description('prove that nobody altered the history')
    .action(async () => {
      const client = await context.client();
      const { verifyAudit } = await client.request<{
        verifyAudit: {
          ok: boolean;
          events: number;
          brokenAt: number | null;
          message: string;
          headHash: string;
        };
      }>(`{ verifyAudit { ok events brokenAt message headHash } }`);
      if (!verifyAudit.ok) throw new CliError('AUDIT_ALTERED', verifyAudit.message);
      context.data(`${counted(verifyAudit.events, 'event')} untouched, head ${verifyAudit.headHash}\n`);
    });
}
