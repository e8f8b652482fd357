export * from './quota.js';
export * from './quotas.errors.js';
export { QuotasModule } from './quotas.module.js';
export { QuotasReadModel, type PlanView, type QuotaView, type TenantQuotas } from './quotas.read-model.js';
export { QuotasService, type QuotaKey } from './quotas.service.js';
export { UsageReadModel, type UsagePoint } from './usage.read-model.js';
export { QUOTA_PRESSURE_CHANNEL, UsageStore, type QuotaPressure } from './usage.store.js';
