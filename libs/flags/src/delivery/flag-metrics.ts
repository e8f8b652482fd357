import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { Database, LOGGER, postgresCode, type Logger } from '#platform';
import { anyKeyPattern } from '../flag-rules.js';

const flushMs = 5_000;

/** Flags in one report; an SDK counts only those that it was given. */
const maxToggles = 10_000;
/**
 * Evaluations that one token adds between two flushes; what is more is not counted. A counter that is shared by all
 * tenants then takes one of them years to fill.
 */
const maxEvaluations = 1e10;
/** Names that the feed does not know (archived flags, say) that one token may have between two flushes, and all of them. */
const maxUnknownOfToken = 100;
const maxUnknown = 10_000;
/** Where a counter stays: the largest number that JavaScript and GraphQL tell from the next. */
const maxCount = Number.MAX_SAFE_INTEGER;

/** Evaluations in one report. */
export const metricsCount = z.number().int().min(0).max(1e12).default(0);
/** What an SDK counted; the protocol's word for a flag is toggle. */
export const metricsBucket = z.looseObject({
  toggles: z
    .record(z.string().max(200), z.looseObject({ yes: metricsCount, no: metricsCount }))
    .refine((toggles) => Object.keys(toggles).length <= maxToggles, `at most ${maxToggles} flags`),
});

/** Who reports: what it may add is bounded by itself, so that nobody's reports crowd out another's. */
export interface MetricsSource {
  tokenId: string;
  environment: string;
  /** Whether there is such a flag in the environment. */
  knows: (flag: string) => boolean;
}

interface Counter {
  environment: string;
  flag: string;
  /** Counters of flags that exist are as many as these; of other names, only so many are kept. */
  known: boolean;
  yes: number;
  no: number;
}

/** What a token has added since the last flush. */
interface Share {
  evaluations: number;
  unknown: number;
}

/**
 * Evaluations that SDKs report, added up in memory and written in batches. Telemetry: a crash loses some seconds of it;
 * a database that is away loses none.
 */
@Injectable()
export class FlagMetrics implements OnModuleInit, OnModuleDestroy {
  #counters = new Map<string, Counter>();
  #shares = new Map<string, Share>();
  #unknown = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.flush(), flushMs);
    this.#timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  count(source: MetricsSource, { toggles }: z.infer<typeof metricsBucket>): void {
    let share = this.#shares.get(source.tokenId);
    if (!share) this.#shares.set(source.tokenId, (share = { evaluations: 0, unknown: 0 }));
    const { environment } = source;
    for (const [flag, { yes, no }] of Object.entries(toggles)) {
      const known = this.#counters.get(keyOf(environment, flag))?.known ?? source.knows(flag);
      if (!known && !mayName(share, flag)) continue;
      this.#add({ environment, flag, known, yes: take(share, yes), no: take(share, no) });
    }
  }

  /** Writes what was counted; what cannot be written is counted again. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    this.#shares = new Map();
    if (this.#counters.size === 0) return;
    const counters = [...this.#counters.values()];
    this.#counters = new Map();
    this.#unknown = 0;
    await this.#writeAll(counters);
  }

  /** A counter that the database will never take is left out; it must not keep the others waiting. */
  async #writeAll(counters: readonly Counter[]): Promise<void> {
    try {
      await addCounters(this.database, counters);
    } catch (error) {
      if (!isOfTheData(error)) {
        this.logger.warn({ err: error }, 'flag metrics cannot be written yet');
        for (const counter of counters) this.#add(counter);
      } else if (counters.length === 1) {
        this.logger.warn({ err: error, flag: counters[0]?.flag }, 'a flag metric cannot be written');
      } else {
        const half = Math.ceil(counters.length / 2);
        await this.#writeAll(counters.slice(0, half));
        await this.#writeAll(counters.slice(half));
      }
    }
  }

  #add(added: Counter): void {
    const key = keyOf(added.environment, added.flag);
    const counter = this.#counters.get(key);
    if (counter) {
      counter.yes = Math.min(counter.yes + added.yes, maxCount);
      counter.no = Math.min(counter.no + added.no, maxCount);
    } else if (added.known || this.#unknown < maxUnknown) {
      this.#counters.set(key, added);
      if (!added.known) this.#unknown += 1;
    }
  }
}

function keyOf(environment: string, flag: string): string {
  return `${environment} ${flag}`;
}

/** Whether a token may report a name that no flag has, once more. */
function mayName(share: Share, flag: string): boolean {
  if (share.unknown >= maxUnknownOfToken || !anyKeyPattern.test(flag) || /\p{Cs}/u.test(flag)) return false;
  share.unknown += 1;
  return true;
}

/** What of a count is still within the share of its token. */
function take(share: Share, count: number): number {
  const taken = Math.min(count, maxEvaluations - share.evaluations);
  share.evaluations += taken;
  return taken;
}

/** Whether PostgreSQL refuses what was sent, and would again: values that it cannot hold, and violations. */
function isOfTheData(error: unknown): boolean {
  return /^2[23]/.test(postgresCode(error) ?? '');
}

async function addCounters(database: Database, counters: readonly Counter[]): Promise<void> {
  // Sorted, so that two replicas that flush at once lock the rows in one order.
  await database.query(
    `insert into flag_metric (flag_key, environment, yes, no, last_seen_at)
     select f.key, m.environment, m.yes, m.no, clock_timestamp()
     from jsonb_to_recordset($1) as m(environment text, flag text, yes bigint, no bigint)
     join flag f on f.key = m.flag join environment e on e.name = m.environment order by 1, 2
     on conflict (flag_key, environment) do update
       set yes = least(flag_metric.yes::numeric + excluded.yes, ${maxCount}),
         no = least(flag_metric.no::numeric + excluded.no, ${maxCount}), last_seen_at = excluded.last_seen_at`,
    [JSON.stringify(counters)],
  );
}
