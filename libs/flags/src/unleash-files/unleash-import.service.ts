import { Injectable } from '@nestjs/common';
import { contentDigest, type Command } from '#audit';
import { TierdeckError } from '#platform';
import {
  payloadValue,
  unleashOperators,
  unleashStrategies,
  type UnleashFeature,
  type UnleashStrategy,
  type UnleashVariant,
} from '../compiler/index.js';
import { flagTypes, type FlagVariant } from '../flag.js';
import { FlagsService } from '../flags.service.js';
import { environmentNames, environmentState, findFlag, type FlagRecord } from '../flags.store.js';
import { EnvironmentNotFoundError } from '../flags.errors.js';
import { ProjectsService } from '../projects.service.js';
import { SegmentsService } from '../segments.service.js';
import { findSegmentByName } from '../segments.store.js';
import {
  readUnleashFile,
  type ImportNote,
  type UnleashFileFlag,
  type UnleashFileSegment,
} from './read-file.js';

export interface ImportReport {
  format: string;
  created: string[];
  updated: string[];
  /** Everything that is not here as it was there. */
  notes: ImportNote[];
}

/** What was not there before, or is different now. */
interface Progress extends ImportReport {
  /** Ids of the file's segments as they are here. */
  segments: Map<number, number>;
}

/** Takes over flags of Unleash. What an SDK answers from them stays the same. */
@Injectable()
export class UnleashImportService {
  constructor(
    private readonly flags: FlagsService,
    private readonly segments: SegmentsService,
    private readonly projects: ProjectsService,
  ) {}

  /**
   * Imports a file into one environment. A flag that is there already gets the file's strategies there.
   * @throws FlagInvalidError INVALID_INPUT with the place in the file, EnvironmentNotFoundError ENVIRONMENT_NOT_FOUND
   */
  async import(command: Command, environment: string, text: string): Promise<ImportReport> {
    const known = await environmentNames(command.tx);
    if (!known.includes(environment)) throw new EnvironmentNotFoundError(environment, known);
    const file = readUnleashFile(text);
    const progress: Progress = {
      format: file.format,
      created: [],
      updated: [],
      notes: [...file.notes],
      segments: new Map(),
    };
    for (const segment of file.segments) await this.#segment(command, segment, progress);
    const projects = new Set(file.flags.map(({ feature }) => feature.project));
    for (const key of projects) await this.projects.ensure(command, key);
    for (const flag of file.flags) await this.#flag(command, environment, flag, progress);
    const { segments: _segments, ...report } = progress;
    return report;
  }

  async #segment(command: Command, segment: UnleashFileSegment, progress: Progress): Promise<void> {
    const { id, name, constraints } = segment;
    const subject = `segment/${name}`;
    const there = await findSegmentByName(command.tx, name);
    if (constraints === null) {
      if (there) progress.segments.set(id, there.id);
      else
        progress.notes.push({
          subject,
          outcome: 'SKIPPED',
          message:
            'The file only names it; without it, its strategies never hold. Create it and import again.',
        });
      return;
    }
    const same = there && JSON.stringify(there.constraints) === JSON.stringify(constraints);
    if (same) {
      progress.segments.set(id, there.id);
      return;
    }
    const free = there ? await this.segments.freeName(command.tx, name) : name;
    if (there)
      progress.notes.push({
        subject,
        outcome: 'CHANGED',
        message: `There is another segment of this name; it is imported as "${free}".`,
      });
    progress.segments.set(id, await this.segments.createImported(command, free, constraints));
  }

  async #flag(
    command: Command,
    environment: string,
    { feature, tags }: UnleashFileFlag,
    progress: Progress,
  ): Promise<void> {
    const subject = `flag/${feature.name}`;
    const reason = 'Unleash import';
    const variants = variantsOf(feature);
    const kind = variants.length > 0 ? ('VARIANT' as const) : ('BOOLEAN' as const);
    const stored = await findFlag(command.tx, feature.name);
    if (stored?.archived || (stored && stored.kind !== kind)) {
      const message = stored.archived
        ? 'A flag of this key is archived here.'
        : `A flag of this key is here, of kind ${stored.kind}; the file has one of kind ${kind}.`;
      progress.notes.push({ subject, outcome: 'SKIPPED', message });
      return;
    }
    const type = flagTypes.find((one) => one === feature.type);
    const definition = {
      key: feature.name,
      kind,
      description: feature.description?.slice(0, 1_000) ?? '',
      project: feature.project,
      type: type ?? 'release',
      lifecycle: feature.stale ? ('STALE' as const) : ('ACTIVE' as const),
      impressionData: feature.impressionData,
      tags,
      variants: [...(stored?.variants ?? []), ...variants.filter((one) => !has(stored?.variants, one.name))],
      dependencies: feature.dependencies.map(({ feature: flag, ...rest }) => ({ flag, ...rest })),
    };
    await command.tx.query('savepoint imported_flag');
    try {
      // A file has many flags, and what they are is mostly the same in the file of the next environment.
      if (!stored) await this.flags.createFlag(command, { ...definition, imported: true });
      else if (!isSo(stored, definition))
        await this.flags.updateFlag(command, { ...definition, imported: true, reason });
      await this.flags.setStrategies(command, {
        flag: feature.name,
        environment,
        strategies: feature.strategies.map((strategy) => withSegments(strategy, progress.segments)),
        variants: feature.variants,
        reason,
        imported: true,
      });
      const { enabled } = await environmentState(command.tx, feature.name, environment);
      if (enabled !== feature.enabled)
        await this.flags.setEnabled(command, {
          flag: feature.name,
          environment,
          enabled: feature.enabled,
          reason,
        });
    } catch (error) {
      // One flag that cannot be here does not keep the others away, and leaves nothing of itself behind.
      if (!(error instanceof TierdeckError) || error.code === 'CHANGE_REQUEST_REQUIRED') throw error;
      await command.tx.query('rollback to savepoint imported_flag');
      progress.notes.push({ subject, outcome: 'SKIPPED', message: error.message });
      return;
    }
    await command.tx.query('release savepoint imported_flag');
    progress.notes.push(...notesOf(feature, subject, type !== undefined));
    (stored ? progress.updated : progress.created).push(feature.name);
  }
}

/** Every variant that the feature or a strategy of it can answer; the first of a name counts. */
function variantsOf(feature: UnleashFeature): FlagVariant[] {
  const found = new Map<string, FlagVariant>();
  const all: UnleashVariant[] = [
    ...feature.variants,
    ...feature.strategies.flatMap(({ variants }) => variants),
  ];
  for (const { name, payload } of all) {
    if (found.has(name)) continue;
    found.set(name, { name, ...(payload ? { payload: payloadValue(payload) } : {}) });
  }
  return [...found.values()];
}

/** Whether the flag is all that the definition says. */
function isSo(stored: FlagRecord, definition: Partial<FlagRecord>): boolean {
  const names = Object.keys(definition) as (keyof FlagRecord)[];
  return names.every((name) => contentDigest(stored[name]) === contentDigest(definition[name]));
}

function has(variants: readonly FlagVariant[] | undefined, name: string): boolean {
  return variants?.some((variant) => variant.name === name) ?? false;
}

/** A segment that is not here keeps a number that no segment has: its strategy never holds, as in the SDKs. */
function withSegments(strategy: UnleashStrategy, ids: ReadonlyMap<number, number>): UnleashStrategy {
  if (!strategy.segments) return strategy;
  return { ...strategy, segments: strategy.segments.map((id) => ids.get(id) ?? -Math.abs(id)) };
}

function notesOf(feature: UnleashFeature, subject: string, knownType: boolean): ImportNote[] {
  const notes: ImportNote[] = [];
  const changed = (message: string) => notes.push({ subject, outcome: 'CHANGED', message });
  if (!knownType) changed(`Its type "${feature.type}" is none here; it is a release flag.`);
  const constraints = feature.strategies.flatMap((strategy) => strategy.constraints);
  const custom = feature.strategies.filter(
    ({ name }) => !(unleashStrategies as readonly string[]).includes(name),
  );
  const odd = constraints.filter(
    ({ operator }) => !(unleashOperators as readonly string[]).includes(operator),
  );
  for (const { name } of custom)
    changed(`No SDK knows the strategy "${name}" by itself; it is sent as it is, and never holds here.`);
  for (const { operator } of odd) changed(`There is no operator "${operator}": its constraint never holds.`);
  return notes;
}
