import { rowsOf, type Transaction } from '#platform';
import { judge, waveAlpha, type GateVerdict } from './gate.js';
import { kpis } from './kpi.js';
import type { KpiStore } from './kpi.store.js';
import type { ReleaseContent, WaveStatus } from './release.js';
import type { ReleaseView, WaveView } from './release-machine.js';
import { notifyRelease, type ReleaseRow } from './releases.store.js';

/** Tenants that one transaction of a rollback takes back. */
const takeBackBatch = 25;

interface WaveRow {
  position: number;
  name: string;
  status: WaveStatus;
  reason: string | null;
  concurrency: number;
  soak_over: boolean;
}

interface GateRow {
  kpi: string;
  threshold: number;
  min_samples: number;
  verdict: GateVerdict;
  explanation: string;
}

/**
 * What the next decision depends on, read from a release that the caller holds locked. The gates of the wave at hand
 * are judged on the way and written down, so that the board shows what was decided on.
 */
export async function loadView(
  tx: Transaction,
  release: ReleaseRow,
  kpiStore: KpiStore,
): Promise<ReleaseView> {
  if (release.status === 'ROLLING_BACK') return rollbackView(tx, release);
  const view: ReleaseView = { status: release.status, wave: undefined, exposed: [], unused: [] };
  if (release.status !== 'RUNNING' && release.status !== 'PAUSED') return view;
  const [wave] = await rowsOf<WaveRow>(
    tx,
    `select position, name, status, reason, concurrency,
       coalesce(soak_until <= clock_timestamp(), false) as soak_over
     from release_wave where release_id = $1 and status not in ('PASSED', 'SKIPPED') order by position limit 1`,
    [release.id],
  );
  return wave ? { ...view, wave: await waveView(tx, release, wave, kpiStore) } : view;
}

async function rollbackView(tx: Transaction, release: ReleaseRow): Promise<ReleaseView> {
  const exposed = await rowsOf<{ tenant_id: string }>(
    tx,
    `select tenant_id from release_tenant where release_id = $1 and status = 'EXPOSED'
     order by wave, place limit ${takeBackBatch}`,
    [release.id],
  );
  const databases = await rowsOf<{ database_id: string }>(
    tx,
    `select database_id from release_database d where release_id = $1 and status <> 'REVERTED' and not exists (
       select from release_tenant t where t.release_id = d.release_id and t.database_id = d.database_id and t.status = 'EXPOSED')`,
    [release.id],
  );
  return {
    status: release.status,
    wave: undefined,
    exposed: exposed.map((row) => row.tenant_id),
    unused: databases.map((row) => row.database_id),
  };
}

async function waveView(
  tx: Transaction,
  release: ReleaseRow,
  wave: WaveRow,
  kpiStore: KpiStore,
): Promise<WaveView> {
  const { position, name, status, reason, concurrency, soak_over: soakOver } = wave;
  const [tenants] = await rowsOf<{ applying: string[]; pending: string[]; failed: number }>(
    tx,
    `select
       array(select tenant_id from release_tenant where release_id = $1 and wave = $2 and status = 'APPLYING'
             order by place) as applying,
       array(select tenant_id from release_tenant where release_id = $1 and wave = $2 and status = 'PENDING'
             order by place limit $3) as pending,
       (select count(*)::int from release_tenant where release_id = $1 and wave = $2 and status = 'FAILED') as failed`,
    [release.id, position, concurrency],
  );
  return {
    position,
    name,
    status,
    reason,
    concurrency,
    soakOver,
    applying: tenants?.applying ?? [],
    pending: tenants?.pending ?? [],
    failed: tenants?.failed ?? 0,
    gates: status === 'PENDING' ? [] : await judgeGates(tx, release, wave, kpiStore),
  };
}

async function judgeGates(
  tx: Transaction,
  release: ReleaseRow,
  wave: WaveRow,
  kpiStore: KpiStore,
): Promise<{ kpi: string; verdict: GateVerdict; explanation: string }[]> {
  const gates = await rowsOf<GateRow>(
    tx,
    'select * from release_gate where release_id = $1 and wave = $2 order by kpi',
    [release.id, wave.position],
  );
  if (gates.length === 0) return [];
  const engine = decidingEngine(release.content);
  const figures = await kpiStore.sinceExposure(tx, release.id, wave.position, engine);
  let changed = false;
  const judged = [];
  for (const gate of gates) {
    const counts = kpis[gate.kpi]?.counts(figures) ?? { failures: 0, samples: 0 };
    const { verdict, evidence, explanation } = judge({
      counts,
      threshold: gate.threshold,
      minSamples: gate.min_samples,
      soakOver: wave.soak_over,
      alpha: waveAlpha / gates.length,
    });
    judged.push({ kpi: gate.kpi, verdict, explanation });
    if (verdict === gate.verdict && explanation === gate.explanation) continue;
    changed = true;
    await tx.query(
      `update release_gate set verdict = $4, failures = $5, samples = $6, evidence = $7, explanation = $8,
         evaluated_at = clock_timestamp() where release_id = $1 and wave = $2 and kpi = $3`,
      [release.id, wave.position, gate.kpi, verdict, counts.failures, counts.samples, evidence, explanation],
    );
  }
  if (changed) await notifyRelease(tx, release.id);
  return judged;
}

/**
 * The pricing engine that a release brings, if it does: units whose own rule keeps another engine say nothing about it,
 * and neither do orders priced just before the switch reached them.
 */
function decidingEngine(content: ReleaseContent): string | null {
  const change = content.flagChanges.find(({ flag }) => flag === 'pricing.engine');
  return change?.enabled ? change.variant : null;
}
