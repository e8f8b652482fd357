export * from './cidr.js';
export * from './constraint.js';
export * from './context.js';
export * from './feature.js';
export * from './hash.js';
export * from './strategy.js';
export * from './variant.js';
