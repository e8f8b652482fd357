import type { ShadowExample, ShadowReport } from './wire.js';

/** Which engines were compared, and where. */
export type ShadowKey = Pick<
  ShadowReport,
  'tenantId' | 'subject' | 'branch' | 'liveEngine' | 'shadowEngine' | 'currency'
>;

/** One line that both engines did, or that the shadow could not do. Money in micro units. */
export type ShadowOutcome =
  | ({ kind: 'COMPARED'; different: boolean; liveMicros: bigint; shadowMicros: bigint } & Pick<
      ShadowExample,
      'account' | 'item' | 'quantity' | 'live' | 'shadow'
    >)
  | { kind: 'FAILED' | 'SKIPPED' };

interface Entry {
  key: ShadowKey;
  counts: Pick<ShadowReport, 'compared' | 'different' | 'failed' | 'skipped'>;
  liveMicros: bigint;
  shadowMicros: bigint;
  absoluteMicros: bigint;
  examples: { size: bigint; example: ShadowExample }[];
}

/** Kept of one report and comparison. */
const maxExamples = 5;
/** Tenants × branches × engines of one report; what comes beyond is dropped. */
const maxEntries = 5_000;
const maxText = 200;

/** Differences between engines since the last {@link Shadows.drain}: sums, and the worst of them. Money stays exact. */
export class Shadows {
  #entries = new Map<string, Entry>();

  record(key: ShadowKey, outcome: ShadowOutcome): void {
    const entry = this.#entryOf(key);
    if (!entry) return;
    if (outcome.kind !== 'COMPARED') {
      entry.counts[outcome.kind === 'FAILED' ? 'failed' : 'skipped']++;
      return;
    }
    const { different, liveMicros, shadowMicros } = outcome;
    const size = shadowMicros > liveMicros ? shadowMicros - liveMicros : liveMicros - shadowMicros;
    entry.counts.compared++;
    entry.liveMicros += liveMicros;
    entry.shadowMicros += shadowMicros;
    entry.absoluteMicros += size;
    if (!different) return;
    entry.counts.different++;
    const { account, item, quantity, live, shadow } = outcome;
    const example: ShadowExample = {
      account: account.slice(0, maxText),
      item: item.slice(0, maxText),
      quantity,
      liveMicros: String(liveMicros),
      shadowMicros: String(shadowMicros),
      live: live.slice(0, maxText),
      shadow: shadow.slice(0, maxText),
    };
    entry.examples.push({ size, example });
    entry.examples.sort((a, b) => (a.size < b.size ? 1 : a.size > b.size ? -1 : 0));
    entry.examples.length = Math.min(entry.examples.length, maxExamples);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  drain(): ShadowReport[] {
    const drained = this.#entries;
    this.#entries = new Map();
    return [...drained.values()].map((entry) => ({
      ...entry.key,
      ...entry.counts,
      liveMicros: String(entry.liveMicros),
      shadowMicros: String(entry.shadowMicros),
      absoluteMicros: String(entry.absoluteMicros),
      examples: entry.examples.map(({ example }) => example),
    }));
  }

  #entryOf(key: ShadowKey): Entry | undefined {
    const { tenantId, subject, branch, liveEngine, shadowEngine, currency } = key;
    const id = JSON.stringify([tenantId, subject, branch, liveEngine, shadowEngine, currency]);
    const known = this.#entries.get(id);
    if (known || this.#entries.size >= maxEntries) return known;
    const entry: Entry = {
      key: { tenantId, subject, branch, liveEngine, shadowEngine, currency },
      counts: { compared: 0, different: 0, failed: 0, skipped: 0 },
      liveMicros: 0n,
      shadowMicros: 0n,
      absoluteMicros: 0n,
      examples: [],
    };
    this.#entries.set(id, entry);
    return entry;
  }
}
