import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ShadowStore } from '#flags';
import { SecurityAlerts, type SdkTokenScope } from '#identity';
import { Database, InvalidInputError, rowsOf, TierdeckError, type Transaction } from '#platform';
import { UsageStore } from '#quotas';
import { KpiStore } from '#releases';
import { latencyBuckets, type ReportAnswer, type RuntimeReport } from '#runtime/wire';
import { RuntimeInstances } from '#tenancy';

const amount = z.number().min(0).max(1e15);
const count = z.int().min(0);
const micros = z.string().regex(/^-?\d{1,30}$/, 'must be a whole number as text');

const usage = z.object({
  tenantId: z.uuid(),
  requests: count,
  throttled: count,
  throttledByConcurrency: count.optional(),
  shed: count,
  databaseMs: amount,
  queuedMs: amount,
  jobs: count,
  p99Ms: amount,
  latencies: z.array(count).max(latencyBuckets).optional(),
  refusedByWall: count.optional(),
});

const kpi = z.object({
  tenantId: z.uuid(),
  branch: z.string().max(64).nullable(),
  pricingEngine: z.string().max(100),
  ordersAccepted: count,
  ordersRejected: count,
  ordersFailed: count,
  lines: count,
  linesBelowCost: count,
  linesFilled: count,
  revenueMicros: micros,
  costMicros: micros,
  ediAccepted: count,
  ediRejected: count,
});

const label = z.string().max(200);

const shadow = z.object({
  tenantId: z.uuid(),
  subject: z.enum(['pricing', 'allocation']),
  branch: z.string().max(64).nullable(),
  liveEngine: z.string().max(100),
  shadowEngine: z.string().max(100),
  currency: z.string().max(10),
  compared: count,
  different: count,
  failed: count,
  skipped: count,
  liveMicros: micros,
  shadowMicros: micros,
  absoluteMicros: micros,
  examples: z
    .array(
      z.object({
        account: label,
        item: label,
        quantity: count,
        liveMicros: micros,
        shadowMicros: micros,
        live: label,
        shadow: label,
      }),
    )
    .max(5),
});

/** Fields that a newer instance adds are dropped, not refused. */
const reportSchema = z.object({
  instanceId: z.string().min(1).max(200),
  service: z.string().min(1).max(63),
  tenantId: z.uuid().nullable(),
  startedAt: z.iso.datetime({ offset: true }),
  ended: z.boolean().optional(),
  sequence: z.int().min(1),
  appliedRevision: z.int().min(-1),
  usage: z.array(usage).max(10_000),
  kpis: z.array(kpi).max(50_000),
  shadows: z.array(shadow).max(5_000).optional(),
});

/** Instances that were not heard of for longer are forgotten when a new one comes. */
const keptDays = 7;

/** Takes in what the data-plane instances report. */
@Injectable()
export class RuntimeReports {
  constructor(
    private readonly database: Database,
    private readonly usageStore: UsageStore,
    private readonly kpis: KpiStore,
    private readonly shadows: ShadowStore,
    private readonly alerts: SecurityAlerts,
    private readonly instances: RuntimeInstances,
  ) {}

  /**
   * Heartbeat, usage and KPIs of one report, in one transaction and once: a sequence number that came before changes
   * nothing.
   * @throws InvalidInputError, TierdeckError FORBIDDEN if the token is of another tenant.
   */
  async accept(token: SdkTokenScope, body: unknown): Promise<ReportAnswer> {
    const report = parse(body);
    this.#refuseForeign(token, report);
    const fresh = await this.database.transaction(async (tx) => {
      if (!(await advance(tx, report))) return false;
      await this.usageStore.ingest(tx, report.usage);
      await this.kpis.ingest(tx, report);
      await this.shadows.ingest(tx, report);
      return true;
    });
    if (!fresh) return { applied: false };
    this.#tellOfWalls(report);
    // Not before the report is stored: a mover that this answer knows nothing of finds the instance that got it.
    return { applied: true, toldRevision: await this.instances.toldRevision() };
  }

  #tellOfWalls({ service, usage: used }: RuntimeReport): void {
    for (const { tenantId, refusedByWall = 0 } of used) {
      this.alerts.raise({ kind: 'WALL_REFUSED', source: `service/${service}`, tenantId }, refusedByWall);
    }
  }

  #refuseForeign({ tenantId, name }: SdkTokenScope, report: RuntimeReport): void {
    if (tenantId === null || tenantsOf(report).every((id) => id === tenantId)) return;
    this.alerts.raise({ kind: 'FOREIGN_REPORT', source: `sdk-token/${name}`, tenantId });
    throw new TierdeckError('FORBIDDEN', 'The token may report only about its own tenant.', 403);
  }
}

function parse(body: unknown): RuntimeReport {
  const parsed = reportSchema.safeParse(body);
  if (parsed.success) return parsed.data as RuntimeReport;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new InvalidInputError(`The report is not valid: ${field} ${issue?.message}.`, { field });
}

function tenantsOf(report: RuntimeReport): (string | null)[] {
  return [
    report.tenantId,
    ...report.usage.map((u) => u.tenantId),
    ...report.kpis.map((k) => k.tenantId),
    ...(report.shadows ?? []).map((s) => s.tenantId),
  ];
}

/** Moves the instance to the report's sequence number. @returns false if it is there or beyond already. */
async function advance(tx: Transaction, report: RuntimeReport): Promise<boolean> {
  const { instanceId, service, tenantId, appliedRevision, sequence, startedAt, ended = false } = report;
  const advanced = await rowsOf(
    tx,
    `insert into runtime_instance as i (id, service, tenant_id, applied_revision, last_sequence, started_at,
       seen_at, ended_at)
     values ($1, $2, (select id from tenant where id = $3), $4, $5, $6, now(), case when $7::boolean then now() end)
     on conflict (id) do update set service = excluded.service, tenant_id = excluded.tenant_id,
       applied_revision = excluded.applied_revision, last_sequence = excluded.last_sequence,
       started_at = excluded.started_at, seen_at = now(), ended_at = excluded.ended_at
     where excluded.started_at > i.started_at
       or (excluded.started_at = i.started_at and excluded.last_sequence > i.last_sequence)
     returning id`,
    [instanceId, service, tenantId, appliedRevision, sequence, startedAt, ended],
  );
  if (advanced.length > 0 && sequence === 1) {
    await tx.query(`delete from runtime_instance where seen_at < now() - $1 * interval '1 day'`, [keptDays]);
  }
  return advanced.length > 0;
}
