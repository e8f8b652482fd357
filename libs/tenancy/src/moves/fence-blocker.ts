import pg from 'pg';

/** Who keeps a move waiting: a session, or a prepared transaction, which belongs to no session. */
export interface FenceBlocker {
  pid: number | null;
  application: string;
  seconds: number;
  /** Name and database of a prepared transaction; null for a session. */
  gid: string | null;
  database: string;
}

/** e.g. `Process 42 (orders) has been in a transaction`. */
export function blockerName({ pid, application, gid, database }: FenceBlocker): string {
  return gid === null
    ? `Process ${pid} (${application}) has been in a transaction`
    : `The prepared transaction ${pg.escapeLiteral(gid)} of database "${database}" has been open`;
}

/** What an operator may do about it, as a sentence. */
export function howToEnd(blocker: FenceBlocker | undefined): string {
  if (!blocker || blocker.gid === null) {
    return `Let it end, or end it: select pg_terminate_backend(${blocker?.pid ?? '<pid>'})`;
  }
  const gid = pg.escapeLiteral(blocker.gid);
  return (
    `No session holds it, so nothing ends it by itself. Ask whoever prepared it, then in database "${blocker.database}": ` +
    `commit prepared ${gid}, or rollback prepared ${gid}`
  );
}
