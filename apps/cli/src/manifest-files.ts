import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from './cli-error.js';

export interface ManifestFile {
  file: string;
  content: string;
}

/** Reads a manifest file, or every YAML file of a folder and its folders; the kits' own files are data, not manifests. */
export async function readManifestFiles(path: string): Promise<ManifestFile[]> {
  const info = await stat(path).catch(() => undefined);
  if (!info)
    throw new CliError('FILE_NOT_FOUND', `There is no file or folder ${path}.`, 'tierdeck apply -f tenants/');
  if (info.isFile()) return [{ file: path, content: await readFile(path, 'utf8') }];
  const entries = await readdir(path, { withFileTypes: true });
  const found = await Promise.all(
    entries
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .filter(({ name }) => name !== 'kits' && !name.startsWith('.'))
      .map((entry) => {
        const child = join(path, entry.name);
        if (entry.isDirectory()) return readManifestFiles(child);
        return /\.ya?ml$/.test(entry.name) ? readManifestFiles(child) : Promise.resolve([]);
      }),
  );
  return found.flat();
}
