export * from './archive.errors.js';
export * from './archive-store.js';
export * from './local-archive-store.js';
export * from './manifest.js';
export * from './load-archive.js';
export { openArchive, verifyArchive, type OpenArchive } from './read-archive.js';
export { writeArchive, type NewArchive } from './write-archive.js';
