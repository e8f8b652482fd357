import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { csvBatches, CsvFault, type CsvBatch } from './csv-batches.js';
import { kitDescription, type Kit, type KitFile } from './kit.js';
import { KitInvalidError } from './kit-invalid.error.js';

/** Rows that travel and are told about together. */
export const batchRows = 20_000;

/**
 * Reads a kit and checks every file of it from the first to the last byte, before anything is imported.
 * @throws KitInvalidError with file, line and field: for kit.json as for a CSV that is missing, cut off, has another
 *   header, a record of the wrong width, another number of rows or another checksum than kit.json says.
 */
export async function readKit(directory: string): Promise<Kit> {
  const kit = await readDescription(directory);
  for (const file of kit.files) await checkFile(kit, file);
  return kit;
}

/** The records of a file of the kit, in batches of {@link batchRows}. */
export async function* kitBatches(
  kit: Kit,
  file: KitFile,
  onBytes: (bytes: Buffer) => void = () => undefined,
): AsyncGenerator<CsvBatch> {
  try {
    yield* csvBatches(plainBytes(join(kit.directory, file.file), onBytes), file.columns, batchRows);
  } catch (cause) {
    if (cause instanceof CsvFault) {
      const { line, field, message } = cause;
      throw new KitInvalidError(kit.name, message, {
        file: file.file,
        line,
        ...(field === undefined ? {} : { field }),
        cause,
      });
    }
    if (isZlibError(cause)) {
      throw new KitInvalidError(kit.name, 'is cut off or not compressed with gzip', {
        file: file.file,
        cause,
      });
    }
    throw cause;
  }
}

async function readDescription(directory: string): Promise<Kit> {
  const name = directory.split(/[\\/]/).findLast((part) => part !== '') ?? directory;
  const fail = (problem: string, field?: string, cause?: unknown): never => {
    throw new KitInvalidError(name, problem, {
      file: 'kit.json',
      ...(field === undefined ? {} : { field }),
      cause,
    });
  };
  let text: string;
  try {
    text = await readFile(join(directory, 'kit.json'), 'utf8');
  } catch (cause) {
    return fail('cannot be read', undefined, cause);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return fail(`is not JSON: ${(cause as Error).message}`, undefined, cause);
  }
  const parsed = kitDescription.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return fail(issue?.message ?? 'is invalid', issue?.path.join('.'));
  }
  const twice = parsed.data.files.find(({ file }, i, files) => files.findIndex((f) => f.file === file) !== i);
  if (twice) return fail(`names ${twice.file} twice`, 'files');
  return { ...parsed.data, directory };
}

async function checkFile(kit: Kit, file: KitFile): Promise<void> {
  const fail = (problem: string, cause?: unknown): never => {
    throw new KitInvalidError(kit.name, problem, { file: file.file, cause });
  };
  await access(join(kit.directory, file.file)).catch((cause: unknown) => fail('is missing', cause));
  const hash = createHash('sha256');
  let rows = 0;
  for await (const batch of kitBatches(kit, file, (bytes) => hash.update(bytes))) rows += batch.rows;
  if (rows !== file.rows) fail(`has ${rows} rows where kit.json says ${file.rows}`);
  if (hash.digest('hex') !== file.sha256) fail('has another checksum than kit.json says: it was changed');
}

async function* plainBytes(path: string, onBytes: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  const stored = createReadStream(path, { highWaterMark: 1 << 20 });
  const gunzip = path.endsWith('.gz') ? createGunzip({ chunkSize: 1 << 20 }) : undefined;
  // pipe() does not hand errors on.
  stored.on('error', (error) => gunzip?.destroy(error));
  const plain: AsyncIterable<Buffer> = gunzip ? stored.pipe(gunzip) : stored;
  try {
    for await (const chunk of plain) {
      onBytes(chunk);
      yield chunk;
    }
  } finally {
    stored.destroy();
    gunzip?.destroy();
  }
}

function isZlibError(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.startsWith('Z_');
}
