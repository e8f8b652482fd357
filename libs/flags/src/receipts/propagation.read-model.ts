import { Injectable } from '@nestjs/common';
import { Database } from '#platform';
import type { FetchMode } from './instance.js';

/** Laggards named per service. */
const maxLagging = 50;
/** An instance not heard of for this long, and three of its polls, is gone, in milliseconds. */
const goneMs = 30_000;

export interface LaggingInstance {
  instance: string;
  sdk: string | null;
  mode: FetchMode;
  tenant: string | null;
  appliedRevision: number;
  seenAt: Date;
}

export interface ServicePropagation {
  service: string;
  instances: number;
  applied: number;
  /** The first {@link maxLagging}, the furthest behind first. */
  lagging: LaggingInstance[];
}

/** How far a revision has come. */
export interface Propagation {
  environment: string;
  revision: number;
  instances: number;
  applied: number;
  /** Every connected instance has it. */
  complete: boolean;
  services: ServicePropagation[];
}

/** Which connected instances have applied a revision. Plain SQL; nothing here changes anything. */
@Injectable()
export class PropagationReadModel {
  constructor(private readonly database: Database) {}

  /** Revision of the last change of a flag in an environment, or of all of them. */
  async revisionOf(environment: string, flag?: string | null): Promise<number> {
    const [row] = await this.database.query<{ revision: string | null }>(
      `select max(revision) as revision from flag_environment
       where environment = $1 and ($2::text is null or flag_key = $2)`,
      [environment, flag ?? null],
    );
    return Number(row?.revision ?? 0);
  }

  async of(environment: string, revision: number): Promise<Propagation> {
    const rows = await this.database.query<{
      service: string;
      instances: number;
      applied: number;
      lagging: (Omit<LaggingInstance, 'seenAt'> & { seenAt: string })[];
    }>(
      `select i.service, count(*)::int as instances, count(*) filter (where not i.lags)::int as applied,
         coalesce(jsonb_agg(jsonb_build_object('instance', i.instance, 'sdk', i.sdk, 'mode', i.mode,
           'tenant', t.slug, 'appliedRevision', i.applied_revision, 'seenAt', i.seen_at)
           order by i.applied_revision, i.instance) filter (where i.lags and i.place <= $4), '[]') as lagging
       from (
         select *, applied_revision < $2 as lags,
           row_number() over (partition by service order by applied_revision, instance) as place
         from flag_instance
         where environment = $1
           and seen_at > now() - make_interval(secs => ($3 + 3 * coalesce(interval_ms, 0)) / 1000.0)
       ) i left join tenant t on t.id = i.tenant_id
       group by i.service order by i.service`,
      [environment, revision, goneMs, maxLagging],
    );
    const services = rows.map(({ lagging, ...row }) => ({
      ...row,
      lagging: lagging.map((one) => ({ ...one, seenAt: new Date(one.seenAt) })),
    }));
    const sum = (field: 'instances' | 'applied') => services.reduce((total, one) => total + one[field], 0);
    const [instances, applied] = [sum('instances'), sum('applied')];
    return { environment, revision, instances, applied, complete: applied === instances, services };
  }
}
