import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Command } from '#audit';
import { allows, ForbiddenError, type Role } from '#identity';
import { Database, type Transaction } from '#platform';
import { ManifestInvalidError, ManifestRefusedError, type ManifestProblem } from '../tenancy.errors.js';
import { readManifestFile, type ManifestDocument } from './manifest-document.js';
import type { ManifestFile } from './manifest-files.js';
import {
  MANIFEST_API_VERSION,
  ManifestRefusal,
  type FieldChange,
  type Manifest,
  type ManifestAction,
  type ManifestHandler,
  type ManifestSet,
} from './manifest-handler.js';
import { nearestOf, schemaProblems } from './schema-problems.js';

export interface ManifestChange {
  file: string;
  kind: string;
  name: string;
  action: ManifestAction;
  fields: FieldChange[];
}

export interface AppliedManifests {
  changes: ManifestChange[];
  operationIds: string[];
}

interface ReadManifest {
  document: ManifestDocument;
  handler: ManifestHandler;
  manifest: Manifest;
  name: string;
}

const envelope = z.looseObject({ apiVersion: z.literal(MANIFEST_API_VERSION), kind: z.string() });

/** One applier at a time, so that two replicas that start with the same folder do not both create its tenants. */
const applyLock = 7_415_003;

/** Manifests in, changes out: all of them or, if anything is wrong with any, none. */
@Injectable()
export class ManifestsService {
  readonly #handlers = new Map<string, ManifestHandler>();

  constructor(private readonly database: Database) {}

  /** A domain registers its kinds once, when its module starts. */
  register<M extends Manifest>(handler: ManifestHandler<M>): void {
    this.#handlers.set(handler.kind, handler);
  }

  /**
   * What apply would do.
   * @throws ManifestInvalidError MANIFEST_INVALID with file, line and field of every problem.
   */
  async diff(files: readonly ManifestFile[]): Promise<ManifestChange[]> {
    const manifests = this.#read(files);
    return this.database.transaction(async (tx) => {
      await this.#check(tx, manifests);
      const changes: ManifestChange[] = [];
      for (const one of manifests) changes.push(await this.#difference(tx, one));
      return changes;
    });
  }

  /**
   * Applies the manifests in the command's transaction, each kind in its order. One that changes nothing leaves no
   * trace: no audit event, no revision.
   * @param role of the person who applies them; kinds that demand a permission of their own ask for it.
   * @throws ManifestInvalidError MANIFEST_INVALID, ForbiddenError FORBIDDEN, ManifestRefusedError with the code of what
   *   a command refused; nothing was applied.
   */
  async apply(command: Command, files: readonly ManifestFile[], role?: Role): Promise<AppliedManifests> {
    const manifests = this.#read(files);
    await command.tx.query('select pg_advisory_xact_lock($1)', [applyLock]);
    await this.#check(command.tx, manifests);
    const applied: AppliedManifests = { changes: [], operationIds: [] };
    for (const one of manifests) {
      const change = await this.#difference(command.tx, one);
      applied.changes.push(change);
      if (change.action === 'NONE') continue;
      if (command.actor.kind !== 'system') refuseUnpermitted(one.handler, role);
      applied.operationIds.push(...(await applyOne(command, one)));
    }
    return applied;
  }

  async #difference(
    tx: Transaction,
    { document, handler, manifest, name }: ReadManifest,
  ): Promise<ManifestChange> {
    const { action, fields } = await handler.diff(tx, manifest);
    return { file: document.file, kind: handler.kind, name, action, fields };
  }

  #read(files: readonly ManifestFile[]): ReadManifest[] {
    const problems: ManifestProblem[] = [];
    const manifests: ReadManifest[] = [];
    for (const file of files) {
      const { documents, problems: syntax } = readManifestFile(file);
      problems.push(...syntax);
      for (const document of documents) {
        const read = this.#parse(document);
        if (Array.isArray(read)) problems.push(...read);
        else manifests.push(read);
      }
    }
    problems.push(...duplicates(manifests));
    if (problems.length > 0) throw new ManifestInvalidError(problems);
    const rank = ({ handler, manifest }: ReadManifest): number => handler.rank?.(manifest) ?? 0;
    return manifests.sort((a, b) => a.handler.order - b.handler.order || rank(a) - rank(b));
  }

  #parse(document: ManifestDocument): ReadManifest | ManifestProblem[] {
    const head = envelope.safeParse(document.value);
    if (!head.success) return schemaProblems(envelope, head.error).map(document.locate);
    const handler = this.#handlers.get(head.data.kind);
    if (!handler) {
      const kinds = [...this.#handlers.keys()];
      const nearest = nearestOf(head.data.kind, kinds);
      const mend = nearest ? `did you mean "${nearest}"?` : `known kinds: ${kinds.join(', ')}`;
      return [document.locate({ path: ['kind'], message: `"${head.data.kind}" is not a kind; ${mend}` })];
    }
    const parsed = handler.schema.safeParse(document.value);
    if (!parsed.success) return schemaProblems(handler.schema, parsed.error).map(document.locate);
    return { document, handler, manifest: parsed.data, name: handler.nameOf(parsed.data) };
  }

  async #check(tx: Transaction, manifests: readonly ReadManifest[]): Promise<void> {
    const names = new Set(manifests.map(({ handler, name }) => `${handler.kind}/${name}`));
    const set: ManifestSet = { has: (kind, name) => names.has(`${kind}/${name}`) };
    const problems: ManifestProblem[] = [];
    for (const { document, handler, manifest } of manifests) {
      const found = (await handler.check?.(tx, manifest, set)) ?? [];
      problems.push(...found.map(document.locate));
    }
    if (problems.length > 0) throw new ManifestInvalidError(problems);
  }
}

/** @throws ManifestRefusedError with file and line, if the handler says what is refused. */
async function applyOne(command: Command, { document, handler, manifest }: ReadManifest): Promise<string[]> {
  try {
    return await handler.apply(command, manifest);
  } catch (error) {
    if (!(error instanceof ManifestRefusal)) throw error;
    const { path, refusal } = error;
    throw new ManifestRefusedError(document.locate({ path, message: refusal.message }), refusal);
  }
}

function duplicates(manifests: readonly ReadManifest[]): ManifestProblem[] {
  const first = new Map<string, ReadManifest>();
  return manifests.flatMap((one) => {
    const key = `${one.handler.kind}/${one.name}`;
    const before = first.get(key);
    first.set(key, before ?? one);
    if (!before) return [];
    const message = `${one.handler.kind} "${one.name}" is described a second time; first in ${before.document.file}`;
    return [one.document.locate({ path: ['metadata'], message })];
  });
}

function refuseUnpermitted({ permission }: ManifestHandler, role: Role | undefined): void {
  if (!permission || (role && allows(role, permission))) return;
  throw new ForbiddenError(role ?? 'viewer', permission);
}
