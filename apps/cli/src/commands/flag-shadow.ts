import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { parseFormat, render } from '../output.js';

interface Difference {
  tenant: string;
  branch: string | null;
  subject: string;
  liveEngine: string;
  shadowEngine: string;
  currency: string;
  compared: number;
  different: number;
  failed: number;
  skipped: number;
  difference: string;
  absoluteDifference: string;
  examples: { account: string; item: string; live: string; shadow: string; difference: string }[];
}

/** `tierdeck flag shadow`. */
export function flagShadowCommand(flag: Command, context: Context): void {
  flag
    .command('shadow')
    .description('what another pricing or allocation engine would have done, the largest differences first')
    .addOption(new Option('--subject <name>', 'one of them').choices(['pricing', 'allocation']))
    .option('--tenant <slug>', 'of one tenant')
    .option('--branch <code>', 'of one branch')
    .option('--since <time>', 'the last day unless told')
    .option('--examples', 'also the worst lines')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ subject, tenant, branch, since, examples, output }) => {
      const client = await context.client();
      const { shadowDifferences } = await client.request<{ shadowDifferences: Difference[] }>(
        `query ($subject: ShadowSubject, $tenant: String, $branch: String, $since: DateTime) {
           shadowDifferences(subject: $subject, tenant: $tenant, branch: $branch, since: $since) {
             tenant branch subject liveEngine shadowEngine currency compared different failed skipped difference
             absoluteDifference examples { account item live shadow difference } } }`,
        { subject, tenant, branch, since },
      );
      context.data(
        render(
          shadowDifferences,
          output,
          [
            ['tenant', (row) => row.tenant],
            ['branch', (row) => row.branch],
            ['subject', (row) => row.subject],
            ['answered', (row) => row.liveEngine],
            ['shadow', (row) => row.shadowEngine],
            ['lines', (row) => row.compared],
            ['different', (row) => row.different],
            ['failed', (row) => row.failed],
            ['skipped', (row) => row.skipped],
            ['shadow − answered', (row) => `${row.difference} ${row.currency}`],
          ],
          (row) => `${row.tenant}${row.branch ? `/${row.branch}` : ''}`,
        ),
      );
      if (shadowDifferences.length === 0)
        context.message(
          'Nothing was compared. Is it on? tierdeck flag explain pricing.shadow --tenant <slug>',
        );
      if (output !== 'table' || !examples) return;
      for (const row of shadowDifferences)
        for (const one of row.examples)
          context.data(
            `  ${row.tenant} ${one.account} ${one.item}: ${one.live} → ${one.shadow} (${one.difference})\n`,
          );
    });
}
