import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A manifest file as it was read; the name goes into messages. */
export interface ManifestFile {
  file: string;
  content: string;
}

/**
 * Reads a manifest file, or every YAML file of a folder and its folders, by name. `kits/` is data, not manifests.
 * Imports nothing of the control plane, so that the command line can share it.
 * @throws the file system's error, e.g. ENOENT
 */
export async function readManifestFiles(path: string): Promise<ManifestFile[]> {
  if ((await stat(path)).isFile()) return [{ file: path, content: await readFile(path, 'utf8') }];
  const entries = (await readdir(path, { withFileTypes: true }))
    .filter(({ name }) => name !== 'kits' && !name.startsWith('.'))
    .filter((entry) => entry.isDirectory() || /\.ya?ml$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = await Promise.all(entries.map(({ name }) => readManifestFiles(join(path, name))));
  return found.flat();
}
