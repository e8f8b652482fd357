export * from './actor.js';
export * from './audit.read-model.js';
export * from './change.js';
export * from './change-log.js';
export * from './commands.js';
