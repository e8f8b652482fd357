import { Button, Progress } from '@mantine/core';
import { IconArrowBackUp, IconPlayerStop } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { StatusBadge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { Stat } from '../components/facts.js';
import { formatBytes, formatDuration, formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { useNow } from '../components/use-now.js';
import { useCommand } from '../graphql/use-command.js';
import { Steps } from '../operations/steps.js';
import { useOperation } from '../operations/use-operation.js';
import { useCan } from '../session/session.js';
import { MovePicture } from './move-picture.js';
import { copiedShare, moveView } from './move-progress.js';
import {
  cancelMoveMutation,
  finishMoveMutation,
  type TenantMove,
  undoMoveMutation,
} from './placement.query.js';
import styles from './placement.module.css';

interface CurrentMoveProps {
  tenant: string;
  move: TenantMove;
  onChanged: () => void;
}

/** A move as it goes on: a picture of it, its figures and steps. Aborted until the cut-over, undone for a while after. */
export function CurrentMove({ tenant, move, onChanged }: CurrentMoveProps) {
  const { operation } = useOperation(move.followUpId ?? move.id);
  const view = moveView(move);
  return (
    <Panel
      title={
        <span className={styles['head']}>
          The move <StatusBadge status={move.state} />
        </span>
      }
      actions={<MoveActions tenant={tenant} move={move} onChanged={onChanged} />}
    >
      <div className={styles['move']}>
        <span className="dim" role="status">
          {view.now}
        </span>
        <MovePicture
          tenant={tenant}
          source={{ name: move.sourceName, placement: move.fromPlacement }}
          target={{ name: move.targetName, placement: move.toPlacement }}
          {...view}
        />
        {!move.cutOverAt && <Progress value={100 * (copiedShare(move) ?? 0)} aria-label="Rows copied" />}
        <div className={styles['figures']}>
          <Stat
            label="Rows copied"
            value={formatNumber(move.rowsCopied)}
            detail={move.rowsTotal ? `of about ${formatNumber(move.rowsTotal)}` : undefined}
          />
          <Stat
            label="Lag"
            value={move.lagBytes === null ? '—' : formatBytes(move.lagBytes)}
            detail="changes not there yet"
          />
          <Stat
            label="Still to copy"
            value={move.estimatedSeconds === null ? '—' : formatDuration(move.estimatedSeconds * 1_000)}
          />
          <Stat
            label="Writers waited"
            value={move.pauseMs === null ? 'not yet' : formatDuration(move.pauseMs)}
            detail="at the cut-over"
          />
          {move.state === 'UNDO_WINDOW' && move.undoUntil && <UndoLeft until={move.undoUntil} />}
        </div>
        {operation && (
          <>
            <Steps steps={operation.steps} endedAt={operation.finishedAt} />
            <Link to="/operations/$id" params={{ id: operation.id }}>
              The operation
            </Link>
          </>
        )}
      </div>
    </Panel>
  );
}

function UndoLeft({ until }: { until: string }) {
  const left = new Date(until).getTime() - useNow(1_000);
  return (
    <Stat
      label="Can be undone for"
      value={left > 0 ? formatDuration(Math.ceil(left / 1_000) * 1_000) : 'no longer'}
    />
  );
}

function MoveActions({ tenant, move, onChanged }: CurrentMoveProps) {
  const confirm = useConfirm();
  const may = useCan('placement:write');
  const mayCancel = useCan('operations:write');
  const cancel = useCommand(cancelMoveMutation);
  const undo = useCommand(undoMoveMutation);
  const finish = useCommand(finishMoveMutation);
  const abortable = ['PREPARING', 'COPYING', 'FOLLOWING'].includes(move.state);

  const onAbort = async () => {
    await cancel.run({ id: move.id }, { done: 'The move is being aborted; the tenant stays where it is' });
    onChanged();
  };
  const onUndo = async () => {
    const answer = await confirm({
      title: `Move ${tenant} back?`,
      body: 'It goes back to where it came from, online, with everything written since.',
      action: 'Move back',
      askReason: true,
    });
    if (!answer) return;
    await undo.run({ tenant, reason: answer.reason ?? null }, { done: 'It is on its way back' });
    onChanged();
  };
  const onFinish = async () => {
    const answer = await confirm({
      title: 'End the undo window now?',
      body: 'The rows at the old home are erased. After that there is no way back but another move.',
      action: 'Finish',
      danger: true,
      expect: tenant,
    });
    if (!answer) return;
    await finish.run({ tenant, reason: answer.reason ?? null }, { done: 'The old home is being cleaned' });
    onChanged();
  };

  if (abortable) {
    return (
      <Button
        variant="default"
        disabled={!mayCancel}
        loading={cancel.busy}
        leftSection={<IconPlayerStop size={15} />}
        onClick={() => void onAbort()}
      >
        Abort
      </Button>
    );
  }
  if (move.state !== 'UNDO_WINDOW') return null;
  return (
    <>
      <Button variant="default" disabled={!may} loading={finish.busy} onClick={() => void onFinish()}>
        Finish now
      </Button>
      <Button
        disabled={!may}
        loading={undo.busy}
        leftSection={<IconArrowBackUp size={15} />}
        onClick={() => void onUndo()}
      >
        Undo
      </Button>
    </>
  );
}
