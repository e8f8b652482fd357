import { Button } from '@mantine/core';
import { IconGavel } from '@tabler/icons-react';
import { Badge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { CopyButton } from '../components/copy-button.js';
import { Panel } from '../components/page.js';
import { Table, type TableColumn } from '../components/table.js';
import { Time } from '../components/time.js';
import { useCommand } from '../graphql/use-command.js';
import { useCan } from '../session/session.js';
import { type LegalHold, placeLegalHoldMutation, releaseLegalHoldMutation } from './lifecycle.query.js';

interface LegalHoldsProps {
  slug: string;
  holds: readonly LegalHold[];
  /** Nothing is left that could be held. */
  closed?: boolean;
  onChanged: () => void;
}

/** Reasons for which the data must not be erased: placed and released, each with why and by whom. */
export function LegalHolds({ slug, holds, closed, onChanged }: LegalHoldsProps) {
  const confirm = useConfirm();
  const may = useCan('tenants:write');
  const place = useCommand(placeLegalHoldMutation);
  const release = useCommand(releaseLegalHoldMutation);

  const onPlace = async () => {
    const answer = await confirm({
      title: `Place a legal hold on ${slug}?`,
      body: 'As long as it holds, the tenant cannot be offboarded; one that is being offboarded is not erased, also after its retention time.',
      action: 'Place hold',
      askReason: 'required',
    });
    if (!answer?.reason) return;
    await place.run({ tenant: slug, reason: answer.reason }, { done: 'The data is held' });
    onChanged();
  };
  const onRelease = async (hold: LegalHold) => {
    const answer = await confirm({
      title: 'Release this legal hold?',
      body: (
        <>
          It was placed for: <b>{hold.reason}</b>. An offboarding that waits for it goes on at once.
        </>
      ),
      action: 'Release hold',
      danger: true,
      askReason: 'required',
    });
    if (!answer?.reason) return;
    await release.run({ id: hold.id, reason: answer.reason }, { done: 'The hold is released' });
    onChanged();
  };

  const columns: TableColumn<LegalHold>[] = [
    {
      key: 'state',
      header: 'State',
      render: ({ releasedAt }) => (
        <Badge tone={releasedAt ? 'idle' : 'warn'} dot plain>
          {releasedAt ? 'Released' : 'Holds'}
        </Badge>
      ),
    },
    { key: 'reason', header: 'Reason', render: ({ reason }) => reason },
    {
      key: 'placed',
      header: 'Placed',
      render: ({ placedBy, placedAt }) => (
        <span className="dim">
          {placedBy}, <Time at={placedAt} />
        </span>
      ),
    },
    {
      key: 'released',
      header: 'Released',
      render: ({ releasedAt, releasedBy, releaseReason }) =>
        releasedAt ? (
          <span className="dim">
            {releasedBy}, <Time at={releasedAt} />
            {releaseReason && `: ${releaseReason}`}
          </span>
        ) : (
          <span className="faint">—</span>
        ),
    },
    {
      key: 'actions',
      header: '',
      label: 'Actions',
      align: 'end',
      render: (hold) =>
        hold.releasedAt ? null : (
          <>
            <CopyButton value={`tierdeck tenant hold release ${hold.id} --reason '…'`} label="Copy as CLI" />{' '}
            <Button variant="default" size="compact-xs" disabled={!may} onClick={() => void onRelease(hold)}>
              Release
            </Button>
          </>
        ),
    },
  ];
  return (
    <Panel
      title="Legal holds"
      flush
      actions={
        <Button
          variant="default"
          disabled={!may || (closed ?? false)}
          loading={place.busy}
          leftSection={<IconGavel size={14} />}
          onClick={() => void onPlace()}
        >
          Place hold
        </Button>
      }
    >
      <Table
        label="Legal holds"
        rows={holds}
        columns={columns}
        rowKey={({ id }) => id}
        empty="None. A hold keeps the data from being erased until it is released, whatever the retention time says."
      />
    </Panel>
  );
}
