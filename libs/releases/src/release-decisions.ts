import type { Change, Command } from '#audit';
import { rowsOf, TierdeckError } from '#platform';
import { correlationOf, type ReleaseFlags, type RuleBefore } from './release-flags.js';
import type { Decision } from './release-machine.js';
import {
  endWaves,
  notifyRelease,
  updateReleaseStatus,
  updateWave,
  type ReleaseRow,
} from './releases.store.js';

/**
 * Writes a decision down, in the transaction in which it was made. What has no effect outside of the control-plane
 * database (all but migrations) is thereby done.
 */
export async function recordDecision(
  command: Command,
  release: ReleaseRow,
  decision: Decision,
  flags: ReleaseFlags,
): Promise<void> {
  const { tx } = command;
  const wave = (position: number): string => `wave ${position}`;
  switch (decision.do) {
    case 'start-wave':
      await updateWave(tx, release.id, decision.position, { status: 'RUNNING', started: true });
      return note(command, release, 'release.wave-started', { wave: wave(decision.position) });
    case 'apply':
      return begin(command, release, decision.start);
    case 'soak':
      await updateWave(tx, release.id, decision.position, { status: 'SOAKING', soaks: true });
      return note(command, release, 'release.wave-soaking', { wave: wave(decision.position) });
    case 'pass':
      await updateWave(tx, release.id, decision.position, { status: 'PASSED', finished: true });
      return note(command, release, 'release.wave-passed', { wave: wave(decision.position) });
    case 'hold':
      await updateWave(tx, release.id, decision.position, { status: 'HELD', reason: decision.reason });
      return note(command, release, 'release.wave-held', { wave: wave(decision.position) }, decision.reason);
    case 'fail':
      await updateWave(tx, release.id, decision.position, {
        status: 'FAILED',
        reason: decision.reason,
        finished: true,
      });
      await updateReleaseStatus(tx, release.id, { status: 'ROLLING_BACK', reason: decision.reason });
      return note(
        command,
        release,
        'release.wave-failed',
        { wave: wave(decision.position) },
        decision.reason,
      );
    case 'succeed':
      await updateReleaseStatus(tx, release.id, { status: 'SUCCEEDED', finished: true });
      return note(command, release, 'release.succeeded', { status: 'SUCCEEDED' });
    case 'take-back':
      for (const tenantId of decision.tenants) await takeBack(command, release, tenantId, flags);
      return;
    case 'rolled-back':
      return finishRollback(command, release);
    default:
      // Rehearsals, reverts and waiting are recorded when they are done.
      return;
  }
}

/** Marks tenants begun, and their databases before anything is done to them. */
async function begin(command: Command, release: ReleaseRow, tenantIds: readonly string[]): Promise<void> {
  if (tenantIds.length === 0) return;
  const started = await rowsOf<{ database_id: string | null }>(
    command.tx,
    `update release_tenant r set status = 'APPLYING', started_at = clock_timestamp(), database_id = t.database_id
     from tenant t where r.release_id = $1 and r.tenant_id = any($2) and t.id = r.tenant_id
     returning r.database_id`,
    [release.id, tenantIds],
  );
  if (release.content.migrations.length > 0) {
    const databases = new Set(started.flatMap((row) => row.database_id ?? []));
    await command.tx.query(
      `insert into release_database (release_id, database_id, status) select $1, id, 'APPLYING' from unnest($2::uuid[]) as id
       on conflict (release_id, database_id) do update set status = 'APPLYING', reverted_at = null
       where release_database.status = 'REVERTED'`,
      [release.id, [...databases]],
    );
  }
  await notifyRelease(command.tx, release.id);
}

async function takeBack(
  command: Command,
  release: ReleaseRow,
  tenantId: string,
  flags: ReleaseFlags,
): Promise<void> {
  const [row] = await rowsOf<{ slug: string; rules_before: RuleBefore[] }>(
    command.tx,
    `select t.slug, r.rules_before from release_tenant r join tenant t on t.id = r.tenant_id
     where r.release_id = $1 and r.tenant_id = $2 and r.status = 'EXPOSED' for update of r`,
    [release.id, tenantId],
  );
  if (!row) return;
  const left = await flags.restore(command, release, row.slug, row.rules_before);
  const note_ = left.length > 0 ? `Changed by somebody since and left so: ${left.join(', ')}.` : null;
  await command.tx.query(
    `update release_tenant set status = 'ROLLED_BACK', rolled_back_at = clock_timestamp(), error = $3
     where release_id = $1 and tenant_id = $2`,
    [release.id, tenantId, note_],
  );
  await note(command, release, 'release.tenant-rolled-back', { tenant: row.slug, left }, undefined, tenantId);
  await notifyRelease(command.tx, release.id);
}

async function finishRollback(command: Command, release: ReleaseRow): Promise<void> {
  await command.tx.query(
    `update release_tenant set status = 'ROLLED_BACK', rolled_back_at = clock_timestamp()
     where release_id = $1 and status = 'APPLYING'`,
    [release.id],
  );
  await endWaves(command.tx, release.id, 'ROLLED_BACK', 'Rolled back.');
  await updateReleaseStatus(command.tx, release.id, {
    status: 'ROLLED_BACK',
    reason: release.status_reason,
    finished: true,
  });
  await note(
    command,
    release,
    'release.rolled-back',
    { status: 'ROLLED_BACK' },
    release.status_reason ?? undefined,
  );
}

/** Tells the audit what became of a release, a wave or a tenant, and wakes whoever watches. */
export async function note(
  command: Command,
  release: ReleaseRow,
  action: string,
  after: unknown,
  reason?: string,
  tenantId?: string,
): Promise<void> {
  const change: Change = {
    area: 'releases',
    action,
    subject: `release/${release.id}`,
    environment: release.environment,
    correlation: correlationOf(release),
    after,
    ...(reason === undefined ? {} : { reason }),
    ...(tenantId === undefined ? {} : { tenantId }),
  };
  await command.record(change);
  await notifyRelease(command.tx, release.id);
}

/** What a person may read of an error that stopped a release. */
export function reasonOf(error: unknown): string {
  return error instanceof TierdeckError ? error.message : `Unexpected: ${(error as Error).message}`;
}
