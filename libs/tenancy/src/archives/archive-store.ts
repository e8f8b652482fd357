import type { Readable, Writable } from 'node:stream';

/** Names one archive: the tenant's slug and the archive's id. */
export interface ArchivePlace {
  tenant: string;
  id: string;
}

/** An archive that is being written; nobody sees it before it is published. */
export interface ArchiveDraft {
  part(name: string): Promise<Writable>;
  /** Makes the archive visible, whole and durable, in one step. One that is there already stays as it is. */
  publish(manifest: string): Promise<void>;
  discard(): Promise<void>;
}

export interface StoredArchive {
  /** The text of the manifest, as it was published. */
  manifest: string;
  /** @throws ArchiveRefusedError if there is no such part. */
  read(part: string): Promise<{ bytes: Readable; size: number }>;
}

/** Where archives are kept: a folder of this machine today; an object store has the same few verbs. */
export interface ArchiveStore {
  /** Begins an archive; what an earlier try has left of it unpublished goes. */
  draft(place: ArchivePlace): Promise<ArchiveDraft>;
  /** @returns undefined if no such archive was published. */
  open(place: ArchivePlace): Promise<StoredArchive | undefined>;
  /** Repeated, it changes nothing. */
  remove(place: ArchivePlace): Promise<void>;
}

/** Nest injection token of the {@link ArchiveStore}. */
export const ARCHIVE_STORE = Symbol('ArchiveStore');
