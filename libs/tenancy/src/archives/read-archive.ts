import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { StepProgress } from '#operations';
import { deriveKey, type TenantKeys } from '../keys/index.js';
import { ArchiveRefusedError } from './archive.errors.js';
import type { ArchivePlace, ArchiveStore, StoredArchive } from './archive-store.js';
import { FrameDecrypter, FramesBroken } from './frames.js';
import { checkManifest, parseManifest, type ArchiveManifest, type ArchiveTable } from './manifest.js';
import { Meter, partPurpose, throttled } from './write-archive.js';

export interface OpenArchive {
  manifest: ArchiveManifest;
  stored: StoredArchive;
  /** Sends the CSV of a table on; `into` begins only once the part is there. @throws ArchiveRefusedError as soon as something is not what was written. */
  pour(table: ArchiveTable, into: () => Writable, onBytes?: (bytes: number) => Promise<void>): Promise<void>;
}

/**
 * Opens an archive whose manifest is authentic and of this tenant. The parts are checked as they are read.
 * @throws ArchiveRefusedError, TenantKeyShreddedError, TenantKeyMissingError
 */
export async function openArchive(
  store: ArchiveStore,
  keys: TenantKeys,
  place: ArchivePlace,
  tenantId: string,
): Promise<OpenArchive> {
  const stored = await store.open(place);
  if (!stored) throw new ArchiveRefusedError(place.id, 'is not in the archive store');
  const manifest = parseManifest(place.id, stored.manifest);
  // The tenant's own key decides, whatever tenant the manifest names.
  const key = await keys.version(tenantId, manifest.keyVersion);
  checkManifest(key, manifest, stored.manifest);
  if (manifest.tenant.id !== tenantId) throw new ArchiveRefusedError(place.id, 'is of another tenant');
  if (manifest.id !== place.id) throw new ArchiveRefusedError(place.id, `is archive ${manifest.id} in truth`);
  const salt = Buffer.from(manifest.salt, 'hex');
  return {
    manifest,
    stored,
    pour: async (table, into, onBytes) => {
      if (table.rows === 0) return;
      const { bytes, size } = await stored.read(table.part);
      if (size !== table.storedBytes) {
        bytes.destroy();
        const problem = `${size} bytes where ${table.storedBytes} were written`;
        throw new ArchiveRefusedError(place.id, `has ${problem} in part ${table.part}`);
      }
      const partKey = deriveKey(key, partPurpose(table.part), salt);
      await pourPart(place.id, table, bytes, new FrameDecrypter(partKey, table.part), into(), onBytes);
    },
  };
}

async function pourPart(
  id: string,
  table: ArchiveTable,
  bytes: Readable,
  frames: FrameDecrypter,
  into: Writable,
  onBytes?: (bytes: number) => Promise<void>,
): Promise<void> {
  const stored = new Meter();
  const unzip = createGunzip({ chunkSize: 256 * 1024 });
  /** Ends only when the part was whole: until then a COPY must not end well. */
  async function* checked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > table.bytes) break;
      await onBytes?.(size);
      yield chunk;
    }
    if (size !== table.bytes || stored.sha256() !== table.sha256) {
      throw new ArchiveRefusedError(id, `has a part ${table.part} that is not what was written`);
    }
  }
  try {
    await pipeline(bytes, (chunks) => stored.through(chunks), frames, unzip, checked, into);
  } catch (error) {
    if (error instanceof FramesBroken) {
      throw new ArchiveRefusedError(id, `has a part ${table.part} that ${error.message}`, error);
    }
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) {
      throw new ArchiveRefusedError(id, `has a part ${table.part} that cannot be unpacked`, error);
    }
    throw error;
  }
}

/**
 * Reads the whole archive once without using any of it, so that a broken one is refused before anything is touched.
 * @throws ArchiveRefusedError
 */
export async function verifyArchive(
  archive: OpenArchive,
  onProgress?: (progress: StepProgress) => Promise<void>,
): Promise<void> {
  const { tables } = archive.manifest;
  const total = tables.reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  const tell = throttled(async (rows: number) => onProgress?.({ done: rows, total, unit: 'rows' }));
  for (const table of tables) {
    const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, next) => next() });
    await archive.pour(table, nowhere, (bytes) => tell(done + share(table, bytes)));
    done += table.rows;
  }
  await onProgress?.({ done, total, unit: 'rows' });
}

/** About how many rows the first bytes of a table are. */
export function share(table: ArchiveTable, bytes: number): number {
  return table.bytes === 0 ? 0 : Math.floor((table.rows * bytes) / table.bytes);
}
