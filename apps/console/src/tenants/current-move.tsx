import { Button, Progress } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { StatusBadge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { Stat } from '../components/facts.js';
import { formatBytes, formatDuration, formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { Time } from '../components/time.js';
import { useCommand } from '../graphql/use-command.js';
import { useCan } from '../session/session.js';
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

/** A move as it goes on: it can be aborted until the cut-over, and undone for a while after it. */
export function CurrentMove({ tenant, move, onChanged }: CurrentMoveProps) {
  const confirm = useConfirm();
  const may = useCan('placement:write');
  const mayCancel = useCan('operations:write');
  const cancel = useCommand(cancelMoveMutation);
  const undo = useCommand(undoMoveMutation);
  const finish = useCommand(finishMoveMutation);
  const undoable = move.state === 'UNDO_WINDOW';
  const done = move.rowsTotal ? Math.min(100, (100 * move.rowsCopied) / move.rowsTotal) : 0;

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

  return (
    <Panel
      title="The move"
      actions={
        <>
          <Link to="/operations/$id" params={{ id: move.followUpId ?? move.id }}>
            Steps
          </Link>
          {!move.cutOverAt && (
            <Button
              variant="default"
              disabled={!mayCancel}
              loading={cancel.busy}
              onClick={() => void onAbort()}
            >
              Abort
            </Button>
          )}
          {undoable && (
            <>
              <Button variant="default" disabled={!may} loading={finish.busy} onClick={() => void onFinish()}>
                Finish now
              </Button>
              <Button disabled={!may} loading={undo.busy} onClick={() => void onUndo()}>
                Undo
              </Button>
            </>
          )}
        </>
      }
    >
      <div className={styles['move']}>
        <div>
          <span className="mono">{move.sourceName}</span> → <span className="mono">{move.targetName}</span>{' '}
          <StatusBadge status={move.state} />
        </div>
        <Progress value={undoable ? 100 : done} aria-label="Rows copied" />
        <div className={styles['figures']}>
          <Stat
            label="Rows copied"
            value={formatNumber(move.rowsCopied)}
            detail={move.rowsTotal ? `of about ${formatNumber(move.rowsTotal)}` : undefined}
          />
          <Stat label="Lag" value={move.lagBytes === null ? '—' : formatBytes(move.lagBytes)} />
          <Stat
            label="Still"
            value={move.estimatedSeconds === null ? '—' : formatDuration(move.estimatedSeconds * 1_000)}
          />
          <Stat
            label="Writers waited"
            value={move.pauseMs === null ? 'not yet' : formatDuration(move.pauseMs)}
            detail="at the cut-over"
          />
          {move.undoUntil && <Stat label="Can be undone" value={<Time at={move.undoUntil} />} />}
        </div>
      </div>
    </Panel>
  );
}
