import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Database } from '#platform';
import { TooManyStrategiesError, type FlagState, type UnleashSegment } from '../compiler/index.js';
import { FeedView, type FeedState } from './feed-view.js';
import { flagUpdatesSince, type FlagUpdate, type FlagUpdates } from './flag-log.js';
import { scopeKey, wholeEnvironment, type TokenScope } from './fold/token-scope.js';
import { Kept } from './kept.js';
import type { Payload } from './payload.js';
import { ServedFlag, type ServedWorld } from './served-flag.js';
import { serveSegment, type ServedSegment } from './served-segment.js';
import { within } from './within.js';

const logger = new Logger('flags');

/** Views kept for tokens that come again: memory does not grow with the number of tenants. */
const maxViews = 6_000;
/** Payloads that views of one content share. */
const maxPayloads = 100;
/** PostgreSQL that has not answered after this time, in milliseconds, counts as away. */
const answerMs = 5_000;
/** Between two catch-ups that readers ask for, in milliseconds, however many ask. */
const demandMs = 100;

/**
 * The flags of one environment, in step with the revision log. Readers take what is there without waiting; a change is
 * taken over as a whole, and an older state never replaces a newer one.
 */
export class EnvironmentFeed implements FeedState {
  #revision = -1;
  #changedRevision = -1;
  #flags: ReadonlyMap<string, ServedFlag> = new Map();
  readonly #segments = new Map<number, ServedSegment>();
  readonly #world = {
    segments: new Map<number, UnleashSegment>(),
    lookup: (key: string) => this.#flags.get(key)?.decider,
  };
  #running: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #demanded: Promise<void> | undefined;
  #demandedAt = -demandMs;
  #staleSince: Date | undefined;
  readonly #views = new Kept<FeedView>(maxViews);
  readonly payloads = new Kept<Payload>(maxPayloads);
  readonly #followers = new Set<() => void>();

  constructor(
    readonly environment: string,
    private readonly database: Database,
  ) {}

  /** Everything up to this revision is served; -1 before the first load. */
  get revision(): number {
    return this.#revision;
  }

  /** At most {@link revision}: no flag of this environment has changed since. */
  get changedRevision(): number {
    return this.#changedRevision;
  }

  /** By key, in the order of keys. */
  get flags(): ReadonlyMap<string, ServedFlag> {
    return this.#flags;
  }

  /** As they are sent, by id. */
  get segments(): ReadonlyMap<number, ServedSegment> {
    return this.#segments;
  }

  /** Since when changes cannot be read; undefined while all is well. What is served stays. */
  get staleSince(): Date | undefined {
    return this.#staleSince;
  }

  /** What tokens of a scope see, up to date with this feed. */
  view(scope: TokenScope = wholeEnvironment): FeedView {
    const view = this.#views.getOr(scopeKey(scope), () => new FeedView(this, scope));
    view.catchUp();
    return view;
  }

  /** Calls back after each newer state, at once. @returns a function that ends it. */
  follow(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /**
   * Takes over everything committed before this call. Calls while one is under way share the next one.
   * @throws whatever the database throws; what is served stays.
   */
  catchUp(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#load()
        .then(
          () => (this.#staleSince = undefined),
          (error: unknown) => {
            this.#staleSince ??= new Date();
            throw error;
          },
        )
        .then(() => undefined)
        .finally(() => (this.#running = undefined));
      return this.#running;
    }
    this.#again ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#again = undefined;
        return this.catchUp();
      });
    return this.#again;
  }

  /**
   * For a reader that has seen a revision from another replica: takes over what there is, if that revision is not here.
   * Never fails; whoever asks looks at {@link revision} again. Anybody can claim to have seen a revision, so all who ask
   * share one look at the database, and there is one every {@link demandMs}.
   */
  async catchUpTo(revision: number): Promise<void> {
    // A look that was under way may be too old; the one after it is not.
    for (let turn = 0; turn < 2 && this.#revision < revision; turn++)
      await (this.#demanded ??= this.#demand());
  }

  async #demand(): Promise<void> {
    try {
      const rest = this.#demandedAt + demandMs - performance.now();
      if (rest > 0) await wait(rest);
      await this.catchUp();
    } catch {
      // What is served stays.
    } finally {
      this.#demandedAt = performance.now();
      this.#demanded = undefined;
    }
  }

  async #load(): Promise<void> {
    const loading = flagUpdatesSince(this.database, this.environment, this.#revision).then((updates) =>
      this.#take(updates),
    );
    // Nobody waits for longer, but an answer that comes late is taken all the same.
    await (this.#revision < 0 ? loading : within(answerMs, loading));
  }

  #take({ revision, flags, segments }: FlagUpdates): void {
    if (revision <= this.#revision) return;
    for (const { deleted, ...segment } of segments) {
      if (deleted) this.#segments.delete(segment.id);
      else this.#segments.set(segment.id, serveSegment(segment));
      if (deleted) this.#world.segments.delete(segment.id);
      else this.#world.segments.set(segment.id, segment);
    }
    if (flags.length > 0) this.#flags = apply(this.#flags, flags, this.#world);
    if (flags.length + segments.length > 0 || this.#revision < 0) this.#changedRevision = revision;
    this.#revision = revision;
    for (const follower of this.#followers) follower();
  }
}

/** What an older version let in and cannot be compiled is off, and keeps no other flag from being served. */
function servedOrOff(
  state: FlagState,
  description: string,
  revision: number,
  world: ServedWorld,
): ServedFlag {
  try {
    return new ServedFlag(state, description, revision, world);
  } catch (error) {
    if (!(error instanceof TooManyStrategiesError)) throw error;
    logger.error(`Flag "${state.flag.key}" is served as off: ${error.message}`);
    const off = { ...state, rules: [], strategies: null, featureVariants: [] };
    return new ServedFlag(off, description, revision, world);
  }
}

function apply(
  flags: ReadonlyMap<string, ServedFlag>,
  updates: readonly FlagUpdate[],
  world: ServedWorld,
): Map<string, ServedFlag> {
  const next = new Map(flags);
  for (const update of updates) {
    const { description, archived, enabled, rules, strategies, featureVariants, revision, ...flag } = update;
    const state = { flag, archived, enabled, rules, strategies, featureVariants };
    if (archived) next.delete(flag.key);
    else next.set(flag.key, servedOrOff(state, description, revision, world));
  }
  const added = updates.some(({ key, archived }) => !archived && !flags.has(key));
  return added ? new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1))) : next;
}
