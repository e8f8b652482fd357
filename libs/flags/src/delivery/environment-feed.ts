import type { Database } from '#platform';
import type { UnleashSegment } from '../compiler/index.js';
import { FeedView, type FeedState } from './feed-view.js';
import { flagUpdatesSince, type FlagUpdate } from './flag-log.js';
import { scopeKey, wholeEnvironment, type TokenScope } from './fold/token-scope.js';
import { render, type Rendered } from './rendered.js';
import { ServedFlag, type ServedWorld } from './served-flag.js';
import { ViewCache } from './view-cache.js';

/**
 * The flags of one environment, in step with the revision log. Readers take what is there without waiting; a change is
 * taken over as a whole, and an older state never replaces a newer one.
 */
export class EnvironmentFeed implements FeedState {
  #revision = -1;
  #flags: ReadonlyMap<string, ServedFlag> = new Map();
  readonly #segments = new Map<number, Rendered>();
  readonly #world = {
    segments: new Map<number, UnleashSegment>(),
    lookup: (key: string) => this.#flags.get(key)?.decider,
  };
  #running: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #staleSince: Date | undefined;
  readonly #views = new ViewCache<FeedView>();
  readonly #followers = new Set<() => void>();

  constructor(
    readonly environment: string,
    private readonly database: Database,
  ) {}

  /** Everything up to this revision is served; -1 before the first load. */
  get revision(): number {
    return this.#revision;
  }

  /** By key, in the order of keys. */
  get flags(): ReadonlyMap<string, ServedFlag> {
    return this.#flags;
  }

  /** As they are sent, by id. */
  get segments(): ReadonlyMap<number, Rendered> {
    return this.#segments;
  }

  /** Since when changes cannot be read; undefined while all is well. What is served stays. */
  get staleSince(): Date | undefined {
    return this.#staleSince;
  }

  /** What tokens of a scope see, up to date with this feed. */
  view(scope: TokenScope = wholeEnvironment): FeedView {
    const view = this.#views.get(scopeKey(scope), () => new FeedView(this, scope));
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

  async #load(): Promise<void> {
    const { revision, flags, segments } = await flagUpdatesSince(
      this.database,
      this.environment,
      this.#revision,
    );
    if (revision <= this.#revision) return;
    for (const { deleted, ...segment } of segments) {
      if (deleted) this.#segments.delete(segment.id);
      else this.#segments.set(segment.id, render(segment));
      if (deleted) this.#world.segments.delete(segment.id);
      else this.#world.segments.set(segment.id, segment);
    }
    if (flags.length > 0) this.#flags = apply(this.#flags, flags, this.#world);
    this.#revision = revision;
    for (const follower of this.#followers) follower();
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
    else next.set(flag.key, new ServedFlag(state, description, revision, world));
  }
  const added = updates.some(({ key, archived }) => !archived && !flags.has(key));
  return added ? new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1))) : next;
}
