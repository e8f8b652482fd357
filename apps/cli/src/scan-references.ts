import { opendir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface Reference {
  flag: string;
  path: string;
  line: number;
  excerpt: string;
}

export interface Scan {
  files: number;
  references: Reference[];
  /** More was found than is kept. */
  cutOff: boolean;
}

const skipped = new Set([
  'node_modules',
  '.git',
  'dist',
  'build',
  'coverage',
  'target',
  'vendor',
  '.tierdeck',
]);
const maxFileBytes = 1_000_000;
const maxFiles = 100_000;
const maxReferences = 20_000;
const maxExcerpt = 200;

/**
 * Finds the keys of flags in the text files below a folder: as whole words, so that `pricing.engine` is not found in
 * `pricing.engine-v2`. Links, large files and folders of dependencies are left out.
 */
export async function scanReferences(folder: string, keys: readonly string[]): Promise<Scan> {
  const scan: Scan = { files: 0, references: [], cutOff: false };
  if (keys.length === 0) return scan;
  const wanted = new Set(keys);
  for await (const file of textFiles(folder)) {
    if (scan.files >= maxFiles || scan.references.length >= maxReferences) return { ...scan, cutOff: true };
    const content = await readFile(file);
    if (content.includes(0)) continue;
    scan.files++;
    const path = relative(folder, file).split(sep).join('/');
    for (const found of findKeys(content.toString('utf8'), wanted)) scan.references.push({ ...found, path });
  }
  scan.references.length = Math.min(scan.references.length, maxReferences);
  return scan;
}

function* findKeys(text: string, wanted: ReadonlySet<string>): Generator<Omit<Reference, 'path'>> {
  for (const [index, line] of text.split('\n').entries()) {
    const seen = new Set<string>();
    // Runs of characters that keys are made of; a dot or dash at the end of a sentence is not part of the key.
    for (const [word] of line.matchAll(/[a-zA-Z0-9][a-zA-Z0-9._-]*/g)) {
      const key = wanted.has(word) ? word : word.replace(/[.-]+$/, '');
      if (!wanted.has(key) || seen.has(key)) continue;
      seen.add(key);
      yield { flag: key, line: index + 1, excerpt: line.trim().slice(0, maxExcerpt) };
    }
  }
}

async function* textFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) yield* textFiles(path);
    } else if (entry.isFile() && (await stat(path)).size <= maxFileBytes) {
      yield path;
    }
  }
}
