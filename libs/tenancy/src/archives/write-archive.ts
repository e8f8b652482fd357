import { createHash, randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { StepProgress } from '#operations';
import { deriveKey, type TenantKey } from '../keys/index.js';
import { ArchiveStoreFullError } from './archive.errors.js';
import type { ArchiveDraft, ArchiveStore } from './archive-store.js';
import { FrameEncrypter } from './frames.js';
import { ARCHIVE_FORMAT, sealManifest, type ArchiveManifest, type ArchiveTable } from './manifest.js';
import {
  appliedMigrations,
  archivableTables,
  fixTextForm,
  quoted,
  sumTable,
  type TableShape,
  type TableSum,
} from './table-catalogue.js';

export const TOOL_VERSION = 'tierdeck 0.1.0';

export interface NewArchive {
  id: string;
  tenant: { id: string; slug: string; name: string };
  key: TenantKey;
  /** Revision of the control plane now. */
  revision: number;
  /** Told now and then. What it throws ends the archive, of which then nothing is left. */
  onProgress?: (progress: StepProgress) => Promise<void>;
}

/**
 * Archives all rows of one tenant as of one point in time: each table by COPY, compressed and encrypted on the way, so
 * that memory stays bounded at any size. The archive appears whole, or not at all.
 * @param client not bound by row-level security, outside a transaction; after a failure it can only be ended.
 */
export async function writeArchive(
  client: pg.Client,
  store: ArchiveStore,
  archive: NewArchive,
): Promise<void> {
  const draft = await store.draft({ tenant: archive.tenant.slug, id: archive.id });
  try {
    await client.query('begin isolation level repeatable read read only');
    const manifest = await writeParts(client, draft, archive);
    await client.query('commit');
    await draft.publish(sealManifest(archive.key, manifest));
  } catch (error) {
    await draft.discard();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new ArchiveStoreFullError(error);
    throw error;
  }
}

async function writeParts(
  client: pg.Client,
  draft: ArchiveDraft,
  { id, tenant, key, revision, onProgress }: NewArchive,
): Promise<ArchiveManifest> {
  await fixTextForm(client);
  const { rows } = await client.query<{ at: Date }>('select now() as at');
  const snapshotAt = rows.map(({ at }) => at.toISOString()).join('');
  const migrations = await appliedMigrations(client);
  const shapes = await archivableTables(client);
  const sums: TableSum[] = [];
  for (const shape of shapes) sums.push(await sumTable(client, tenant.id, shape));
  const total = sums.reduce((sum, { rows }) => sum + rows, 0);
  const salt = randomBytes(32);
  let done = 0;
  const tables: ArchiveTable[] = [];
  for (const [i, shape] of shapes.entries()) {
    const sum = sums[i] as TableSum;
    const tell = throttled(async (lines: number) =>
      onProgress?.({ done: done + Math.min(lines, sum.rows), total, unit: 'rows', message: shape.name }),
    );
    const part = `${String(i + 1).padStart(4, '0')}-${shape.name.replaceAll(/[^a-z0-9_]/g, '_')}`;
    const written =
      sum.rows === 0
        ? nothing
        : await writePart(client, draft, { part, shape, tenantId: tenant.id, key, salt, tell });
    done += sum.rows;
    tables.push({ name: shape.name, part, columns: shape.columns, ...sum, ...written });
  }
  await onProgress?.({ done, total, unit: 'rows' });
  return {
    format: ARCHIVE_FORMAT,
    id,
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
    keyVersion: key.version,
    salt: salt.toString('hex'),
    toolVersion: TOOL_VERSION,
    snapshotAt,
    revision,
    migrations,
    tables,
  };
}

/** A table without rows has no part. */
const nothing = { bytes: 0, storedBytes: 0, sha256: createHash('sha256').digest('hex') };

interface PartToWrite {
  part: string;
  shape: TableShape;
  tenantId: string;
  key: TenantKey;
  salt: Buffer;
  tell: (lines: number) => Promise<void>;
}

async function writePart(
  client: pg.Client,
  draft: ArchiveDraft,
  { part, shape, tenantId, key, salt, tell }: PartToWrite,
): Promise<{ bytes: number; storedBytes: number; sha256: string }> {
  const rows = client.query(
    copyTo(
      `copy (select ${quoted(shape.columns)} from ${quoted([shape.name])}
             where tenant_id = ${pg.escapeLiteral(tenantId)}) to stdout with (format csv, header)`,
    ),
  );
  const plain = { bytes: 0 };
  const stored = new Meter();
  await pipeline(
    rows,
    (chunks: AsyncIterable<Buffer>) => countingLines(chunks, plain, tell),
    createGzip({ level: 1, chunkSize: 64 * 1024 }),
    new FrameEncrypter(deriveKey(key, partPurpose(part), salt), part),
    (chunks: AsyncIterable<Buffer>) => stored.through(chunks),
    await draft.part(part),
  );
  return { bytes: plain.bytes, storedBytes: stored.bytes, sha256: stored.sha256() };
}

/** What the key of a part is derived for: no part opens as another. */
export function partPurpose(part: string): string {
  return `archive/part/${part}`;
}

const newline = 0x0a;

/** Measures a stream that flows through {@link Meter.through}. */
export class Meter {
  bytes = 0;
  readonly #hash = createHash('sha256');

  sha256(): string {
    return this.#hash.digest('hex');
  }

  async *through(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }
}

/** Counts line ends, those within quotes too: enough to show progress by. */
async function* countingLines(
  chunks: AsyncIterable<Buffer>,
  size: { bytes: number },
  tell: (lines: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  let lines = 0;
  for await (const chunk of chunks) {
    size.bytes += chunk.length;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++;
    await tell(lines);
    yield chunk;
  }
}

/** Calls at most twice a second; the caller makes sure of the last word. */
export function throttled<T>(tell: (value: T) => Promise<void> | undefined): (value: T) => Promise<void> {
  let next = performance.now() + 500;
  return async (value) => {
    if (performance.now() < next) return;
    await tell(value);
    next = performance.now() + 500;
  };
}
