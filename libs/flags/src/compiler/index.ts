export * from './evaluate.js';
export * from './compile.js';
export * from './flag-decider.js';
export * from './rule-conditions.js';
export * from './rule-index.js';
export * from './rule-strategies.js';
export * from './tenant-identity.js';
export * from './unleash-feature.js';
