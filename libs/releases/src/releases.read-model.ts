import { Injectable } from '@nestjs/common';
import { Database, decodeCursor, pageSize, toConnection, type Connection, type PageArgs } from '#platform';
import type { GateVerdict } from './gate.js';
import type {
  FlagChange,
  ReleaseStatus,
  WaveSelector,
  WaveSpec,
  WaveStatus,
  WaveTenantStatus,
} from './release.js';
import type { ReleaseRow } from './releases.store.js';

export interface ReleaseSummary {
  id: string;
  name: string;
  description: string | null;
  artifactDigest: string;
  environment: string;
  status: ReleaseStatus;
  statusReason: string | null;
  flagChanges: FlagChange[];
  migrations: string[];
  needsApproval: boolean;
  /** As they were asked for; their state is in {@link ReleasesReadModel.waves}. */
  waveSpecs: WaveSpec[];
  exposedTenants: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  createdBy: string;
  digest: string;
}

export interface WaveSummary {
  releaseId: string;
  position: number;
  name: string;
  status: WaveStatus;
  selector: WaveSelector;
  concurrency: number;
  soakSeconds: number;
  soakUntil: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  reason: string | null;
}

export interface WaveTenantSummary {
  tenantId: string;
  status: WaveTenantStatus;
  error: string | null;
  /** Of the last thing that happened to it. */
  at: Date | null;
}

export interface GateSummary {
  kpi: string;
  threshold: number;
  verdict: GateVerdict;
  /** Share of bad outcomes; null without any. */
  observed: number | null;
  samples: number;
  minSamples: number;
  evidence: number;
  explanation: string;
}

export interface ApprovalSummary {
  by: string;
  at: Date;
  digest: string;
  comment: string | null;
}

/** A wave is known by its release and its position. */
export interface WaveKey {
  releaseId: string;
  position: number;
}

const selection = `select r.*, (select count(*)::int from release_tenant t
    where t.release_id = r.id and t.status = 'EXPOSED') as exposed_tenants,
  to_char(r.created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || ' ' || r.id as sort_key from release r`;

type SummaryRow = ReleaseRow & { exposed_tenants: number; sort_key: string };

/** Reads of releases for lists and pages. Plain SQL; nothing here changes anything. */
@Injectable()
export class ReleasesReadModel {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async page(args: PageArgs, status?: readonly ReleaseStatus[] | null): Promise<Connection<ReleaseSummary>> {
    const wanted = status?.length ? status : null;
    const rows = await this.database.query<SummaryRow>(
      `select * from (${selection}) r where ($1::text[] is null or status = any($1))
         and ($2::text is null or sort_key < $2) order by sort_key desc limit $3`,
      [wanted, decodeCursor(args.after) ?? null, pageSize(args) + 1],
    );
    const [count] = await this.database.query<{ n: number }>(
      'select count(*)::int as n from release where ($1::text[] is null or status = any($1))',
      [wanted],
    );
    const connection = toConnection(rows, args, count?.n ?? 0, (row) => row.sort_key);
    return {
      ...connection,
      edges: connection.edges.map(({ cursor, node }) => ({ cursor, node: toSummary(node) })),
    };
  }

  async find(id: string): Promise<ReleaseSummary | undefined> {
    if (!/^[0-9a-f-]{36}$/i.test(id)) return undefined;
    const [row] = await this.database.query<SummaryRow>(`${selection} where r.id = $1`, [id]);
    return row && toSummary(row);
  }

  /** The waves of each release, in order. */
  async waves(ids: readonly string[]): Promise<WaveSummary[][]> {
    const rows = await this.database.query<WaveSummary>(
      `select release_id as "releaseId", position, name, status, selector, concurrency,
         soak_seconds as "soakSeconds", soak_until as "soakUntil", started_at as "startedAt",
         finished_at as "finishedAt", reason
       from release_wave where release_id = any($1) order by release_id, position`,
      [ids],
    );
    return ids.map((id) => rows.filter(({ releaseId }) => releaseId === id));
  }

  async approvals(ids: readonly string[]): Promise<ApprovalSummary[][]> {
    const rows = await this.database.query<ApprovalSummary & { releaseId: string }>(
      `select release_id as "releaseId", by_name as by, at, digest, comment
       from release_approval where release_id = any($1) order by at`,
      [ids],
    );
    return ids.map((id) => rows.filter(({ releaseId }) => releaseId === id));
  }

  /** The tenants of each wave, in the order in which they get their turn. */
  async tenants(keys: readonly WaveKey[]): Promise<WaveTenantSummary[][]> {
    const rows = await this.database.query<WaveTenantSummary & WaveKey>(
      `select t.release_id as "releaseId", t.wave as position, t.tenant_id as "tenantId", t.status, t.error,
         coalesce(t.rolled_back_at, t.exposed_at, t.started_at) as at
       from release_tenant t join unnest($1::uuid[], $2::int[]) as wanted(release_id, wave)
         on t.release_id = wanted.release_id and t.wave = wanted.wave
       order by t.release_id, t.wave, t.place`,
      columnsOf(keys),
    );
    return grouped(keys, rows);
  }

  async gates(keys: readonly WaveKey[]): Promise<GateSummary[][]> {
    const rows = await this.database.query<GateSummary & WaveKey>(
      `select g.release_id as "releaseId", g.wave as position, g.kpi, g.threshold, g.verdict,
         g.failures::float8 / nullif(g.samples, 0) as observed, g.samples::int as samples,
         g.min_samples as "minSamples", g.evidence, g.explanation
       from release_gate g join unnest($1::uuid[], $2::int[]) as wanted(release_id, wave)
         on g.release_id = wanted.release_id and g.wave = wanted.wave
       order by g.release_id, g.wave, g.kpi`,
      columnsOf(keys),
    );
    return grouped(keys, rows);
  }
}

function columnsOf(keys: readonly WaveKey[]): [string[], number[]] {
  return [keys.map(({ releaseId }) => releaseId), keys.map(({ position }) => position)];
}

function grouped<Row extends WaveKey>(keys: readonly WaveKey[], rows: readonly Row[]): Row[][] {
  const nameOf = ({ releaseId, position }: WaveKey): string => `${releaseId} ${position}`;
  const byWave = new Map<string, Row[]>(keys.map((key) => [nameOf(key), []]));
  for (const row of rows) byWave.get(nameOf(row))?.push(row);
  return keys.map((key) => byWave.get(nameOf(key)) ?? []);
}

function toSummary(row: SummaryRow): ReleaseSummary {
  const { artifactDigest, flagChanges, migrations, waves } = row.content;
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    artifactDigest,
    environment: row.environment,
    status: row.status,
    statusReason: row.status_reason,
    flagChanges,
    migrations: migrations.map(({ name }) => name),
    needsApproval: row.needs_approval,
    waveSpecs: waves,
    exposedTenants: row.exposed_tenants,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    createdBy: row.created_by,
    digest: row.digest,
  };
}
