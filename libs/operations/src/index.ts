export * from './operation.js';
export * from './operation.type.js';
export * from './operations.module.js';
export * from './operations.read-model.js';
export * from './operations.service.js';
export * from './operations.reconciler.js';
