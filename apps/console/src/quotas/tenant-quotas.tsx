import { ActionIcon, Button, Skeleton, Tooltip } from '@mantine/core';
import { IconBolt, IconPencil, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { auditTailSubscription } from '../audit/audit.query.js';
import { Badge } from '../components/badges.js';
import { formatDuration, formatNumber, sentence } from '../components/format.js';
import { Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { Table, type TableColumn } from '../components/table.js';
import { useNow } from '../components/use-now.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { BoostForm, LimitForm } from './quota-forms.js';
import { limitText, quotaTitles } from './quota-kind.js';
import styles from './quotas.module.css';
import { clearBoostMutation, clearQuotaMutation, type Quota, quotasQuery } from './quotas.query.js';
import { UsagePanel } from './usage-panel.js';

const sourceTone = { PLAN: 'idle', OVERRIDE: 'accent', BOOST: 'dedicated' } as const;

/** The limits of one tenant, where each comes from, and how much of them is used. */
export function TenantQuotas({ slug }: { slug: string }) {
  const { data, problem, loading, refresh } = useRead(quotasQuery, { tenant: slug });
  const refreshSoon = useThrottled(refresh, 400);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'quotas') refreshSoon();
  });
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading || !data) return <Skeleton height={240} radius="md" />;
  return (
    <div className={styles['tenant']}>
      <Panel title="Limits" flush>
        <Table label="Limits" rows={data.quotas} columns={columnsWith(refresh)} rowKey={({ kind }) => kind} />
      </Panel>
      <UsagePanel slug={slug} quotas={data.quotas} />
    </div>
  );
}

const columnsWith = (onChanged: () => void): TableColumn<Quota>[] => [
  {
    key: 'limit',
    header: 'Limit',
    render: ({ kind }) => (
      <>
        <Tooltip label={quotaTitles[kind].meaning}>
          <span className={styles['kind']}>{quotaTitles[kind].title}</span>
        </Tooltip>
        <span className="faint">{quotaTitles[kind].unit}</span>
      </>
    ),
  },
  {
    key: 'now',
    header: 'Holds now',
    render: (quota) => (
      <span className="num">
        <b>{limitText(quota)}</b> {!quota.hard && <span className="dim">soft, only tells</span>}
      </span>
    ),
  },
  { key: 'source', header: 'Comes from', render: (quota) => <Source quota={quota} /> },
  {
    key: 'plan',
    header: 'Plan',
    render: ({ planLimit }) => <span className="num dim">{formatNumber(planLimit)}</span>,
  },
  {
    key: 'actions',
    header: '',
    label: 'Actions',
    render: (quota) => <QuotaActions quota={quota} onChanged={onChanged} />,
  },
];

function Source({ quota: { source, boost } }: { quota: Quota }) {
  const now = useNow(boost ? 1_000 : 60_000);
  const left = boost ? new Date(boost.until).getTime() - now : 0;
  return (
    <>
      <Badge tone={sourceTone[source]}>{sentence(source)}</Badge>
      {boost && (
        <div className={`${styles['boost']} num`}>
          {left > 0 ? `${formatDuration(Math.ceil(left / 1_000) * 1_000)} left` : 'ending'}, by {boost.by}
          {boost.reason && `: ${boost.reason}`}
        </div>
      )}
    </>
  );
}

function QuotaActions({ quota, onChanged }: { quota: Quota; onChanged: () => void }) {
  const may = useCan('quotas:write');
  const [form, setForm] = useState<'limit' | 'boost'>();
  const clearBoost = useCommand(clearBoostMutation);
  const clearQuota = useCommand(clearQuotaMutation);
  const { title } = quotaTitles[quota.kind];
  const key = { tenant: quota.tenant, kind: quota.kind };
  const endBoost = async () => {
    await clearBoost.run(key, { done: `Boost of ${title.toLowerCase()} ended` });
    onChanged();
  };
  const backToPlan = async () => {
    await clearQuota.run(key, { done: `${title} is back to the plan` });
    onChanged();
  };
  return (
    <>
      <div className={styles['rowActions']}>
        {quota.boost ? (
          <Button
            variant="subtle"
            disabled={!may || clearBoost.busy}
            leftSection={<IconX size={13} />}
            onClick={() => void endBoost()}
          >
            End boost
          </Button>
        ) : (
          <Button
            variant="subtle"
            disabled={!may}
            leftSection={<IconBolt size={14} />}
            onClick={() => setForm('boost')}
          >
            Boost
          </Button>
        )}
        {quota.override !== null && (
          <Button variant="subtle" disabled={!may || clearQuota.busy} onClick={() => void backToPlan()}>
            Back to plan
          </Button>
        )}
        <Tooltip label="Override the plan">
          <ActionIcon aria-label={`Override ${title}`} disabled={!may} onClick={() => setForm('limit')}>
            <IconPencil size={15} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </div>
      {form === 'boost' && (
        <BoostForm
          quota={quota}
          onClose={() => {
            setForm(undefined);
            onChanged();
          }}
        />
      )}
      {form === 'limit' && (
        <LimitForm
          quota={quota}
          onClose={() => {
            setForm(undefined);
            onChanged();
          }}
        />
      )}
    </>
  );
}
