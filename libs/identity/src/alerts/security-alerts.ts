import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Commands, type Command } from '#audit';
import { Database, InvalidInputError, LOGGER, rowsOf, type Logger } from '#platform';
import type { CrossTenantAttempt, SecurityAlert } from './security-alert.js';

/** Attempts by the same source are one alert for so long; PostgreSQL interval. */
const alertWindow = '10 minutes';
/** Between two writes of one replica: a flood is summed up meanwhile. */
const flushEveryMs = 1_000;
/** Distinct attempts that wait to be written; more are only counted in the metric. */
const maxWaiting = 1_000;
const maxPage = 500;

const attemptsTotal = new Counter({
  name: 'tierdeck_cross_tenant_attempts_total',
  help: 'Attempts to cross from one tenant to another that were refused.',
  labelNames: ['kind'],
});

interface Waiting {
  attempt: CrossTenantAttempt;
  count: number;
}

/**
 * Tells operators of attempts on the walls between tenants: an alert with an audit event at the first one, then its
 * count only. Raising costs the refused request nothing, and a flood of attempts costs one write a second at most.
 */
@Injectable()
export class SecurityAlerts implements BeforeApplicationShutdown {
  #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | undefined;
  /** On the monotonic clock. */
  #flushedAt = -Infinity;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Returns at once; the alert is written behind the caller's back, and again later if the database is away. */
  raise(attempt: CrossTenantAttempt, count = 1): void {
    if (count <= 0) return;
    attemptsTotal.inc({ kind: attempt.kind }, count);
    this.#wait(attempt, count);
    this.#flushSoon();
  }

  /** The newest first. @throws InvalidInputError */
  async recent(first: number, tenant?: string | null): Promise<SecurityAlert[]> {
    if (!Number.isInteger(first) || first < 1 || first > maxPage) {
      throw new InvalidInputError(`first must be between 1 and ${maxPage}.`, { field: 'first' });
    }
    const rows = await this.database.query<SecurityAlert & { attempts: string }>(
      `select a.id, a.kind, a.source, t.slug as tenant, a.attempts, a.first_at as "firstAt", a.last_at as "lastAt"
       from security_alert a left join tenant t on t.id = a.tenant_id
       where $2::text is null or t.slug = $2 order by a.last_at desc, a.id limit $1`,
      [first, tenant ?? null],
    );
    return rows.map((row) => ({ ...row, attempts: Number(row.attempts) }));
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
  }

  #wait(attempt: CrossTenantAttempt, count: number): void {
    const key = JSON.stringify([attempt.kind, attempt.source, attempt.tenantId]);
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.count += count;
    else if (this.#waiting.size < maxWaiting) this.#waiting.set(key, { attempt, count });
  }

  #flushSoon(): void {
    const inMs = Math.max(0, this.#flushedAt + flushEveryMs - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flushedAt = performance.now();
      void this.#flush().finally(() => this.#waiting.size > 0 && this.#flushSoon());
    }, inMs).unref();
  }

  #flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const batch = this.#waiting;
      if (batch.size === 0) return;
      this.#waiting = new Map();
      try {
        await this.commands.asSystem('security', async (command) => {
          for (const waiting of batch.values()) await this.#write(command, waiting);
        });
      } catch (error) {
        this.logger.error({ err: error }, 'security alerts could not be written; trying again');
        for (const { attempt, count } of batch.values()) this.#wait(attempt, count);
      }
    });
    return this.#writing;
  }

  async #write(command: Command, { attempt, count }: Waiting): Promise<void> {
    const { kind, source, tenantId } = attempt;
    const [alert] = await rowsOf<{ id: string; fresh: boolean; tenant_id: string | null }>(
      command.tx,
      `insert into security_alert as a (id, kind, source, tenant_id, window_start, attempts)
       values ($1, $2, $3, (select id from tenant where id = $4),
         date_bin('${alertWindow}', now(), timestamptz '2020-01-01'), $5)
       on conflict (kind, source, tenant_id, window_start) do update
         set attempts = a.attempts + excluded.attempts, last_at = now()
       returning id, tenant_id, xmax = 0 as fresh`,
      [randomUUID(), kind, source.slice(0, 200), tenantId, count],
    );
    if (!alert?.fresh) return;
    this.logger.warn(
      { kind, source, tenantId },
      'an attempt to cross from one tenant to another was refused',
    );
    await command.record({
      area: 'security',
      action: 'security.cross-tenant-attempt',
      subject: source.slice(0, 200),
      ...(alert.tenant_id ? { tenantId: alert.tenant_id } : {}),
      after: { alert: alert.id, kind },
    });
  }
}
