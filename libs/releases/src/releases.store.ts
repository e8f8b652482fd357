import { rowsOf, type Database, type Transaction } from '#platform';
import type { ReleaseContent, ReleaseStatus, WaveStatus } from './release.js';
import type { ReleasePlan } from './release-planner.js';

export interface ReleaseRow {
  id: string;
  name: string;
  description: string | null;
  environment: string;
  content: ReleaseContent;
  digest: string;
  needs_approval: boolean;
  status: ReleaseStatus;
  status_reason: string | null;
  created_by: string;
  created_by_id: string;
  created_by_person: string;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  attempts: number;
  fence: string;
}

/** PostgreSQL channel that tells of progress; the payload is the release's id. */
export const RELEASE_CHANNEL = 'tierdeck_release';

export async function notifyRelease(tx: Transaction, id: string): Promise<void> {
  await tx.query('select pg_notify($1, $2)', [RELEASE_CHANNEL, id]);
}

export type NewRelease = Pick<
  ReleaseRow,
  | 'id'
  | 'name'
  | 'description'
  | 'environment'
  | 'content'
  | 'digest'
  | 'needs_approval'
  | 'created_by'
  | 'created_by_id'
>;

export async function insertRelease(tx: Transaction, release: NewRelease): Promise<void> {
  await tx.query(
    `insert into release (id, name, description, environment, content, digest, needs_approval, status, created_by,
       created_by_id) values ($1, $2, $3, $4, $5, $6, $7, 'DRAFT', $8, $9)`,
    [
      release.id,
      release.name,
      release.description,
      release.environment,
      JSON.stringify(release.content),
      release.digest,
      release.needs_approval,
      release.created_by,
      release.created_by_id,
    ],
  );
  for (const [index, wave] of release.content.waves.entries()) {
    await tx.query(
      `insert into release_wave (release_id, position, name, selector, concurrency, soak_seconds)
       values ($1, $2, $3, $4, $5, $6)`,
      [release.id, index + 1, wave.name, JSON.stringify(wave.selector), wave.concurrency, wave.soakSeconds],
    );
    for (const gate of wave.gates) {
      await tx.query(
        'insert into release_gate (release_id, wave, kpi, threshold, min_samples) values ($1, $2, $3, $4, $5)',
        [release.id, index + 1, gate.kpi, gate.threshold, gate.minSamples],
      );
    }
  }
}

export async function lockRelease(tx: Transaction, id: string): Promise<ReleaseRow | undefined> {
  const [row] = await rowsOf<ReleaseRow>(tx, 'select * from release where id = $1 for update', [id]);
  return row;
}

/** Approvals of what the release would do now, and how many it needs by what its flags are now. */
export async function releaseApprovals(
  tx: Transaction,
  id: string,
): Promise<{ given: number; needed: number }> {
  const [row] = await rowsOf<{ given: number; needed: number }>(
    tx,
    'select release_approvals($1) as given, release_approvals_needed($1) as needed',
    [id],
  );
  return row ?? { given: 0, needed: 1 };
}

export interface StatusChange {
  status: ReleaseStatus;
  reason?: string | null;
  started?: boolean;
  finished?: boolean;
}

/** Moves a release on, makes it due at once and tells everybody who watches it. */
export async function updateReleaseStatus(tx: Transaction, id: string, change: StatusChange): Promise<void> {
  await tx.query(
    `update release set status = $2, status_reason = $3, attempts = 0, next_run_at = clock_timestamp(),
       started_at = case when $4 then clock_timestamp() else started_at end,
       finished_at = case when $5 then clock_timestamp() end
     where id = $1`,
    [id, change.status, change.reason ?? null, change.started ?? false, change.finished ?? false],
  );
  await notifyRelease(tx, id);
}

/** Fixes for good which tenants each wave has. */
export async function insertPlan(tx: Transaction, id: string, plan: ReleasePlan): Promise<void> {
  for (const { position, tenants } of plan.waves) {
    await tx.query(
      `insert into release_tenant (release_id, wave, tenant_id, place)
       select $1, $2, tenant_id, place from unnest($3::uuid[]) with ordinality as chosen(tenant_id, place)`,
      [id, position, tenants.map((tenant) => tenant.id)],
    );
    if (tenants.length === 0) {
      await updateWave(tx, id, position, {
        status: 'SKIPPED',
        reason: 'It selects no tenant.',
        finished: true,
      });
    }
  }
}

export interface WaveChange {
  status: WaveStatus;
  reason?: string | null;
  started?: boolean;
  finished?: boolean;
  /** Starts the soak on the clock of the database. */
  soaks?: boolean;
}

export async function updateWave(
  tx: Transaction,
  releaseId: string,
  position: number,
  change: WaveChange,
): Promise<void> {
  await tx.query(
    `update release_wave set status = $3, reason = $4,
       started_at = case when $5 then clock_timestamp() else started_at end,
       finished_at = case when $6 then clock_timestamp() else finished_at end,
       soak_until = case when $7 then clock_timestamp() + soak_seconds * interval '1 second' else soak_until end
     where release_id = $1 and position = $2`,
    [
      releaseId,
      position,
      change.status,
      change.reason ?? null,
      change.started ?? false,
      change.finished ?? false,
      change.soaks ?? false,
    ],
  );
}

/** Waves that will not run any more, and how the ones that ran end. */
export async function endWaves(
  tx: Transaction,
  releaseId: string,
  begun: WaveStatus,
  reason: string,
): Promise<void> {
  await tx.query(
    `update release_wave set reason = coalesce(reason || ' ', '') || $3,
       status = case when status = 'PENDING' then 'SKIPPED' else $2 end, finished_at = clock_timestamp()
     where release_id = $1 and status not in ('SKIPPED', 'FAILED', 'ROLLED_BACK') and (status <> 'PASSED' or $2 = 'ROLLED_BACK')`,
    [releaseId, begun, reason],
  );
}

/** A release that is under way, or that came after this one and still exposes tenants, and touches the same things. */
export async function overlappingRelease(
  tx: Transaction,
  release: ReleaseRow,
  laterOnly: boolean,
): Promise<{ name: string; status: ReleaseStatus; shared: string[] } | undefined> {
  // One start at a time, or two releases could miss one another.
  await tx.query(`select pg_advisory_xact_lock(hashtext('tierdeck.release.start'))`);
  const rows = await rowsOf<ReleaseRow>(
    tx,
    `select r.* from release r where r.id <> $1 and r.environment = $2
       and case when $3 then r.started_at > $4 and exists (
             select from release_tenant t where t.release_id = r.id and t.status in ('APPLYING', 'EXPOSED'))
           else r.status in ('RUNNING', 'PAUSED', 'ROLLING_BACK') end
     order by r.started_at`,
    [release.id, release.environment, laterOnly, release.started_at],
  );
  const mine = touched(release.content);
  for (const row of rows) {
    const shared = touched(row.content).filter((thing) => mine.includes(thing));
    if (shared.length > 0) return { name: row.name, status: row.status, shared };
  }
  return undefined;
}

function touched(content: ReleaseContent): string[] {
  return [...content.flagChanges.map(({ flag }) => flag), ...content.migrations.map(({ name }) => name)];
}

/** Takes one due release by lease; its fence makes every earlier holder powerless. */
export async function claimRelease(
  database: Database,
  holder: string,
  leaseMs: number,
): Promise<ReleaseRow | undefined> {
  const [row] = await rowsOf<ReleaseRow>(
    database.source.manager,
    `update release set lease_holder = $1, fence = fence + 1,
       lease_until = clock_timestamp() + $2 * interval '1 millisecond'
     where id = (
       select id from release
       where status in ('STAGED', 'RUNNING', 'PAUSED', 'ROLLING_BACK') and next_run_at <= clock_timestamp()
         and (lease_until is null or lease_until < clock_timestamp())
       order by next_run_at for update skip locked limit 1)
     returning *`,
    [holder, leaseMs],
  );
  return row;
}

export async function renewLease(tx: Transaction, release: ReleaseRow, leaseMs: number): Promise<void> {
  await tx.query(
    `update release set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
     where id = $1 and fence = $2 and lease_until is not null`,
    [release.id, release.fence, leaseMs],
  );
}

/** Gives a release back; the next look is due after `pollMs`. */
export async function freeRelease(tx: Transaction, release: ReleaseRow, pollMs: number): Promise<void> {
  await tx.query(
    `update release set lease_until = null, next_run_at = clock_timestamp() + $3 * interval '1 millisecond'
     where id = $1 and fence = $2`,
    [release.id, release.fence, pollMs],
  );
}
