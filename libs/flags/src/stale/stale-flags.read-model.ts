import { Injectable } from '@nestjs/common';
import { Database, InvalidInputError } from '#platform';

export const staleReasons = [
  'EXPIRED',
  'EXPIRES_SOON',
  'MARKED_STALE',
  'UNUSED',
  'ROLLED_OUT',
  'NOT_IN_CODE',
  'ARCHIVED_IN_CODE',
] as const;
export type StaleReason = (typeof staleReasons)[number];

export interface StaleFlag {
  flag: string;
  owner: string | null;
  reasons: StaleReason[];
  createdAt: Date;
  expiresAt: Date | null;
  /** Of the last evaluation that an SDK reported, in any environment. */
  lastSeenAt: Date | null;
  codeReferences: number;
  repositories: string[];
  /** What to do next. */
  advice: string;
}

interface Row extends Omit<StaleFlag, 'reasons' | 'advice'> {
  archived: boolean;
  lifecycle: string | null;
  expired: boolean;
  expiresSoon: boolean;
  unused: boolean;
  rolledOut: boolean;
  scans: number;
}

const most = 500;
/** Days without evaluation until a flag is stale. */
export const daysUnlessTold = 30;

/** Flags that have done their work, and where they still stand in code. Nothing here changes anything. */
@Injectable()
export class StaleFlagsReadModel {
  constructor(private readonly database: Database) {}

  /** Keys of those that count as stale after the days that are meant unless told. */
  async keys(): Promise<string[]> {
    return (await this.list(daysUnlessTold, most)).map(({ flag }) => flag);
  }

  /**
   * @param days without evaluation, or with one value for everybody in production, until a flag counts as stale.
   * @param flags only these; absent: all.
   */
  async list(days: number, first: number, flags?: readonly string[]): Promise<StaleFlag[]> {
    if (days < 1 || days > 3_650)
      throw new InvalidInputError('days must be between 1 and 3650.', { field: 'days' });
    if (first < 1 || first > most)
      throw new InvalidInputError(`first must be between 1 and ${most}.`, { field: 'first' });
    if (flags && flags.length > most)
      throw new InvalidInputError(`flags takes at most ${most} keys.`, { field: 'flags' });
    const rows = await this.database.query<Row>(
      `select * from (
         select f.key as flag, f.owner, f.created_at as "createdAt", x.expires_at as "expiresAt",
           f.archived_at is not null as archived, x.lifecycle,
           m.last_seen_at as "lastSeenAt", coalesce(c.references, 0)::int as "codeReferences",
           coalesce(c.repositories, '{}') as repositories, (select count(*)::int from flag_code_scan) as scans,
           coalesce(x.expires_at <= clock_timestamp(), false) as expired,
           coalesce(x.expires_at between clock_timestamp() and clock_timestamp() + interval '14 days', false)
             as "expiresSoon",
           coalesce(m.last_seen_at, f.created_at) < clock_timestamp() - $1 * interval '1 day' as unused,
           exists (
             select from flag_rule r join environment e on e.name = r.environment and e.kind = 'PRODUCTION'
             join flag_environment s on s.flag_key = r.flag_key and s.environment = r.environment and s.enabled
             where r.flag_key = f.key and r.scope_kind = 'ENVIRONMENT' and r.enabled
               and coalesce((to_jsonb(r) ->> 'percentage')::int, 100) = 100
               and coalesce(to_jsonb(r) -> 'constraints', '[]') = '[]'
               and r.set_at < clock_timestamp() - $1 * interval '1 day'
               and not exists (select from flag_rule o where o.flag_key = r.flag_key
                 and o.environment = r.environment and o.id <> r.id)) as "rolledOut"
         from flag f
         cross join lateral (select (to_jsonb(f) ->> 'expires_at')::timestamptz as expires_at,
           to_jsonb(f) ->> 'lifecycle' as lifecycle) x
         left join lateral (select max(last_seen_at) as last_seen_at from flag_metric where flag_key = f.key) m on true
         left join lateral (select count(*) as references, array_agg(distinct repository order by repository)
             as repositories from flag_code_reference where flag_key = f.key having count(*) > 0) c on true) all_flags
       where ($3::text[] is null or flag = any($3)) and case when archived then "codeReferences" > 0
         else expired or "expiresSoon" or lifecycle = 'STALE' or unused or "rolledOut"
           or (scans > 0 and "codeReferences" = 0) end
       order by expired desc, flag limit $2`,
      [days, first, flags ?? null],
    );
    return rows.map(toStaleFlag);
  }
}

function toStaleFlag(row: Row): StaleFlag {
  const reasons = reasonsOf(row);
  const { flag, owner, createdAt, expiresAt, lastSeenAt, codeReferences, repositories } = row;
  return {
    flag,
    owner,
    reasons,
    createdAt,
    expiresAt,
    lastSeenAt,
    codeReferences,
    repositories,
    advice: adviceOf(row, reasons),
  };
}

function reasonsOf(row: Row): StaleReason[] {
  if (row.archived) return ['ARCHIVED_IN_CODE'];
  const found: [boolean, StaleReason][] = [
    [row.expired, 'EXPIRED'],
    [row.expiresSoon, 'EXPIRES_SOON'],
    [row.lifecycle === 'STALE', 'MARKED_STALE'],
    [row.unused, 'UNUSED'],
    [row.rolledOut, 'ROLLED_OUT'],
    [row.scans > 0 && row.codeReferences === 0, 'NOT_IN_CODE'],
  ];
  return found.filter(([holds]) => holds).map(([, reason]) => reason);
}

function adviceOf({ archived, codeReferences, repositories, scans }: Row, reasons: StaleReason[]): string {
  const where = `${codeReferences} place${codeReferences === 1 ? '' : 's'} of ${repositories.join(', ')}`;
  if (archived) return `Take it out of ${where}: SDKs answer with the default of the code.`;
  if (codeReferences > 0) return `Take it out of ${where}, then archive it.`;
  if (scans === 0) return 'Scan the code: tierdeck flag refs scan <dir>';
  return reasons.includes('NOT_IN_CODE') ? 'No scanned code names it: archive it.' : 'Archive it.';
}
