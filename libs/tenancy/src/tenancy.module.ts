import { Module } from '@nestjs/common';
import { ManifestsService } from './manifests/manifests.service.js';
import { TenantManifestParts } from './manifests/tenant-manifest-parts.js';
import { TenantsReadModel } from './tenants.read-model.js';

@Module({
  providers: [TenantsReadModel, ManifestsService, TenantManifestParts],
  exports: [TenantsReadModel, ManifestsService, TenantManifestParts],
})
export class TenancyModule {}
