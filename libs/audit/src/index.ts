export * from './actor.js';
export * from './change.js';
export * from './change-log.js';
export * from './commands.js';
