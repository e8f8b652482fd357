import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database, LOGGER, type Logger } from '#platform';
import { storedId, type Receipt } from './instance.js';

/** PostgreSQL channel that tells of new receipts; the payload is the environment. */
export const RECEIPTS_CHANNEL = 'tierdeck_flag_receipts';

/** From a receipt until everybody can see it, at most, in milliseconds. */
const flushMs = 200;
/** An instance without news is written again after this time, in milliseconds: it is still there. */
export const heartbeatMs = 10_000;
/** Instances remembered per replica; more are not counted. */
const maxInstances = 50_000;
/** Those among them that tokens of one tenant may name, so that none of them crowds out the others. */
const maxInstancesOfTenant = 5_000;
const forgetMs = 10 * 60_000;
const keptDays = 1;

/** Times are those of a clock that never goes back, in milliseconds. */
interface Entry extends Receipt {
  environment: string;
  seenAt: number;
  writtenAt: number;
}

/** What every connected instance has applied: noted in memory, written in batches for all replicas to see. */
@Injectable()
export class InstanceReceipts implements OnModuleInit, OnModuleDestroy {
  readonly #entries = new Map<string, Entry>();
  readonly #ofTenant = new Map<string, number>();
  readonly #dirty = new Set<Entry>();
  readonly #gone = new Map<string, { environment: string; id: string }>();
  readonly #sources = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #prunedAt = 0;

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

  /** Asks a source for its receipts before each write. @returns a function that ends it. */
  addSource(source: () => void): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** An instance showed what it has. */
  note(environment: string, receipt: Receipt): void {
    const id = storedId(receipt);
    const key = `${environment} ${id}`;
    const now = performance.now();
    const known = this.#entries.get(key);
    if (known) {
      const changed = known.appliedRevision !== receipt.appliedRevision || known.mode !== receipt.mode;
      known.seenAt = now;
      if (!changed && now - known.writtenAt < heartbeatMs) return;
      Object.assign(known, receipt, { id });
      this.#dirty.add(known);
      return;
    }
    if (this.#entries.size >= maxInstances || this.#floods(receipt.tenantId)) return;
    const entry = { ...receipt, id, environment, seenAt: now, writtenAt: now - heartbeatMs };
    this.#entries.set(key, entry);
    this.#countOf(entry, 1);
    this.#gone.delete(key);
    this.#dirty.add(entry);
  }

  /** An instance went away: nobody waits for it any more. */
  left(environment: string, instance: Pick<Receipt, 'id' | 'tenantId'>): void {
    const id = storedId(instance);
    const key = `${environment} ${id}`;
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#forget(key, entry);
    this.#dirty.delete(entry);
    this.#gone.set(key, { environment, id });
  }

  #floods(tenantId: string | null): boolean {
    return tenantId !== null && (this.#ofTenant.get(tenantId) ?? 0) >= maxInstancesOfTenant;
  }

  #countOf({ tenantId }: Entry, by: 1 | -1): void {
    if (tenantId === null) return;
    const count = (this.#ofTenant.get(tenantId) ?? 0) + by;
    if (count > 0) this.#ofTenant.set(tenantId, count);
    else this.#ofTenant.delete(tenantId);
  }

  #forget(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#countOf(entry, -1);
  }

  /** Writes what is new; what cannot be written is written later. */
  flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  async #write(): Promise<void> {
    for (const source of this.#sources) source();
    if (this.#dirty.size === 0 && this.#gone.size === 0) return;
    const entries = [...this.#dirty];
    const gone = [...this.#gone.entries()];
    this.#dirty.clear();
    this.#gone.clear();
    try {
      await writeReceipts(
        this.database,
        entries,
        gone.map(([, one]) => one),
      );
      const now = performance.now();
      for (const entry of entries) entry.writtenAt = now;
      await this.#prune(now);
    } catch (error) {
      this.logger.warn({ err: error }, 'receipts of flag changes cannot be written yet');
      for (const entry of entries) this.#dirty.add(entry);
      for (const [key, one] of gone) if (!this.#entries.has(key)) this.#gone.set(key, one);
    }
  }

  async #prune(now: number): Promise<void> {
    if (now - this.#prunedAt < forgetMs) return;
    this.#prunedAt = now;
    for (const [key, entry] of this.#entries) if (now - entry.seenAt > forgetMs) this.#forget(key, entry);
    await this.database.query(`delete from flag_instance where seen_at < now() - $1 * interval '1 day'`, [
      keptDays,
    ]);
  }
}

async function writeReceipts(
  database: Database,
  entries: readonly Entry[],
  gone: readonly { environment: string; id: string }[],
): Promise<void> {
  // In order, so that two replicas that write at once lock the rows in one order.
  await database.query(
    `with fresh as (
       insert into flag_instance (environment, id, service, instance, sdk, mode, tenant_id, applied_revision,
         interval_ms, seen_at)
       select environment, id, service, instance, sdk, mode, "tenantId", "appliedRevision", "intervalMs",
         clock_timestamp()
       from jsonb_to_recordset($1) as r(environment text, id text, service text, instance text, sdk text, mode text,
         "tenantId" uuid, "appliedRevision" bigint, "intervalMs" int)
       order by 1, 2
       on conflict (environment, id) do update set service = excluded.service, instance = excluded.instance,
         sdk = excluded.sdk, mode = excluded.mode, tenant_id = excluded.tenant_id,
         applied_revision = excluded.applied_revision, interval_ms = excluded.interval_ms,
         seen_at = excluded.seen_at
       returning environment
     ), left_ones as (
       delete from flag_instance i using jsonb_to_recordset($2) as g(environment text, id text)
       where i.environment = g.environment and i.id = g.id
         and not exists (select from jsonb_to_recordset($1) as r(environment text, id text)
           where r.environment = g.environment and r.id = g.id)
       returning i.environment
     )
     select pg_notify('${RECEIPTS_CHANNEL}', environment)
     from (select environment from fresh union select environment from left_ones) as touched`,
    [JSON.stringify(entries), JSON.stringify(gone)],
  );
}
