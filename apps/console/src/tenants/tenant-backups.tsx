import { Button, Skeleton } from '@mantine/core';
import { IconArchive } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { auditTailSubscription } from '../audit/audit.query.js';
import { StatusBadge } from '../components/badges.js';
import { CliLine, EmptyState, ProblemState } from '../components/states.js';
import { Facts, Stat } from '../components/facts.js';
import { counted, formatDuration } from '../components/format.js';
import { Panel } from '../components/page.js';
import { Time } from '../components/time.js';
import type { Enum } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { BackupTable, DrillTable, RestoreTable } from './backup-tables.js';
import { type Backup, backupsQuery, backUpTenantMutation, runRestoreDrillMutation } from './backups.query.js';
import { PolicyForm } from './policy-form.js';
import { RestoreDialog } from './restore-dialog.js';
import styles from './backups.module.css';

const freshness = {
  FRESH: 'as the schedule wants it',
  STALE: 'older than one and a half intervals',
  NEVER: 'nothing could be restored',
  OFF: 'it is not archived by itself',
} satisfies Record<Enum<'BackupFreshness'>, string>;

const drilled = {
  PASSED: 'of late',
  OVERDUE: 'the last proof is too old',
  FAILED: 'see the drill for why',
  NOT_YET: 'never proven so far',
} satisfies Record<Enum<'DrillState'>, string>;

const policySource = {
  TENANT: 'the tenant’s own',
  PLAN: 'its plan',
  STANDARD: 'the standard of the installation',
} satisfies Record<Enum<'BackupPolicySource'>, string>;

/** Whether this tenant could come back: how old its newest archive is, and when a restore of it was last proven. */
export function TenantBackups({ slug }: { slug: string }) {
  const open = useNavigate();
  const may = useCan('tenants:write');
  const { data, problem, loading, refresh } = useRead(backupsQuery, { slug });
  const backUp = useCommand(backUpTenantMutation);
  const drill = useCommand(runRestoreDrillMutation);
  const [restoring, setRestoring] = useState<Backup>();
  const [scheduling, setScheduling] = useState(false);
  const again = useThrottled(refresh, 600);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.tenant === slug) again();
  });
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading || !data?.tenant) return <Skeleton height={280} radius="md" />;
  const { backupPolicy: policy, ...tenant } = data.tenant;
  const show = (id: string) => void open({ to: '/operations/$id', params: { id } });
  const onBackUp = async () => {
    const done = await backUp.run({ tenant: slug });
    if (done) show(done.backUpTenant.operation.id);
  };
  const onDrill = async () => {
    const done = await drill.run({ tenant: slug });
    if (done) show(done.runRestoreDrill.operation.id);
  };
  const complete = tenant.backups.some(({ status }) => status === 'COMPLETE');
  const key = tenant.keyVersions.find(({ retiredAt, shreddedAt }) => !retiredAt && !shreddedAt);
  const proven = tenant.restoreDrills.find(({ status }) => status === 'PASSED');
  return (
    <div className={styles['layout']}>
      <div className={styles['column']}>
        <Panel
          title="Archives"
          flush
          actions={
            <Button disabled={!may} loading={backUp.busy} onClick={() => void onBackUp()}>
              Back up now
            </Button>
          }
        >
          {tenant.backups.length === 0 ? (
            <EmptyState icon={IconArchive} title="No archive yet" cli={`tierdeck tenant backup ${slug}`}>
              An archive holds every row of the tenant from one snapshot, compressed, encrypted with its own
              key and checksummed.
            </EmptyState>
          ) : (
            <BackupTable slug={slug} backups={tenant.backups} onRestore={may ? setRestoring : undefined} />
          )}
        </Panel>
        <Panel
          title="Restore drills"
          flush
          actions={
            <Button
              variant="default"
              disabled={!may || !complete}
              loading={drill.busy}
              onClick={() => void onDrill()}
            >
              Run a drill
            </Button>
          }
        >
          {tenant.restoreDrills.length === 0 ? (
            <div className={styles['note']}>
              A drill restores the newest archive into a database of its own, compares every checksum,
              measures how long it took, and drops it again. Nobody notices it.
            </div>
          ) : (
            <DrillTable drills={tenant.restoreDrills} />
          )}
        </Panel>
        {tenant.restores.length > 0 && (
          <Panel title="Restores" flush>
            <RestoreTable
              restores={tenant.restores}
              backups={tenant.backups}
              onUndo={may ? setRestoring : undefined}
            />
          </Panel>
        )}
      </div>
      <div className={styles['column']}>
        <Panel title="Could it come back?">
          <div className={styles['stats']}>
            <Stat
              label="Newest state"
              value={<Time at={tenant.lastBackupAt} />}
              detail={
                <>
                  <StatusBadge status={tenant.backupFreshness} plain /> {freshness[tenant.backupFreshness]}
                </>
              }
            />
            <Stat
              label="Proven: restored and compared in"
              value={proven?.recoveryMs ? formatDuration(proven.recoveryMs) : '—'}
              detail={
                <>
                  <StatusBadge status={tenant.drillState} plain /> {drilled[tenant.drillState]}
                </>
              }
            />
          </div>
        </Panel>
        <Panel
          title="Schedule"
          actions={
            <Button variant="default" disabled={!may} onClick={() => setScheduling(true)}>
              Change
            </Button>
          }
        >
          <Facts
            entries={[
              [
                'Backups',
                policy.enabled ? `every ${formatDuration(policy.intervalMinutes * 60_000)}` : 'off',
              ],
              ['Kept', `the newest ${policy.keepCount}, and all of ${counted(policy.keepDays, 'day')}`],
              [
                'Drills',
                policy.drillIntervalDays === 1 ? 'every day' : `every ${policy.drillIntervalDays} days`,
              ],
              ['Set by', policySource[policy.source]],
              ['Key', key && `version ${key.version}, archives of its own key`],
            ]}
          />
          <CliLine command={`tierdeck tenant backups ${slug}`} />
        </Panel>
      </div>
      {scheduling && (
        <PolicyForm
          slug={slug}
          policy={policy}
          onClose={() => {
            setScheduling(false);
            refresh();
          }}
        />
      )}
      {restoring && (
        <RestoreDialog
          slug={slug}
          backup={restoring}
          onClose={() => setRestoring(undefined)}
          onStarted={show}
        />
      )}
    </div>
  );
}
