import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { Database, LOGGER, type Logger } from '#platform';

const flushMs = 5_000;
/** Counters held between two flushes; more flags than that in one environment are not counted. */
const maxCounters = 20_000;

/** Flags in one report; an SDK counts only those that it was given. */
const maxToggles = 10_000;

/** Evaluations in one report; the bound keeps the sum of many reports within a bigint. */
export const metricsCount = z.number().int().min(0).max(1e12).default(0);
/** What an SDK counted; the protocol's word for a flag is toggle. */
export const metricsBucket = z.looseObject({
  toggles: z
    .record(z.string().max(200), z.looseObject({ yes: metricsCount, no: metricsCount }))
    .refine((toggles) => Object.keys(toggles).length <= maxToggles, `at most ${maxToggles} flags`),
});

interface Counter {
  yes: number;
  no: number;
}

/**
 * Evaluations that SDKs report, added up in memory and written in batches. Telemetry: a crash loses some seconds of it;
 * a database that is away loses none.
 */
@Injectable()
export class FlagMetrics implements OnModuleInit, OnModuleDestroy {
  #counters = new Map<string, Counter>();
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

  count(environment: string, { toggles }: z.infer<typeof metricsBucket>): void {
    for (const [flag, { yes, no }] of Object.entries(toggles)) this.#add(`${environment} ${flag}`, yes, no);
  }

  /** Writes what was counted; what cannot be written is counted again. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    if (this.#counters.size === 0) return;
    const counters = this.#counters;
    this.#counters = new Map();
    const rows = [...counters].map(([key, { yes, no }]) => {
      const space = key.indexOf(' ');
      return { environment: key.slice(0, space), flag: key.slice(space + 1), yes, no };
    });
    try {
      // Sorted, so that two replicas that flush at once lock the rows in one order.
      await this.database.query(
        `insert into flag_metric (flag_key, environment, yes, no, last_seen_at)
         select f.key, m.environment, m.yes, m.no, clock_timestamp()
         from jsonb_to_recordset($1) as m(environment text, flag text, yes bigint, no bigint)
         join flag f on f.key = m.flag order by 1, 2
         on conflict (flag_key, environment) do update
           set yes = flag_metric.yes + excluded.yes, no = flag_metric.no + excluded.no,
             last_seen_at = excluded.last_seen_at`,
        [JSON.stringify(rows)],
      );
    } catch (error) {
      this.logger.warn({ err: error }, 'flag metrics cannot be written yet');
      for (const [key, { yes, no }] of counters) this.#add(key, yes, no);
    }
  }

  #add(key: string, yes: number, no: number): void {
    const counter = this.#counters.get(key);
    if (counter) {
      counter.yes += yes;
      counter.no += no;
    } else if (this.#counters.size < maxCounters) {
      this.#counters.set(key, { yes, no });
    }
  }
}
