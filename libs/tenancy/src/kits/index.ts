export * from './kit-invalid.error.js';
export type { Kit, KitFile } from './kit.js';
export { readKit } from './read-kit.js';
export { importKit, type KitImportOptions } from './import-kit.js';
