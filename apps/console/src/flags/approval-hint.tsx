import { Link } from '@tanstack/react-router';
import { Notice } from '../components/notice.js';
import { graphql } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';
import type { FlagDetail } from './flags.query.js';
import { useFlagRequests } from './flag-requests.js';
import { counted } from '../components/format.js';

const policiesQuery = graphql(`
  query ApprovalPolicies {
    approvalPolicies {
      environment
      riskClass
      minApprovals
    }
  }
`);

interface ApprovalHintProps {
  flag: Pick<FlagDetail, 'key' | 'riskClass'>;
  /** Absent: what is changed shows in every environment, so the strictest policy counts. */
  environment?: string;
  /** What needs the approval, as the subject of a sentence. */
  what: string;
}

/** Before a change of a flag that moves money: that it becomes a change request, and which ones there are already. */
export function ApprovalHint({ flag, environment, what }: ApprovalHintProps) {
  const { data } = useRead(policiesQuery, {});
  const [strictest] = (data?.approvalPolicies ?? [])
    .filter(
      (policy) => policy.riskClass === flag.riskClass && (!environment || policy.environment === environment),
    )
    .toSorted((a, b) => b.minApprovals - a.minApprovals);
  if (!strictest || strictest.minApprovals === 0) return null;
  return (
    <Hint
      flag={flag.key}
      needed={strictest.minApprovals}
      environment={strictest.environment}
      what={what}
      off={environment !== undefined}
    />
  );
}

interface HintProps {
  flag: string;
  needed: number;
  environment: string;
  what: string;
  /** It is about turning on. */
  off: boolean;
}

function Hint({ flag, needed, environment, what, off }: HintProps) {
  const { requests } = useFlagRequests(flag, environment);
  return (
    <Notice tone="info" title={`${what} needs ${counted(needed, 'approval')} in ${environment}`}>
      It becomes a <Link to="/change-requests">change request</Link>, which somebody else approves.
      {off && ' Turning off is done at once.'}
      {requests.map(({ id, title }) => (
        <div key={id}>
          On its way:{' '}
          <Link to="/change-requests/$id" params={{ id }}>
            {title}
          </Link>
        </div>
      ))}
    </Notice>
  );
}
