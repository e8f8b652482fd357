import { formatBytes, formatNumber } from '../components/format.js';
import type { TenantMove } from './placement.query.js';

type Home = 'source' | 'target';

interface MoveView {
  home: Home;
  flow: { text: string; way: 'forth' | 'back' | 'none'; moving?: boolean; share?: number | undefined };
  sourceNote: string;
  targetNote: string;
  /** In one sentence, what happens now. */
  now: string;
}

/** Share of the rows that are in the target, 0 to 1; undefined before they are counted. */
export const copiedShare = ({ rowsCopied, rowsTotal }: TenantMove): number | undefined =>
  rowsTotal ? Math.min(1, rowsCopied / rowsTotal) : undefined;

const lagOf = ({ lagBytes }: TenantMove) => (lagBytes === null ? '' : `, ${formatBytes(lagBytes)} behind`);

/** What a state of a move means: where the tenant is, what flows which way, and what comes next. */
export function moveView(move: TenantMove): MoveView {
  const serving = 'serves it, reads and writes';
  switch (move.state) {
    case 'PREPARING':
      return {
        home: 'source',
        flow: { text: 'checked and made ready', way: 'none', moving: true },
        sourceNote: serving,
        targetNote: 'is being made',
        now: 'Both databases are checked; the target is made.',
      };
    case 'COPYING':
      return {
        home: 'source',
        flow: {
          text: `${formatNumber(move.rowsCopied)}${move.rowsTotal ? ` of ${formatNumber(move.rowsTotal)}` : ''} rows`,
          way: 'forth',
          moving: true,
          share: copiedShare(move),
        },
        sourceNote: serving,
        targetNote: 'is filled',
        now: 'Rows are copied while the tenant is served. It can be aborted without anybody noticing.',
      };
    case 'FOLLOWING':
      return {
        home: 'source',
        flow: { text: `changes follow${lagOf(move)}`, way: 'forth', moving: true, share: 1 },
        sourceNote: serving,
        targetNote: 'catches up',
        now: 'Every row is there; changes follow until the target has caught up, then it cuts over.',
      };
    case 'MOVED':
      return {
        home: 'target',
        flow: { text: 'every row is compared', way: 'none', moving: true },
        sourceNote: 'is kept up to date',
        targetNote: serving,
        now: 'It has cut over. Every row of both databases is compared now.',
      };
    case 'UNDO_WINDOW':
      return {
        home: 'target',
        flow: { text: `changes flow back${lagOf(move)}`, way: 'back' },
        sourceNote: 'is kept up to date, for the way back',
        targetNote: serving,
        now: 'Moved and verified. Until the undo window ends it can go back with all that was written since.',
      };
    case 'UNDOING':
      return {
        home: 'target',
        flow: { text: `goes back${lagOf(move)}`, way: 'back', moving: true },
        sourceNote: 'takes it back',
        targetNote: 'serves it until the way back is done',
        now: 'It is on its way back, with all that was written since.',
      };
    case 'FINISHING':
      return {
        home: 'target',
        flow: { text: 'the way back is closed', way: 'none', moving: true },
        sourceNote: 'its rows here are erased',
        targetNote: serving,
        now: 'The former home is being erased.',
      };
    case 'ABORTING':
      return {
        home: 'source',
        flow: { text: 'taken back', way: 'none', moving: true },
        sourceNote: serving,
        targetNote: 'is cleaned up',
        now: 'The move is being aborted; the tenant stays where it is.',
      };
    default:
      return {
        home: move.state === 'FINISHED' ? 'target' : 'source',
        flow: { text: 'ended', way: 'none' },
        sourceNote: '',
        targetNote: '',
        now: 'The move has ended.',
      };
  }
}
