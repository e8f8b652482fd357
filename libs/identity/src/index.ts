export * from './identity.errors.js';
export * from './permission.guard.js';
export * from './principal.js';
export * from './role.js';
export * from './sdk-tokens.service.js';
export * from './tokens.service.js';
