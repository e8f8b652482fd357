import { SegmentedControl, Skeleton } from '@mantine/core';
import { IconChartLine } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { Stat } from '../components/facts.js';
import { formatCompact } from '../components/format.js';
import { Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { useRead } from '../graphql/use-read.js';
import styles from './quotas.module.css';
import { type Quota, usageQuery } from './quotas.query.js';

const UsageChart = lazy(() => import('./usage-chart.js'));

/** Length of the window in minutes and of one point in seconds. */
const windows = {
  '1 h': { minutes: 60, step: 60 },
  '6 h': { minutes: 360, step: 300 },
  '24 h': { minutes: 1_440, step: 900 },
} as const;
type Window = keyof typeof windows;

const refreshMilliseconds = 10_000;

export function UsagePanel({ slug, quotas }: { slug: string; quotas: readonly Quota[] }) {
  const [window, setWindow] = useState<Window>('1 h');
  const { minutes, step } = windows[window];
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((count) => count + 1), refreshMilliseconds);
    return () => clearInterval(timer);
  }, []);
  const input = useMemo(() => {
    const to = Date.now();
    return {
      tenant: slug,
      from: new Date(to - minutes * 60_000).toISOString(),
      to: new Date(to).toISOString(),
      step,
    };
    // Each tick moves the window on.
  }, [slug, minutes, step, tick]);
  const { data, problem, refresh } = useRead(usageQuery, { input });
  const [last, setLast] = useState(data?.usage);
  useEffect(() => {
    if (data) setLast(data.usage);
  }, [data]);
  const points = data?.usage ?? last;
  const rate = quotas.find(({ kind }) => kind === 'REQUEST_RATE');
  const sum = (field: 'requests' | 'throttled' | 'shed' | 'databaseMs') =>
    (points ?? []).reduce((total, point) => total + point[field], 0);
  const asked = sum('requests');
  const slowest = Math.max(0, ...(points ?? []).map(({ p99Ms }) => p99Ms ?? 0));

  return (
    <Panel
      title="Usage"
      actions={
        <SegmentedControl
          aria-label="Window"
          data={Object.keys(windows)}
          value={window}
          onChange={(value) => setWindow(value as Window)}
        />
      }
    >
      {problem && !points ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : !points ? (
        <Skeleton height={250} radius="sm" />
      ) : asked === 0 ? (
        <EmptyState icon={IconChartLine} title="No requests in this window">
          The data plane reports usage once a second while the tenant is served.
        </EmptyState>
      ) : (
        <>
          <div className={styles['usageStats']}>
            <Stat label="Requests" value={formatCompact(asked)} />
            <Stat label="Throttled" value={formatCompact(sum('throttled'))} detail="answered 429" />
            <Stat label="Shed" value={formatCompact(sum('shed'))} detail="answered 503" />
            <Stat label="Database time" value={`${formatCompact(sum('databaseMs') / 1_000)} s`} />
            <Stat label="Slowest p99" value={`${formatCompact(slowest)} ms`} />
          </div>
          <Suspense fallback={<Skeleton height={220} radius="sm" />}>
            <UsageChart points={points} stepSeconds={step} limit={rate?.limit ?? null} />
          </Suspense>
        </>
      )}
    </Panel>
  );
}
