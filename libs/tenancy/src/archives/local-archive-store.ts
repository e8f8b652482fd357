import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ArchiveRefusedError } from './archive.errors.js';
import type { ArchiveDraft, ArchivePlace, ArchiveStore, StoredArchive } from './archive-store.js';

const manifestFile = 'manifest';
const maxManifestBytes = 16 * 1_048_576;
const safe = /^[a-z0-9][a-z0-9_.-]{0,99}$/;

/**
 * Archives as folders, `<root>/<tenant>/<id>/`: a file a part, and the manifest. A draft is a folder beside it whose
 * files are synced before one rename makes it the archive. Only the owner of the process may read them.
 */
export class LocalArchiveStore implements ArchiveStore {
  constructor(private readonly root: string) {}

  async draft(place: ArchivePlace): Promise<ArchiveDraft> {
    const tenant = this.#tenant(place);
    const prefix = `.draft-${checked(place.id)}-`;
    await mkdir(tenant, { recursive: true, mode: 0o700 });
    for (const name of await readdir(tenant)) {
      if (name.startsWith(prefix)) await rm(join(tenant, name), { recursive: true, force: true });
    }
    const folder = join(tenant, prefix + randomBytes(6).toString('hex'));
    await mkdir(folder, { mode: 0o700 });
    return new LocalDraft(folder, this.#folder(place), tenant);
  }

  async open(place: ArchivePlace): Promise<StoredArchive | undefined> {
    const folder = this.#folder(place);
    const path = join(folder, manifestFile);
    const size = await sizeOf(path);
    if (size === undefined) return undefined;
    if (size > maxManifestBytes) throw new ArchiveRefusedError(place.id, 'has a manifest that is too big');
    return { manifest: await readFile(path, 'utf8'), read: (part) => readPart(folder, place, part) };
  }

  async remove(place: ArchivePlace): Promise<void> {
    const folder = this.#folder(place);
    // The manifest goes first: half an archive must not look like one.
    await rm(join(folder, manifestFile), { force: true });
    await rm(folder, { recursive: true, force: true });
  }

  #tenant(place: ArchivePlace): string {
    return join(this.root, checked(place.tenant));
  }

  #folder(place: ArchivePlace): string {
    return join(this.#tenant(place), checked(place.id));
  }
}

class LocalDraft implements ArchiveDraft {
  readonly #parts: string[] = [];

  constructor(
    private readonly folder: string,
    private readonly target: string,
    private readonly tenant: string,
  ) {}

  async part(name: string): Promise<Writable> {
    const path = join(this.folder, checked(name));
    this.#parts.push(path);
    return createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
  }

  async publish(manifest: string): Promise<void> {
    const file = await open(join(this.folder, manifestFile), 'wx', 0o600);
    try {
      await file.writeFile(manifest);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(this.folder);
    try {
      await rename(this.folder, this.target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      await this.discard();
    }
    await syncFolder(this.tenant);
  }

  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function readPart(
  folder: string,
  place: ArchivePlace,
  part: string,
): Promise<{ bytes: Readable; size: number }> {
  const path = join(folder, checked(part));
  const size = await sizeOf(path);
  if (size === undefined) throw new ArchiveRefusedError(place.id, `has lost its part ${part}`);
  return { bytes: createReadStream(path, { highWaterMark: 256 * 1024 }), size };
}

/** Names come from the database and the manifest; none of them may lead out of its folder. */
function checked(name: string): string {
  if (!safe.test(name) || name.includes('..'))
    throw new ArchiveRefusedError(name, 'has a name that is not allowed');
  return name;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
