import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { parseFormat, render, renderOne } from '../output.js';
import { readText } from '../read-yaml.js';

interface Report {
  dryRun: boolean;
  format: string;
  created: string[];
  updated: string[];
  notes: { subject: string; outcome: string; message: string }[];
}

/** `tierdeck flag import|export`. */
export function flagFileCommands(flag: Command, context: Context): void {
  flag
    .command('import <file>')
    .description('take over the flags of an Unleash export (7.x, 8.x); exit code 2 if something was skipped')
    .addOption(new Option('-e, --env <name>', 'environment').default('production'))
    .option('--dry-run', 'only say what would be')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (path: string, options) => {
      const client = await context.client();
      const input = {
        environment: options.env,
        file: await readText(path),
        dryRun: options.dryRun ?? false,
      };
      const { importUnleash } = await client.request<{ importUnleash: Report }>(
        `mutation ($input: ImportUnleashInput!) { importUnleash(input: $input) {
           dryRun format created updated notes { subject outcome message } } }`,
        { input },
      );
      const { created, updated, notes } = importUnleash;
      if (notes.some(({ outcome }) => outcome === 'SKIPPED')) context.exitCode = 2;
      if (options.output !== 'table') {
        context.data(renderOne(importUnleash, options.output));
        return;
      }
      if (notes.length > 0)
        context.data(
          render(
            notes,
            'table',
            [
              ['what', (row) => row.subject],
              ['outcome', (row) => row.outcome],
              ['why', (row) => row.message],
            ],
            (row) => row.subject,
          ),
        );
      const done = options.dryRun ? 'would be' : created.length === 1 ? 'is' : 'are';
      context.message(
        `${counted(created.length, 'flag')} ${done} created and ${updated.length} updated in ${options.env}; ${counted(notes.length, 'note')}.`,
      );
    });

  flag
    .command('export [flags...]')
    .description('flags as manifests that apply takes back without a difference; all of them without a name')
    .action(async (keys: string[]) => {
      const client = await context.client();
      const { exportFlags } = await client.request<{ exportFlags: { manifests: unknown[] } }>(
        `query ($keys: [String!]) { exportFlags(keys: $keys) { manifests } }`,
        { keys: keys.length > 0 ? keys : null },
      );
      context.data(exportFlags.manifests.map((manifest) => stringify(manifest)).join('---\n'));
    });
}
