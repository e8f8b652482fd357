import { Kpis } from './kpis.js';
import type { RuntimeLogger } from './logger.js';
import { now, ReadLease } from './read-lease.js';
import { Shadows } from './shadows.js';
import { Usage } from './usage.js';
import type { ReportAnswer, RuntimeReport } from './wire.js';

export interface ReporterOptions {
  url: string;
  token: string;
  instanceId: string;
  service: string;
  /** null: it serves all tenants. undefined: it serves one that it has not heard of yet, so there is nothing to tell. */
  tenantId: () => string | null | undefined;
  appliedRevision: () => number;
  logger: RuntimeLogger;
  /** How often figures are sent, in milliseconds. */
  intervalMs?: number;
  /** How often an idle instance shows that it lives, in milliseconds. */
  heartbeatMs?: number;
}

/**
 * Sends usage, KPIs and the heartbeat, and holds the lease that the answers give. A report keeps its sequence number until the control plane took it; figures
 * that come meanwhile are summed up for the next one, so nothing is lost or counted twice while it is away, and the
 * memory this takes does not grow with the time.
 */
export class Reporter {
  readonly usage = new Usage();
  readonly kpis = new Kpis();
  readonly shadows = new Shadows();
  /** Renewed by the answers to reports. */
  readonly lease = new ReadLease();
  readonly #startedAt = new Date().toISOString();
  #sequence = 0;
  #unaccepted: RuntimeReport | undefined;
  #sending: Promise<boolean> = Promise.resolve(true);
  #timer: NodeJS.Timeout | undefined;
  #sentAt = -Infinity;
  #sentRevision = -1;
  #ending = false;
  #toldEnd = false;

  constructor(private readonly options: ReporterOptions) {}

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#isDue()) void this.flush();
    }, this.options.intervalMs ?? 1_000);
    void this.flush();
  }

  /** Sends what there is. @returns false if the control plane did not take it. */
  flush(): Promise<boolean> {
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  /** Sends the last figures, and that this is the end; they are lost if the control plane is away now. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending = true;
    // Nobody waits for an instance that said that it ends.
    this.lease.end();
    const accepted = await this.flush();
    // A report that had waited to be sent again knew of neither.
    if (accepted && (!this.#toldEnd || this.#hasFigures())) await this.flush();
  }

  #isDue(): boolean {
    return (
      this.#unaccepted !== undefined ||
      this.#hasFigures() ||
      this.options.appliedRevision() !== this.#sentRevision ||
      performance.now() - this.#sentAt >= (this.options.heartbeatMs ?? 5_000)
    );
  }

  #hasFigures(): boolean {
    return !(this.usage.isEmpty && this.kpis.isEmpty && this.shadows.isEmpty);
  }

  async #send(): Promise<boolean> {
    const report = (this.#unaccepted ??= this.#next());
    if (!report) return true;
    const since = now();
    try {
      const response = await fetch(new URL('/runtime/report', this.options.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${this.options.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(report),
        signal: AbortSignal.timeout(5_000),
      });
      const text = await response.text();
      if (response.ok) {
        this.#accepted(report);
        const { toldRevision } = JSON.parse(text) as Partial<ReportAnswer>;
        const knowsMoves = toldRevision !== undefined && toldRevision <= this.options.appliedRevision();
        if (knowsMoves && !this.#ending) this.lease.renew(since);
        return true;
      }
      if (response.status === 400 || response.status === 413) {
        // It would be refused for ever, and hold up every report behind it.
        this.options.logger.error(
          { status: response.status, text },
          'the control plane refused a report; dropped',
        );
        this.#accepted(report);
        return false;
      }
      this.options.logger.debug({ status: response.status }, 'the report is sent again later');
    } catch (error) {
      this.options.logger.debug({ err: error }, 'the report is sent again later');
    }
    return false;
  }

  #accepted(report: RuntimeReport): void {
    this.#unaccepted = undefined;
    this.#sentAt = performance.now();
    this.#sentRevision = report.appliedRevision;
    this.#toldEnd = report.ended === true;
  }

  #next(): RuntimeReport | undefined {
    const tenantId = this.options.tenantId();
    if (tenantId === undefined) return undefined;
    return {
      instanceId: this.options.instanceId,
      service: this.options.service,
      tenantId,
      ...(this.#ending ? { ended: true } : {}),
      startedAt: this.#startedAt,
      sequence: ++this.#sequence,
      appliedRevision: this.options.appliedRevision(),
      usage: this.usage.drain(),
      kpis: this.kpis.drain(),
      shadows: this.shadows.drain(),
    };
  }
}
