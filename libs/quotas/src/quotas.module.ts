import { Module, type OnModuleInit } from '@nestjs/common';
import { ManifestsService, TenancyModule, TenantManifestParts } from '#tenancy';
import { PlanManifests } from './plan.manifest.js';
import { QuotasReadModel } from './quotas.read-model.js';
import { QuotasReconciler } from './quotas.reconciler.js';
import { QuotasResolver } from './quotas.resolver.js';
import { QuotasService } from './quotas.service.js';
import { TenantQuotaManifests } from './tenant-quotas.manifest.js';
import { UsageReadModel } from './usage.read-model.js';
import { UsageStore } from './usage.store.js';

@Module({
  imports: [TenancyModule],
  providers: [
    QuotasService,
    QuotasReadModel,
    QuotasReconciler,
    QuotasResolver,
    UsageStore,
    UsageReadModel,
    PlanManifests,
    TenantQuotaManifests,
  ],
  exports: [QuotasService, QuotasReadModel, UsageStore, UsageReadModel],
})
export class QuotasModule implements OnModuleInit {
  constructor(
    private readonly manifests: ManifestsService,
    private readonly tenantParts: TenantManifestParts,
    private readonly plans: PlanManifests,
    private readonly tenantQuotaManifests: TenantQuotaManifests,
  ) {}

  onModuleInit(): void {
    this.manifests.register(this.plans);
    this.tenantParts.register(this.tenantQuotaManifests);
  }
}
