import type { Command } from 'commander';
import { readManifestFiles, type ManifestFile } from '#tenancy/manifest-files';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { followOperation, operationFields, type Operation } from '../follow-operation.js';
import { parseFormat, render } from '../output.js';

interface Change {
  file: string;
  kind: string;
  name: string;
  action: 'CREATE' | 'UPDATE' | 'NONE';
  fields: { path: string; before: unknown; after: unknown }[];
}

const changeFields = 'file kind name action fields { path before after }';

/** `tierdeck apply` and `tierdeck diff`. */
export function manifestCommands(program: Command, context: Context): void {
  program
    .command('diff')
    .description('show what apply would change; exit code 2 if there are differences')
    .requiredOption('-f, --file <path>', 'manifest file or folder')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ file, output }) => {
      const client = await context.client();
      const input = { manifests: await manifestsAt(file) };
      const { manifestDiff } = await client.request<{ manifestDiff: { changes: Change[] } }>(
        `query ($input: ApplyManifestsInput!) { manifestDiff(input: $input) { changes { ${changeFields} } } }`,
        { input },
      );
      const changes = manifestDiff.changes.filter(({ action }) => action !== 'NONE');
      if (output !== 'table') {
        context.data(render(changes, output, [], ({ kind, name }) => `${kind}/${name}`));
      } else {
        for (const change of changes) context.data(describe(change));
        if (changes.length === 0) context.message('No differences.');
      }
      if (changes.length > 0) context.exitCode = 2;
    });

  program
    .command('apply')
    .description('make tenants, plans and flags as the manifests say')
    .requiredOption('-f, --file <path>', 'manifest file or folder')
    .option('--no-wait', 'do not wait for the operations that this starts')
    .action(async ({ file, wait }) => {
      const client = await context.client();
      const input = { manifests: await manifestsAt(file) };
      const { applyManifests } = await client.request<{
        applyManifests: { changes: Change[]; operations: Operation[] };
      }>(
        `mutation ($input: ApplyManifestsInput!) { applyManifests(input: $input) {
           changes { ${changeFields} } operations { ${operationFields} } } }`,
        { input },
      );
      const changed = applyManifests.changes.filter(({ action }) => action !== 'NONE');
      for (const { kind, name, action } of changed) {
        context.data(`${kind}/${name} ${action === 'CREATE' ? 'created' : 'updated'}\n`);
      }
      context.message(
        `${changed.length} changed, ${applyManifests.changes.length - changed.length} unchanged`,
      );
      for (const { id, subject } of wait ? applyManifests.operations : []) {
        context.message(subject);
        await followOperation(context, client, id);
      }
    });
}

function describe({ kind, name, action, fields }: Change): string {
  const lines = fields.map(
    ({ path, before, after }) =>
      `    ${path}: ${JSON.stringify(before ?? null)} → ${JSON.stringify(after ?? null)}\n`,
  );
  return `${action === 'CREATE' ? '+' : '~'} ${kind}/${name}\n${action === 'UPDATE' ? lines.join('') : ''}`;
}

async function manifestsAt(path: string): Promise<ManifestFile[]> {
  return readManifestFiles(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new CliError('FILE_NOT_FOUND', `There is no file or folder ${path}.`, 'tierdeck apply -f tenants/');
  });
}
