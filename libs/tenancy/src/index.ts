export * from './tenant.js';
export * from './tenants.read-model.js';
export * from './tenancy.errors.js';
export * from './tenancy.module.js';
export * from './manifests/manifest-handler.js';
export * from './manifests/manifests.service.js';
export * from './manifests/tenant-manifest-parts.js';
export type { ManifestFile } from './manifests/manifest-document.js';
