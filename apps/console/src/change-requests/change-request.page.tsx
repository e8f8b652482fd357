import { Skeleton } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { auditTailSubscription } from '../audit/audit.query.js';
import { Badge, StatusBadge } from '../components/badges.js';
import { CopyAsCli, CopyButton } from '../components/copy-button.js';
import { Facts } from '../components/facts.js';
import { counted, formatLocal } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Page, Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useSession } from '../session/session.js';
import { useIsProduction } from '../shell/environment.js';
import { ChangeContent } from './change-content.js';
import { RequestActions } from './request-actions.js';
import { RequestImpact } from './request-impact.js';
import { type ChangeRequest, changeRequestQuery } from './change-requests.query.js';
import styles from './change-requests.module.css';

const route = getRouteApi('/change-requests/$id');

export function ChangeRequestPage() {
  const { id } = route.useParams();
  const { data, problem, loading, refresh } = useRead(changeRequestQuery, { id });
  const again = useThrottled(refresh);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.area === 'flags') again();
  });
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading) {
    return (
      <Page title="Change request">
        <Skeleton height={320} radius="md" />
      </Page>
    );
  }
  if (!data?.changeRequest) {
    return (
      <ProblemState
        problem={{
          code: 'CHANGE_REQUEST_NOT_FOUND',
          message: 'There is no such change request.',
          hint: '`tierdeck change-request list` lists them all.',
        }}
      />
    );
  }
  return <RequestView request={data.changeRequest} onChanged={refresh} />;
}

function RequestView({ request, onChanged }: { request: ChangeRequest; onChanged: () => void }) {
  const production = useIsProduction(request.environment);
  const open = !['APPLIED', 'CLOSED', 'DISCARDED'].includes(request.status);
  return (
    <Page
      title={request.title}
      crumbs={<Link to="/change-requests">Approvals</Link>}
      subtitle={request.description || undefined}
      badges={
        <>
          <StatusBadge status={request.status} />
          <Badge tone={production ? 'bad' : 'idle'}>{request.environment}</Badge>
        </>
      }
      actions={
        <>
          <CopyAsCli command={`tierdeck change-request show ${request.id}`} />
          <RequestActions request={request} onChanged={onChanged} />
        </>
      }
    >
      <div className={styles['layout']}>
        <div className={styles['column']}>
          {open && request.conflicts.length > 0 && (
            <Notice tone="warn" title="It cannot be applied: somebody changed the same meanwhile">
              <ul className={styles['conflicts']}>
                {request.conflicts.map((conflict) => (
                  <li key={conflict.field}>
                    {conflict.change}: expected {conflict.expected}, found {conflict.found}.
                  </li>
                ))}
              </ul>
            </Notice>
          )}
          {request.applyAt && !request.appliedAt && (
            <Notice tone="info" title={`Applied at ${formatLocal(request.applyAt)}`}>
              {request.approvalsGiven < request.approvalsNeeded
                ? 'If the approvals are there by then; else it goes back into review.'
                : 'Approved. If somebody changes the same before, it goes back into review.'}
            </Notice>
          )}
          {open && request.lint.length > 0 && (
            <Notice
              tone="warn"
              title={request.lintOverride ? `Wanted all the same: ${request.lintOverride}` : 'The lint says'}
            >
              <ul className={styles['findings']}>
                {request.lint.map((finding, index) => (
                  <li key={index}>
                    {finding.message} <span className="dim">{finding.hint}</span>
                  </li>
                ))}
              </ul>
            </Notice>
          )}
          {request.statusReason && <Notice tone="info">{request.statusReason}</Notice>}
          <Panel title={counted(request.changes.length, 'change')} flush>
            {request.changes.map((change, index) => (
              <div key={index} className={styles['change']}>
                <div className={styles['changeHead']}>
                  {change.flag !== null && (
                    <Link to="/flags/$key" params={{ key: change.flag }} className="mono">
                      {change.flag}
                    </Link>
                  )}
                  <span>{change.summary}</span>
                </div>
                <ChangeContent change={change} />
              </div>
            ))}
          </Panel>
        </div>
        <div className={styles['column']}>
          {open && <RequestImpact id={request.id} version={request.version} />}
          <Panel title="Approvals">
            <WhyWhom request={request} />
            {request.approvalsNeeded === 0 ? (
              <span className="dim">
                None needed: the policy of {request.environment} lets it be applied at once.
              </span>
            ) : (
              <span>
                <b className="num">{request.approvalsGiven}</b> of {request.approvalsNeeded} given
              </span>
            )}
            {request.approvals.map((approval) => (
              <div
                key={`${approval.by}${approval.at}`}
                className={styles['approval']}
                data-counts={approval.counts}
              >
                <b>{approval.by}</b> <Time at={approval.at} />
                {!approval.counts && <span className="faint"> voided by an edit</span>}
                {approval.comment && <div className="dim">{approval.comment}</div>}
              </div>
            ))}
          </Panel>
          <Panel title="Details">
            <Facts
              entries={[
                ['By', request.author],
                ['Opened', <Time at={request.createdAt} />],
                ['Applied at', request.applyAt && !request.appliedAt && formatLocal(request.applyAt)],
                ['Applied', request.appliedAt && <Time at={request.appliedAt} />],
                ['Applied by', request.appliedBy],
                ['Version', String(request.version)],
                [
                  'Digest',
                  <span className="mono">
                    {request.digest.replace('sha256:', '').slice(0, 12)}…{' '}
                    <CopyButton value={request.digest} label="Copy the digest" />
                  </span>,
                ],
              ]}
            />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

/** Which policy asks for approvals, and who may give one. */
function WhyWhom({ request }: { request: ChangeRequest }) {
  const { viewer } = useSession();
  if (request.approvalsNeeded === 0 || request.approvalsGiven >= request.approvalsNeeded) return null;
  return (
    <p className={`dim ${styles['why']}`}>
      The policy of {request.environment} wants {request.approvalsNeeded} for what this turns on. Anybody with
      the role release or admin may approve, except its author
      {request.author === viewer.name ? ', which is you' : ` ${request.author}`}.{' '}
      <Link to="/environments">Policies</Link>
    </p>
  );
}
