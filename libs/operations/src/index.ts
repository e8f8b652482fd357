export * from './operation.js';
export * from './operations.service.js';
export * from './operations.reconciler.js';
