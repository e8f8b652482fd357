import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { Database, InvalidInputError, NotFoundError, rowsOf } from '#platform';
import { lockTenant } from '../tenants.store.js';
import { standardPolicy, type BackupPolicy } from './backup.js';

export interface EffectivePolicy extends BackupPolicy {
  source: 'TENANT' | 'PLAN' | 'STANDARD';
}

const columns: [keyof BackupPolicy, string, number, number][] = [
  ['intervalMinutes', 'interval_minutes', 5, 525_600],
  ['keepCount', 'keep_count', 1, 1_000],
  ['keepDays', 'keep_days', 0, 3_650],
  ['drillIntervalDays', 'drill_interval_days', 1, 365],
];

/** How often and how long: a tenant's own policy, else its plan's, else the standard. */
@Injectable()
export class BackupPolicies {
  constructor(private readonly database: Database) {}

  /** In the order of the ids, for data loaders. */
  async effective(tenantIds: readonly string[]): Promise<EffectivePolicy[]> {
    const rows = await this.database.query<EffectivePolicy & { id: string }>(
      `select t.id, ${effectiveColumns},
         case when own.tenant_id is not null then 'TENANT' when plan.plan is not null then 'PLAN' else 'STANDARD' end as source
       from tenant t ${policyJoins} where t.id = any($1)`,
      [tenantIds],
    );
    const byId = new Map(rows.map(({ id, ...policy }) => [id, policy]));
    return tenantIds.map((id) => byId.get(id) ?? { ...standardPolicy, source: 'STANDARD' });
  }

  /**
   * Sets the policy of a plan or of one tenant; what is not given stays.
   * @throws InvalidInputError, NotFoundError TENANT_NOT_FOUND, PLAN_NOT_FOUND
   */
  async set(
    command: Command,
    of: { tenant: string } | { plan: string },
    wanted: { [K in keyof BackupPolicy]?: BackupPolicy[K] | null | undefined },
  ): Promise<void> {
    for (const [field, , least, most] of columns) {
      const value = wanted[field];
      if (typeof value === 'number' && (value < least || value > most)) {
        throw new InvalidInputError(`${field} must be between ${least} and ${most}.`, { field });
      }
    }
    const subject = await this.#subject(command, of);
    const [before] = await rowsOf<BackupPolicy>(
      command.tx,
      `select ${ownColumns} from backup_policy where ${subject.column} = $1`,
      [subject.value],
    );
    const given = Object.fromEntries(
      Object.entries(wanted).filter(([, value]) => value !== null && value !== undefined),
    );
    const after: BackupPolicy = { ...standardPolicy, ...before, ...given };
    await command.tx.query(
      `insert into backup_policy (${subject.column}, enabled, interval_minutes, keep_count, keep_days, drill_interval_days)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (${subject.column}) do update set enabled = excluded.enabled, interval_minutes = excluded.interval_minutes,
         keep_count = excluded.keep_count, keep_days = excluded.keep_days, drill_interval_days = excluded.drill_interval_days`,
      [
        subject.value,
        after.enabled,
        after.intervalMinutes,
        after.keepCount,
        after.keepDays,
        after.drillIntervalDays,
      ],
    );
    await command.record({
      area: 'tenancy',
      action: 'backup-policy.set',
      subject: subject.name,
      ...(subject.column === 'tenant_id' ? { tenantId: subject.value } : {}),
      before,
      after,
    });
  }

  async #subject(
    command: Command,
    of: { tenant: string } | { plan: string },
  ): Promise<{ column: 'tenant_id' | 'plan'; value: string; name: string }> {
    if ('tenant' in of) {
      const tenant = await lockTenant(command.tx, { slug: of.tenant });
      return { column: 'tenant_id', value: tenant.id, name: `tenant/${tenant.slug}` };
    }
    // A plan is known by who has it, or by its limits; either will do.
    const known = await rowsOf(
      command.tx,
      'select 1 from tenant where plan = $1 union all select 1 from plan where name = $1 limit 1',
      [of.plan],
    );
    if (known.length === 0) throw new NotFoundError('plan', of.plan, { field: 'plan' });
    return { column: 'plan', value: of.plan, name: `plan/${of.plan}` };
  }
}

const ownColumns = `enabled, interval_minutes as "intervalMinutes", keep_count as "keepCount", keep_days as "keepDays",
  drill_interval_days as "drillIntervalDays"`;

/** SQL of a tenant's effective policy, after {@link policyJoins} on `tenant t`. */
export const effectiveColumns = [
  `coalesce(own.enabled, plan.enabled, ${standardPolicy.enabled}) as enabled`,
  ...columns.map(
    ([field, column]) =>
      `coalesce(own.${column}, plan.${column}, ${Number(standardPolicy[field])}) as "${field}"`,
  ),
].join(', ');

export const policyJoins = `left join backup_policy own on own.tenant_id = t.id
  left join backup_policy plan on plan.plan = t.plan`;
