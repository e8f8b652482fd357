export * from './tenant.js';
export * from './tenants.read-model.js';
