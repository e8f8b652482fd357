import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { authenticate, type TenantKey } from '../keys/index.js';
import { ArchiveRefusedError } from './archive.errors.js';

export const ARCHIVE_FORMAT = 'tierdeck-archive/1';

const count = z.number().int().min(0);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const table = z.strictObject({
  name: z.string().min(1).max(63),
  /** File of the store with the table's rows; there is none if it has no rows. */
  part: z.string().min(1).max(100),
  /** In the order of the CSV; tenant_id is not among them: whoever restores says whose rows they become. */
  columns: z.array(z.string().min(1).max(63)).min(1).max(1_600),
  rows: count,
  /** CSV before compression, and the part as stored. */
  bytes: count,
  storedBytes: count,
  /** Sum over the rows of two 64-bit hashes: the same rows in any order give the same. */
  checksum: z.string().regex(/^-?\d+:-?\d+$/),
  /** SHA-256 of the part as stored. */
  sha256: hex64,
});

const schema = z.strictObject({
  format: z.literal(ARCHIVE_FORMAT),
  id: z.uuid(),
  tenant: z.strictObject({ id: z.uuid(), slug: z.string().max(63), name: z.string().max(200) }),
  keyVersion: z.number().int().min(1),
  /** Hexadecimal; keys of parts and manifest are derived with it. */
  salt: hex64,
  toolVersion: z.string().max(50),
  /** The one point in time of all rows, on the clock of the tenant's database. */
  snapshotAt: z.iso.datetime(),
  /** Revision of the control plane at that time. */
  revision: count,
  /** Migrations of the tenant's database, in order; a restore side by side makes exactly these. */
  migrations: z.array(z.strictObject({ name: z.string().max(200), checksum: hex64 })).max(10_000),
  tables: z.array(table).max(10_000),
});

export type ArchiveManifest = z.infer<typeof schema>;
export type ArchiveTable = ArchiveManifest['tables'][number];

/** One line of JSON and one of its HMAC under the tenant's key. */
export function sealManifest(key: TenantKey, manifest: ArchiveManifest): string {
  const json = JSON.stringify(manifest);
  return `${json}\n${macOf(key, manifest.salt, json)}\n`;
}

/**
 * Reads a manifest that is not trusted yet, to learn which key it names.
 * @throws ArchiveRefusedError if it is no manifest of this format.
 */
export function parseManifest(id: string, text: string): ArchiveManifest {
  const [json = '', mac, end] = text.split('\n');
  if (mac === undefined || end !== '') throw new ArchiveRefusedError(id, 'has a manifest that is cut off');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ArchiveRefusedError(id, 'has a manifest that is no JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new ArchiveRefusedError(
      id,
      `has a manifest that cannot be read (${where}: ${issue?.message ?? ''})`,
    );
  }
  return parsed.data;
}

/** @throws ArchiveRefusedError if the text is not what was sealed with this key. */
export function checkManifest(key: TenantKey, manifest: ArchiveManifest, text: string): void {
  const [json = '', mac = ''] = text.split('\n');
  const wanted = macOf(key, manifest.salt, json);
  const same = mac.length === wanted.length && timingSafeEqual(Buffer.from(mac), Buffer.from(wanted));
  if (!same)
    throw new ArchiveRefusedError(manifest.id, 'has a manifest that was altered or is of another tenant');
}

function macOf(key: TenantKey, salt: string, json: string): string {
  return authenticate(key, 'archive/manifest', Buffer.from(salt, 'hex'), json);
}
