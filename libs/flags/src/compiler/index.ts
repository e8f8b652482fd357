export * from './evaluate.js';
export * from './compile.js';
export * from './rule-index.js';
export * from './tenant-view.js';
export * from './unleash-feature.js';
