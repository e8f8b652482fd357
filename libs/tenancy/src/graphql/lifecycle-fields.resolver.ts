import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Database, JsonScalar, requestLoader } from '#platform';
import { holdsOf, type LegalHold } from '../lifecycle/legal-holds.store.js';
import type { Tenant } from '../tenant.js';
import { LegalHoldType, TenantType } from './tenant.type.js';

/** How a tenant's life is held or has ended. */
@Resolver(() => TenantType)
export class LifecycleFieldsResolver {
  readonly #holds = requestLoader((ids: readonly string[]) => holdsOf(this.database.source.manager, ids));

  constructor(private readonly database: Database) {}

  @ResolveField('legalHolds', () => [LegalHoldType], {
    description: 'Also those released, the newest first.',
  })
  legalHolds(@Parent() tenant: Tenant, @Context() context: object): Promise<LegalHold[]> {
    return this.#holds(context).load(tenant.id);
  }

  @ResolveField('erasureReceipt', () => JsonScalar, {
    nullable: true,
    description: 'Of an OFFBOARDED tenant: what was looked for and not found, as the audit has it.',
  })
  async erasureReceipt(@Parent() tenant: Tenant): Promise<unknown> {
    if (tenant.status !== 'OFFBOARDED') return null;
    const [row] = await this.database.query<{ receipt: unknown }>(
      `select after -> 'receipt' as receipt from audit_event
       where tenant_id = $1 and action = 'tenant.offboarded' order by revision desc limit 1`,
      [tenant.id],
    );
    return row?.receipt ?? null;
  }
}
