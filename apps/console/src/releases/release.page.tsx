import { Skeleton } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { StatusBadge } from '../components/badges.js';
import { CopyAsCli, CopyButton } from '../components/copy-button.js';
import { Elapsed } from '../components/elapsed.js';
import { Facts, Stat } from '../components/facts.js';
import { Notice } from '../components/notice.js';
import { Page, Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { ConditionChips } from '../flags/conditions/condition-chips.js';
import { conditionsOf } from '../flags/conditions/conditions.js';
import { valueLabel } from '../flags/flag-value.js';
import { useLive } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import styles from './board.module.css';
import { ReleaseActions } from './release-actions.js';
import {
  planReleaseQuery,
  type ReleaseDetail,
  releaseProgressSubscription,
  releaseQuery,
} from './releases.query.js';
import { WaveLane } from './wave-lane.js';

const route = getRouteApi('/releases/$id');

/** The release board: a lane a wave, live. */
export function ReleasePage() {
  const { id } = route.useParams();
  const { data, problem, loading, refresh } = useRead(releaseQuery, { id });
  const [latest, setLatest] = useState<ReleaseDetail>();
  useLive(releaseProgressSubscription, { id }, (event) => setLatest(event.releaseProgress));
  const release = latest?.id === id ? latest : data?.release;
  if (problem && !release) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading && !release) {
    return (
      <Page title="Release">
        <Skeleton height={360} radius="md" />
      </Page>
    );
  }
  if (!release) {
    return (
      <ProblemState
        problem={{
          code: 'RELEASE_NOT_FOUND',
          message: 'There is no such release.',
          hint: '`tierdeck get releases` lists them all.',
        }}
      />
    );
  }
  return <Board release={release} onChanged={refresh} />;
}

function Board({ release, onChanged }: { release: ReleaseDetail; onChanged: () => void }) {
  const early = ['DRAFT', 'STAGED', 'READY'].includes(release.status);
  // The waves take their tenants when the release starts; until then the planner says whom they would take.
  const plan = useRead(planReleaseQuery, { input: { id: release.id } }, { pause: !early });
  const planned = plan.data?.planRelease.waves;
  const total = early
    ? planned?.reduce((sum, wave) => sum + wave.tenants.length, 0)
    : release.waves.reduce((sum, wave) => sum + wave.tenants.length, 0);
  const passed = release.waves.filter(({ status }) => status === 'PASSED').length;
  const stopped = ['FAILED', 'ABORTED', 'ROLLING_BACK', 'ROLLED_BACK'].includes(release.status);
  return (
    <Page
      title={release.name}
      crumbs={<Link to="/releases">Releases</Link>}
      subtitle={release.description}
      badges={<StatusBadge status={release.status} />}
      actions={
        <>
          <CopyAsCli command={`tierdeck release watch ${release.id}`} />
          <ReleaseActions release={release} planned={total ?? 0} onChanged={onChanged} />
        </>
      }
    >
      {release.statusReason && (
        <div className={styles['reasonOfAll']}>
          <Notice tone={stopped ? 'bad' : 'warn'}>{release.statusReason}</Notice>
        </div>
      )}
      <div className={styles['summary']}>
        <Stat label="Exposed tenants" value={release.exposedTenants} detail={`of ${total ?? '…'} planned`} />
        <Stat label="Waves passed" value={`${passed} of ${release.waves.length}`} />
        <Stat
          label="Running"
          value={release.startedAt ? <Elapsed from={release.startedAt} to={release.finishedAt} /> : '—'}
          detail={release.startedAt ? <Time at={release.startedAt} /> : 'not started'}
        />
        <Stat
          label="Approvals"
          value={release.approvals.length}
          detail={release.approvals.map(({ by }) => by).join(', ') || 'none'}
        />
        <Stat label="Environment" value={release.environment} />
      </div>
      <div className={styles['board']}>
        {release.waves.map((wave) => (
          <WaveLane
            key={wave.position}
            wave={wave}
            planned={early ? planned?.find(({ position }) => position === wave.position)?.tenants : undefined}
          />
        ))}
      </div>
      <div className={styles['below']}>
        <Panel title="What it changes">
          <Facts
            entries={[
              ...release.flagChanges.map((change): [string, ReactNode] => [
                'Flag',
                <span key={change.flag}>
                  <Link to="/flags/$key" params={{ key: change.flag }} className="mono">
                    {change.flag}
                  </Link>{' '}
                  becomes <b>{valueLabel(change)}</b> <ConditionChips conditions={conditionsOf(change)} />
                </span>,
              ]),
              ...release.migrations.map((name): [string, ReactNode] => [
                'Migration',
                <span key={name} className="mono">
                  {name}
                </span>,
              ]),
              ['Artifact', <Digest value={release.artifactDigest} />],
              ['Digest', <Digest value={release.digest} />],
              [
                'Created',
                <span>
                  {release.createdBy}, <Time at={release.createdAt} />
                </span>,
              ],
            ]}
          />
        </Panel>
        <Panel title="Approvals">
          {release.approvals.length === 0 ? (
            <span className="dim">
              Nobody approved it yet. An approval covers this digest and nothing else.
            </span>
          ) : (
            <Facts
              entries={release.approvals.map(({ by, at, comment }) => [
                by,
                <span key={by + at}>
                  <Time at={at} />
                  {comment && <span className="dim"> — “{comment}”</span>}
                </span>,
              ])}
            />
          )}
        </Panel>
      </div>
    </Page>
  );
}

function Digest({ value }: { value: string }) {
  return (
    <span className="mono">
      {value.slice(0, 22)}… <CopyButton value={value} label="Copy the digest" />
    </span>
  );
}
