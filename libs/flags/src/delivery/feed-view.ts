import { inlineSegments } from './inline-segments.js';
import type { Kept } from './kept.js';
import { lazyPayload, makePayload, type Payload } from './payload.js';
import { FixedContext, type TokenScope } from './fold/token-scope.js';
import type { Rendered } from './rendered.js';
import type { ServedFeature, ServedFlag } from './served-flag.js';
import type { ServedSegment } from './served-segment.js';

/** Changes that a reader may have missed and still be told one by one; who missed more gets everything again. */
const maxHistory = 200;

/** What a view is a view of. */
export interface FeedState {
  readonly environment: string;
  /** Everything up to this revision is in it. */
  readonly revision: number;
  /** By key, in the order of keys. */
  readonly flags: ReadonlyMap<string, ServedFlag>;
  readonly segments: ReadonlyMap<number, ServedSegment>;
  /** Made for one view, and sent for every other of the same content. */
  readonly payloads: Kept<Payload>;
}

/** What the flags of a query are narrowed to, beyond what the token narrows. */
export interface FeatureFilter {
  /** Equal for filters that let the same through. */
  readonly key: string;
  passes(flag: ServedFlag): boolean;
}

interface Change {
  /** Of the state before the change. */
  id: string;
  features: readonly string[];
  segments: readonly number[];
}

/**
 * The flags of an environment as one token scope sees them, in step with the feed. Its id, which is also its ETag and
 * the id of its events, changes if and only if a reader would see something else: a change for one tenant is none in
 * the views of the others.
 */
export class FeedView {
  readonly #fixed: FixedContext | null;
  readonly #features = new Map<string, ServedFeature>();
  readonly #segments = new Map<number, Rendered>();
  #feedRevision = -1;
  #revision = -1;
  #high = 0;
  #low = 0;
  #history: Change[] = [];
  #payload: Payload | undefined;
  #inlined: Payload | undefined;
  #hydration: Payload | undefined;

  constructor(
    private readonly feed: FeedState,
    readonly scope: TokenScope,
  ) {
    this.#fixed = scope.tenant && new FixedContext(scope.tenant, scope.branch);
    this.catchUp();
  }

  /** `hash:revision:v1`; equal hashes mean equal content, whatever the revision. */
  get id(): string {
    return `${hex(this.#high)}${hex(this.#low)}:${this.#revision}:v1`;
  }

  /** Of the last change in this view, not of the feed. */
  get revision(): number {
    return this.#revision;
  }

  /** Takes over what the feed has. @returns whether a reader would see something else. */
  catchUp(): boolean {
    if (this.#feedRevision === this.feed.revision) return false;
    const before = this.id;
    const isNew = this.#feedRevision < 0;
    const features = this.#takeFeatures();
    const segments = this.#takeSegments();
    this.#feedRevision = this.feed.revision;
    if (features.length + segments.length === 0 && !isNew) return false;
    this.#revision = this.feed.revision;
    this.#payload = undefined;
    this.#inlined = undefined;
    this.#hydration = undefined;
    if (isNew) return true;
    this.#history.push({ id: before, features, segments });
    if (this.#history.length > maxHistory) this.#history.shift();
    return true;
  }

  /** The bytes of `/api/client/features`. */
  payload(): Payload {
    return (this.#payload ??= this.feed.payloads.getOr(`whole ${this.id}`, () =>
      this.#makePayload(this.served(), [...this.#segments.values()]),
    ));
  }

  /** The same for SDKs that know no segments: their constraints stand in the strategies. */
  inlinedPayload(): Payload {
    if (this.#segments.size === 0) return this.payload();
    return (this.#inlined ??= this.feed.payloads.getOr(`inlined ${this.id}`, () =>
      this.#makePayload(this.#inline(this.served()), []),
    ));
  }

  /** As {@link payload} or {@link inlinedPayload}, of the flags that pass a filter alone; kept by whoever asks. */
  filteredPayload(filter: FeatureFilter, inline: boolean): Payload {
    const features = this.served(filter);
    const segments = inline ? [] : this.#segmentsOf(features);
    const shown = inline ? this.#inline(features) : features;
    let [high, low] = [0, 0];
    for (const part of [...shown, ...segments]) {
      high ^= part.high;
      low ^= part.low;
    }
    // An ETag of its own: what the filter leaves out does not change it.
    return this.#makePayload(shown, segments, `${hex(high)}${hex(low)}:${this.#revision}:v1`);
  }

  /** JSON of one flag, with its segments in it: there is no other place for them; undefined if it is not in this view. */
  feature(key: string): string | undefined {
    const feature = this.#features.get(key);
    return feature && this.#inline([feature])[0]?.json;
  }

  /** The features in the order of their keys. */
  served(filter?: FeatureFilter): ServedFeature[] {
    const served: ServedFeature[] = [];
    for (const [key, flag] of this.feed.flags) {
      const feature = this.#features.get(key);
      if (feature && (!filter || filter.passes(flag))) served.push(feature);
    }
    return served;
  }

  /** The bytes of `/api/client/delta` for a reader that has nothing. */
  hydrationPayload(): Payload {
    return (this.#hydration ??= this.feed.payloads.getOr(`delta ${this.id}`, () => {
      const hydration = this.hydration();
      return lazyPayload(this.id, () => `{"events":[${hydration}]}`);
    }));
  }

  /** JSON of the event that replaces everything a reader has. */
  hydration(filter?: FeatureFilter): string {
    const features = this.served(filter);
    const segments = this.#segmentsOf(features);
    return `{"eventId":${this.#revision},"type":"hydration","features":[${jsons(features)}],"segments":[${jsons(segments)}]}`;
  }

  /**
   * JSON of the events that bring a reader from the state of that id to this one; none if it has it already.
   * @returns undefined if the state is not known any more: the reader needs a {@link hydration}.
   */
  eventsSince(id: string, filter?: FeatureFilter): string[] | undefined {
    if (hashOf(id) === hashOf(this.id)) return [];
    const from = this.#history.findLastIndex((change) => change.id === id);
    if (from < 0) return undefined;
    const missed = this.#history.slice(from);
    const eventId = this.#revision;
    const gone: string[] = [];
    const events: string[] = [];
    for (const segment of new Set(missed.flatMap(({ segments }) => segments))) {
      const json = this.#segments.get(segment)?.json;
      if (json) events.push(`{"eventId":${eventId},"type":"segment-updated","segment":${json}}`);
      else gone.push(`{"eventId":${eventId},"type":"segment-removed","segmentId":${segment}}`);
    }
    for (const key of new Set(missed.flatMap(({ features }) => features))) {
      const flag = this.feed.flags.get(key);
      const json = flag && (!filter || filter.passes(flag)) ? this.#features.get(key)?.json : undefined;
      const name = JSON.stringify(key);
      const project = JSON.stringify(flag?.feature.project ?? 'default');
      if (json) events.push(`{"eventId":${eventId},"type":"feature-updated","feature":${json}}`);
      else
        events.push(
          `{"eventId":${eventId},"type":"feature-removed","featureName":${name},"project":${project}}`,
        );
    }
    // What is left of a segment goes last: a feature may have needed it until just now.
    return [...events, ...gone];
  }

  #takeFeatures(): string[] {
    const changed: string[] = [];
    for (const [key, flag] of this.feed.flags) {
      if (flag.revision <= this.#feedRevision && this.#feedRevision >= 0) continue;
      const opens = this.scope.project === '*' || this.scope.project === flag.feature.project;
      const next = opens ? flag.servedFor(this.#fixed) : undefined;
      if (this.#replace(this.#features, key, next)) changed.push(key);
    }
    for (const key of this.#features.keys()) {
      if (!this.feed.flags.has(key) && this.#replace(this.#features, key, undefined)) changed.push(key);
    }
    return changed;
  }

  /** Only those that some feature still refers to. */
  #takeSegments(): number[] {
    const changed: number[] = [];
    const needed = new Set<number>();
    for (const { segments } of this.#features.values()) for (const id of segments) needed.add(id);
    for (const id of new Set([...needed, ...this.#segments.keys()])) {
      const segment = needed.has(id) ? this.feed.segments.get(id) : undefined;
      const next = this.#fixed ? segment?.nameless : segment?.whole;
      if (this.#replace(this.#segments, id, next)) changed.push(id);
    }
    return changed;
  }

  /** Keeps the hash in step. @returns whether anything changed. */
  #replace<Key, Value extends Rendered>(map: Map<Key, Value>, key: Key, next: Value | undefined): boolean {
    const before = map.get(key);
    if (before?.json === next?.json) return false;
    this.#high ^= (before?.high ?? 0) ^ (next?.high ?? 0);
    this.#low ^= (before?.low ?? 0) ^ (next?.low ?? 0);
    if (next) map.set(key, next);
    else map.delete(key);
    return true;
  }

  #segmentsOf(features: readonly ServedFeature[]): Rendered[] {
    const ids = new Set(features.flatMap(({ segments }) => segments));
    return [...ids].flatMap((id) => this.#segments.get(id) ?? []);
  }

  #inline(features: readonly ServedFeature[]): Rendered[] {
    return inlineSegments(features, (id) => this.#segments.get(id)?.json);
  }

  #makePayload(features: readonly Rendered[], segments: readonly Rendered[], etag = this.id): Payload {
    return makePayload({
      environment: this.feed.environment,
      revision: this.#revision,
      features: features.map(({ json }) => json),
      segments: segments.map(({ json }) => json),
      etag,
    });
  }
}

function jsons(parts: readonly Rendered[]): string {
  return parts.map(({ json }) => json).join(',');
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** The part of an id that tells contents apart. */
export function hashOf(id: string): string {
  return id.slice(0, 16);
}
