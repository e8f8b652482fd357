import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { NotFoundError, requestLoader } from '#platform';
import { TenantsReadModel, TenantType, type Tenant } from '#tenancy';
import { GateType, WaveTenantType, WaveType } from './release.type.js';
import {
  ReleasesReadModel,
  type GateSummary,
  type WaveKey,
  type WaveSummary,
  type WaveTenantSummary,
} from './releases.read-model.js';

/** Fields of a wave; a board with many waves asks the database once for each. */
@Resolver(() => WaveType)
export class WaveResolver {
  readonly #tenants = requestLoader((keys: readonly WaveKey[]) => this.readModel.tenants(keys));
  readonly #gates = requestLoader((keys: readonly WaveKey[]) => this.readModel.gates(keys));

  constructor(private readonly readModel: ReleasesReadModel) {}

  @ResolveField('tenants', () => [WaveTenantType], { description: 'Fixed when the release starts.' })
  tenants(@Parent() wave: WaveSummary, @Context() context: object): Promise<WaveTenantSummary[]> {
    return this.#tenants(context).load(wave);
  }

  @ResolveField('gates', () => [GateType])
  gates(@Parent() wave: WaveSummary, @Context() context: object): Promise<GateSummary[]> {
    return this.#gates(context).load(wave);
  }
}

@Resolver(() => WaveTenantType)
export class WaveTenantResolver {
  readonly #byId = requestLoader((ids: readonly string[]) => this.tenants.byIds(ids));

  constructor(private readonly tenants: TenantsReadModel) {}

  @ResolveField('tenant', () => TenantType)
  async tenant(@Parent() { tenantId }: WaveTenantSummary, @Context() context: object): Promise<Tenant> {
    const tenant = await this.#byId(context).load(tenantId);
    if (!tenant) throw new NotFoundError('tenant', tenantId);
    return tenant;
  }
}
