export * from './approval-guard.js';
export * from './change-request.js';
export * from './change-requests.errors.js';
export * from './change-requests.read-model.js';
export * from './change-requests.service.js';
export * from './flag-change.js';
