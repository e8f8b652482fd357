import { NotFoundError, rowsOf, type Transaction } from '#platform';
import type { UnleashConstraint } from './compiler/index.js';
import { lockFlag, type FlagRecord } from './flags.store.js';

/** Constraints under a name, for rules and strategies to share. */
export interface Segment {
  id: number;
  name: string;
  description: string;
  constraints: readonly UnleashConstraint[];
  version: number;
}

/** A flag with a rule or a strategy in the environment that refers to the segment. */
export interface SegmentUse {
  flag: FlagRecord;
  environment: string;
}

export const segmentColumns = 'id, name, description, constraints, version';

export async function findSegment(tx: Transaction, id: number): Promise<Segment | undefined> {
  const [row] = await rowsOf<Segment>(
    tx,
    `select ${segmentColumns} from segment where id = $1 and deleted_at is null`,
    [id],
  );
  return row;
}

export async function findSegmentByName(tx: Transaction, name: string): Promise<Segment | undefined> {
  const [row] = await rowsOf<Segment>(
    tx,
    `select ${segmentColumns} from segment where name = $1 and deleted_at is null`,
    [name],
  );
  return row;
}

/** Two writers of one segment go one after the other. */
export async function lockSegment(tx: Transaction, id: number): Promise<Segment | undefined> {
  const [row] = await rowsOf<Segment>(
    tx,
    `select ${segmentColumns} from segment where id = $1 and deleted_at is null for update`,
    [id],
  );
  return row;
}

/** Flags in use that refer to it, with the environments in which they do, locked. */
export async function lockSegmentUses(tx: Transaction, id: number): Promise<SegmentUse[]> {
  const rows = await rowsOf<{ flag_key: string; environment: string }>(
    tx,
    'select flag_key, environment from segment_use($1) order by 1, 2',
    [id],
  );
  const uses: SegmentUse[] = [];
  for (const { flag_key: key, environment } of rows) {
    const flag = await lockFlag(tx, key);
    if (flag && !flag.archived) uses.push({ flag, environment });
  }
  return uses;
}

export class SegmentNotFoundError extends NotFoundError {
  constructor(id: number | string) {
    super('segment', String(id), { field: 'segment', hint: 'tierdeck get segments' });
  }
}
