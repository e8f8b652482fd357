import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { allPages } from '../all-pages.js';
import type { Client } from '../client.js';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';
import { scanReferences } from '../scan-references.js';

interface StaleFlag {
  flag: string;
  owner: string | null;
  reasons: string[];
  expiresAt: string | null;
  lastSeenAt: string | null;
  codeReferences: number;
  advice: string;
}

/** `tierdeck flag stale` and `tierdeck flag refs`. */
export function flagCleanupCommands(flag: Command, context: Context): void {
  flag
    .command('stale')
    .description('flags that have done their work, and what to do; exit code 2 if there is one')
    .option('--days <n>', 'without evaluation, or with one value for everybody', number, 30)
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ days, output }) => {
      const client = await context.client();
      const { staleFlags } = await client.request<{ staleFlags: StaleFlag[] }>(
        `query ($days: Int) { staleFlags(days: $days, first: 500) {
           flag owner reasons expiresAt lastSeenAt codeReferences advice } }`,
        { days },
      );
      context.data(
        render(
          staleFlags,
          output,
          [
            ['flag', (row) => row.flag],
            ['owner', (row) => row.owner],
            ['why', (row) => row.reasons.join(' ')],
            ['last seen', (row) => row.lastSeenAt],
            ['in code', (row) => row.codeReferences],
            ['advice', (row) => row.advice],
          ],
          (row) => row.flag,
        ),
      );
      if (staleFlags.length > 0) context.exitCode = 2;
    });

  const refs = flag.command('refs').description('where flags stand in code');
  refs
    .command('scan <dir>')
    .description('find the keys of all flags below a folder and report where they are')
    .option('--repository <name>', 'name of the repository; the folder unless told')
    .option('--commit <id>', 'what was scanned')
    .option('--no-excerpts', 'report paths and lines only')
    .action(async (folder: string, { repository, commit, excerpts }) => {
      if (!existsSync(folder)) throw new CliError('FILE_NOT_FOUND', `There is no folder ${folder}.`);
      const client = await context.client();
      const { files, references, cutOff } = await scanReferences(resolve(folder), await allKeys(client));
      const input = {
        repository: repository ?? basename(resolve(folder)),
        commit,
        files,
        references: excerpts
          ? references
          : references.map(({ flag: found, path, line }) => ({ flag: found, path, line })),
      };
      const { uploadCodeReferences } = await client.request<{ uploadCodeReferences: { kept: number } }>(
        `mutation ($input: UploadCodeReferencesInput!) { uploadCodeReferences(input: $input) { kept } }`,
        { input },
      );
      context.data(
        `repository/${input.repository}: ${counted(uploadCodeReferences.kept, 'reference')} in ${counted(files, 'file')}\n`,
      );
      if (cutOff)
        context.message('There is more than one scan may report; scan parts of it as repositories.');
    });
  refs
    .command('list <flag>')
    .description('the places of one flag')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (key: string, { output }) => {
      const client = await context.client();
      const { flag: found } = await client.request<{ flag: { codeReferences: Place[] } | null }>(
        `query ($key: String!) { flag(key: $key) { codeReferences { repository path line excerpt } } }`,
        { key },
      );
      if (!found) throw new CliError('FLAG_NOT_FOUND', `There is no flag "${key}".`, 'tierdeck get flags');
      context.data(
        render(
          found.codeReferences,
          output,
          [
            ['repository', (row) => row.repository],
            ['place', (row) => `${row.path}:${row.line}`],
            ['line', (row) => row.excerpt],
          ],
          (row) => `${row.repository}/${row.path}:${row.line}`,
        ),
      );
    });
}

interface Place {
  repository: string;
  path: string;
  line: number;
  excerpt: string;
}

/** Keys of all flags, of archived ones too. */
async function allKeys(client: Client): Promise<string[]> {
  const ofAll = await Promise.all(
    [false, true].map((archived) =>
      allPages<{ key: string }>(
        client,
        `query ($after: String, $archived: Boolean) { flags(first: 500, after: $after, archived: $archived) {
           edges { node { key } } pageInfo { hasNextPage endCursor } } }`,
        { archived },
      ),
    ),
  );
  return ofAll.flat().map(({ key }) => key);
}
