import type pg from 'pg';
import { Database, rowsOf } from '#platform';

/** Other moves with a database on a server. */
export interface OtherMoves {
  /** Not over: a way back that is open needs its stream. */
  open: number;
  /** Of them before the cut-over: those need both streams. */
  streaming: number;
}

/**
 * Moves on a cluster as the control plane knows them: one that has just begun has taken nothing on the server yet.
 * @param before counts only moves that began before this one, so that of two that fit one by one the first is let in.
 */
export async function otherMovesOn(
  database: Database,
  cluster: string,
  before?: { id: string },
): Promise<OtherMoves> {
  const [row] = await rowsOf<OtherMoves>(
    database.source.manager,
    `select count(*)::int as open,
       (count(*) filter (where m.state in ('PREPARING', 'COPYING', 'FOLLOWING')))::int as streaming
     from tenant_move m
     where m.state not in ('FINISHED', 'UNDONE', 'ABORTED')
       and exists (select from tenant_database d where d.id in (m.source_id, m.target_id) and d.cluster = $1)
       and ($2::uuid is null
         or (m.created_at, m.id) < (select o.created_at, o.id from tenant_move o where o.id = $2::uuid))`,
    [cluster, before?.id ?? null],
  );
  return row ?? { open: 0, streaming: 0 };
}

/** What the streams of moves take of a server, by the setting that bounds it. */
interface Room {
  setting: string;
  bound: number;
  /** Taken by others than moves, and by moves. */
  foreign: number;
  moves: number;
  /** A move takes of it for each of its two streams until the cut-over; else for one at a time. */
  both: boolean;
}

/** Settings of a server that leave no room for the streams of one more move, with the number that each must have. */
export async function roomFlaws(
  client: pg.ClientBase,
  what: string,
  { open, streaming }: OtherMoves,
): Promise<string[]> {
  const { rows } = await client.query<Room>(
    // Each stream has a slot and a sender where it begins, and a worker and an origin where it ends.
    `with taken as (
       select 'slot' as what, slot_name::text as name from pg_replication_slots
       union all select 'sender', application_name from pg_stat_replication
       union all select 'stream', subname::text from pg_subscription where subenabled
     ), counted as (
       select what, (count(name) filter (where name !~ '^tierdeck_(move|back)_'))::int as "foreign",
         (count(name) filter (where name ~ '^tierdeck_(move|back)_'))::int as moves
       from (values ('slot'), ('sender'), ('stream')) w(what) left join taken using (what) group by what
     )
     select s.setting, current_setting(s.setting, true)::int as bound, "foreign" + s.always as "foreign", moves,
       what <> 'stream' as both
     from counted join (values
       ('slot', 'max_replication_slots', 0), ('sender', 'max_wal_senders', 0),
       ('stream', 'max_logical_replication_workers', 0),
       -- The launcher of those workers is one, too.
       ('stream', 'max_worker_processes', 1),
       -- Before PostgreSQL 18 the slots bounded the origins.
       ('stream', 'max_active_replication_origins', 0)) s(what, setting, always) using (what)
     where current_setting(s.setting, true) is not null order by s.setting`,
  );
  return rows.flatMap(({ setting, bound, foreign, moves, both }) => {
    const expected = both ? open + streaming : open;
    const needed = foreign + Math.max(moves, expected) + (both ? 2 : 1);
    if (needed <= bound) return [];
    return [
      `The ${what} has no room for the streams of one more move: ${setting} is ${bound} and must be ${needed} or more ` +
        '(a restart), unless ways back that nobody needs are given up (tierdeck tenant move <slug> --finish).',
    ];
  });
}
