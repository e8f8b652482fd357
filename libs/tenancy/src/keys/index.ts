export * from './tenant-key.js';
export * from './tenant-keys.js';
export * from './tenant-keys.errors.js';
