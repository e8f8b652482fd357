import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { ArchiveTable } from './manifest.js';
import type { OpenArchive } from './read-archive.js';
import { tarEnd, tarHeader, tarPadding } from './tar.js';

/** An archive as one file to take away. */
export interface ExportedArchive {
  fileName: string;
  contentType: string;
  /** Fails if the archive turns out to be broken on the way; the file is then cut off. */
  bytes: Readable;
}

/** The archive as it is stored, encrypted: a tar of the manifest and the parts. */
export function exportEncrypted(archive: OpenArchive): ExportedArchive {
  const { tenant, id } = archive.manifest;
  return {
    fileName: `${tenant.slug}-${id}.tar`,
    contentType: 'application/x-tar',
    bytes: Readable.from(encryptedTar(archive), { objectMode: false }),
  };
}

/** The rows in clear, for their owner: a CSV with header for each table that has rows, and what they are, as `.tar.gz`. */
export function exportPlain(archive: OpenArchive): ExportedArchive {
  const { tenant, id } = archive.manifest;
  const zip = createGzip({ level: 1 });
  // An error destroys both ends, and so reaches who reads.
  pipeline(Readable.from(plainTar(archive), { objectMode: false }), zip, () => undefined);
  return { fileName: `${tenant.slug}-${id}.tar.gz`, contentType: 'application/gzip', bytes: zip };
}

async function* encryptedTar({ manifest, stored }: OpenArchive): AsyncGenerator<Buffer> {
  const at = new Date(manifest.snapshotAt);
  yield file('manifest', stored.manifest, at);
  for (const { part, rows } of manifest.tables) {
    if (rows === 0) continue;
    const { bytes, size } = await stored.read(part);
    yield tarHeader(part, size, at);
    yield* bytes as AsyncIterable<Buffer>;
    yield tarPadding(size);
  }
  yield tarEnd;
}

async function* plainTar(archive: OpenArchive): AsyncGenerator<Buffer> {
  const { manifest } = archive;
  const at = new Date(manifest.snapshotAt);
  const tables = manifest.tables.map(({ name, columns, rows, bytes }) => ({ name, columns, rows, bytes }));
  const { slug, name } = manifest.tenant;
  const { snapshotAt, migrations } = manifest;
  const about = { tenant: { slug, name }, snapshotAt, migrations, tables };
  yield file('export.json', `${JSON.stringify(about, null, 2)}\n`, at);
  for (const table of manifest.tables) {
    if (table.rows === 0) continue;
    yield tarHeader(`${table.name}.csv`, table.bytes, at);
    yield* rowsOf(archive, table);
    yield tarPadding(table.bytes);
  }
  yield tarEnd;
}

async function* rowsOf(archive: OpenArchive, table: ArchiveTable): AsyncGenerator<Buffer> {
  const rows = new PassThrough();
  const poured = archive.pour(table, () => rows);
  // Awaited below; a reader that has gone away ends it before.
  poured.catch((error: Error) => rows.destroy(error));
  yield* rows as AsyncIterable<Buffer>;
  await poured;
}

function file(name: string, text: string, at: Date): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([tarHeader(name, bytes.length, at), bytes, tarPadding(bytes.length)]);
}
