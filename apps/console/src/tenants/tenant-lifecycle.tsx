import { Button, Skeleton } from '@mantine/core';
import { IconArrowBackUp, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { TenantStatusBadge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { Stat } from '../components/facts.js';
import { formatDuration, formatUtc } from '../components/format.js';
import { Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { useNow } from '../components/use-now.js';
import { useCommand } from '../graphql/use-command.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { auditTailSubscription } from '../audit/audit.query.js';
import { Steps } from '../operations/steps.js';
import { useOperation } from '../operations/use-operation.js';
import { useCan } from '../session/session.js';
import { ErasureReceipt } from './erasure-receipt.js';
import { LegalHolds } from './legal-holds.js';
import { type Lifecycle, lifecycleQuery, undeleteTenantMutation } from './lifecycle.query.js';
import styles from './lifecycle.module.css';
import { SuspendDialog } from './suspend-dialog.js';
import type { TenantDetail } from './tenant.query.js';
import { useResume } from './use-resume.js';

/** Whether a tenant is served, what keeps its data, how it leaves, and what is left of it: nothing, proven. */
export function TenantLifecycle({ tenant, onChanged }: { tenant: TenantDetail; onChanged: () => void }) {
  const { data, problem, refresh } = useRead(lifecycleQuery, { slug: tenant.slug });
  const again = useThrottled(() => {
    refresh();
    onChanged();
  }, 500);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.tenant === tenant.slug) again();
  });
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (!data?.tenant) return <Skeleton height={280} radius="md" />;
  const life = data.tenant;
  const leaving = life.status === 'OFFBOARDING' || life.status === 'OFFBOARDED';
  return (
    <div className={styles['layout']}>
      {Boolean(life.erasureReceipt) && <ErasureReceipt slug={tenant.slug} receipt={life.erasureReceipt} />}
      {leaving ? (
        <Offboarding tenant={tenant} life={life} onChanged={again} />
      ) : (
        <Service tenant={tenant} life={life} onChanged={again} />
      )}
      <LegalHolds
        slug={tenant.slug}
        holds={life.legalHolds}
        closed={life.status === 'OFFBOARDED' || life.erasingSince !== null}
        onChanged={again}
      />
    </div>
  );
}

interface PartProps {
  tenant: TenantDetail;
  life: Lifecycle;
  onChanged: () => void;
}

function Service({ tenant, life, onChanged }: PartProps) {
  const may = useCan('tenants:write');
  const [suspending, setSuspending] = useState(false);
  const resume = useResume(tenant, onChanged);
  const suspended = life.status === 'SUSPENDED';
  const held = life.legalHolds.some(({ releasedAt }) => releasedAt === null);
  const leavable = ['ACTIVE', 'SUSPENDED', 'FAILED'].includes(life.status);
  return (
    <Panel title="Service">
      <div className={styles['service']}>
        <span>
          <TenantStatusBadge status={life.status} suspension={life.suspension} />{' '}
          <span className="dim">{served(life)}</span>
        </span>
        <span className={styles['buttons']}>
          {suspended && (
            <Button
              disabled={!may}
              loading={resume.busy}
              leftSection={<IconPlayerPlay size={15} />}
              onClick={() => void resume.run()}
            >
              Serve it again
            </Button>
          )}
          {(suspended || life.status === 'ACTIVE') && (
            <Button
              variant="default"
              disabled={!may}
              leftSection={<IconPlayerPause size={15} />}
              onClick={() => setSuspending(true)}
            >
              {suspended ? 'Change what is refused' : 'Suspend'}
            </Button>
          )}
          <Button
            variant="default"
            c="var(--td-bad)"
            disabled={!may || !leavable}
            leftSection={<IconTrash size={15} />}
            renderRoot={(props) => (
              <Link to="/tenants/$slug/offboard" params={{ slug: tenant.slug }} {...props} />
            )}
          >
            Offboard
          </Button>
        </span>
      </div>
      {held && (
        <p className="dim">A legal hold keeps the data: it cannot be offboarded until that is released.</p>
      )}
      {suspending && (
        <SuspendDialog tenant={tenant} onClose={() => setSuspending(false)} onChanged={onChanged} />
      )}
    </Panel>
  );
}

function served({ status, suspension }: Lifecycle): string {
  if (status === 'SUSPENDED') {
    return suspension === 'READ_ONLY'
      ? 'Reads are served, writes are refused, its jobs wait.'
      : 'Every request is refused, its jobs wait.';
  }
  return status === 'ACTIVE' ? 'It is served.' : 'Its operation is under way.';
}

/** How far the offboarding is: each step, the time left, and the way back. */
function Offboarding({ tenant, life, onChanged }: PartProps) {
  const confirm = useConfirm();
  const may = useCan('tenants:write');
  const now = useNow(1_000);
  const undelete = useCommand(undeleteTenantMutation);
  const id = life.operations.edges.find(({ node }) => node.kind === 'tenant.offboard')?.node.id;
  const { operation } = useOperation(id);
  const left = life.eraseAfter ? new Date(life.eraseAfter).getTime() - now : undefined;
  const returnable = life.status === 'OFFBOARDING' && !life.erasingSince;
  const onUndelete = async () => {
    const answer = await confirm({
      title: `Bring ${tenant.name} back?`,
      body: 'It comes back whole, as it was when it was offboarded, with its data, tokens and settings.',
      action: 'Bring back',
      askReason: true,
    });
    if (!answer) return;
    await undelete.run(
      { tenant: tenant.slug, reason: answer.reason ?? null },
      { done: `${tenant.name} is back` },
    );
    onChanged();
  };
  return (
    <Panel
      title="Offboarding"
      actions={
        returnable && (
          <Button
            disabled={!may}
            loading={undelete.busy}
            leftSection={<IconArrowBackUp size={15} />}
            onClick={() => void onUndelete()}
          >
            Bring back
          </Button>
        )
      }
    >
      <div className={styles['count']}>
        {returnable && left !== undefined && (
          <div className={styles['figures']}>
            <Stat
              label={left > 0 ? 'Can be brought back for' : 'The retention time'}
              value={left > 0 ? formatDuration(Math.ceil(left / 1_000) * 1_000) : 'is over'}
              detail={life.eraseAfter && `until ${formatUtc(life.eraseAfter)}`}
            />
          </div>
        )}
        {operation && <Steps steps={operation.steps} endedAt={operation.finishedAt} />}
        {operation && (
          <Link to="/operations/$id" params={{ id: operation.id }}>
            The operation
          </Link>
        )}
      </div>
    </Panel>
  );
}
