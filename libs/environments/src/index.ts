export * from './environments.module.js';
export * from './environments.read-model.js';
