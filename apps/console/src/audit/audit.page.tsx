import { Button, Select } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useClient } from 'urql';
import { CopyAsCli } from '../components/copy-button.js';
import { FilterInput } from '../components/filter-input.js';
import { formatNumber } from '../components/format.js';
import { Notice } from '../components/notice.js';
import { Page } from '../components/page.js';
import { SearchInput } from '../components/search-input.js';
import { notifyProblem } from '../components/toasts.js';
import { describeError } from '../graphql/describe-error.js';
import type { ResultOf } from '../graphql/graphql.js';
import { verifyAuditQuery } from './audit.query.js';
import { Timeline } from './timeline.js';

const route = getRouteApi('/audit');
const areas = [
  'tenancy',
  'flags',
  'releases',
  'quotas',
  'operations',
  'identity',
  'environments',
  'security',
];

export function AuditPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  return (
    <Page
      title="Audit"
      subtitle="Every change of state, chained by hash: a removed or altered event breaks the chain."
      actions={
        <>
          <CopyAsCli command="tierdeck audit tail" />
          <VerifyButton />
        </>
      }
      toolbar={
        <>
          <SearchInput
            value={search.subject}
            placeholder="Subject, e.g. flag/pricing.engine"
            onSearch={(value) => set({ subject: value })}
          />
          <Select
            aria-label="Area"
            placeholder="Area"
            clearable
            w={140}
            data={areas}
            value={search.area ?? null}
            onChange={(value) => set({ area: value ?? undefined })}
          />
          <FilterInput
            label="Tenant slug"
            width={150}
            value={search.tenant}
            onChange={(value) => set({ tenant: value })}
          />
          <FilterInput label="Actor" value={search.actor} onChange={(value) => set({ actor: value })} />
        </>
      }
    >
      <Timeline filter={search} />
    </Page>
  );
}

type Verification = ResultOf<typeof verifyAuditQuery>['verifyAudit'];

/** Recomputes the chain on the control plane and says whether it holds. */
function VerifyButton() {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Verification>();
  const verify = async () => {
    setBusy(true);
    const answer = await client.query(verifyAuditQuery, {}, { requestPolicy: 'network-only' }).toPromise();
    setBusy(false);
    if (answer.error) notifyProblem(describeError(answer.error));
    setResult(answer.data?.verifyAudit);
  };
  return (
    <>
      {result && (
        <Notice tone={result.ok ? 'good' : 'bad'}>
          {result.ok
            ? `Chain holds: ${formatNumber(result.events)} events, head ${result.headHash.slice(0, 12)}`
            : (result.message ?? `Broken at revision ${result.brokenAt}`)}
        </Notice>
      )}
      <Button
        variant="default"
        loading={busy}
        leftSection={<IconShieldCheck size={15} />}
        onClick={() => void verify()}
      >
        Verify chain
      </Button>
    </>
  );
}
