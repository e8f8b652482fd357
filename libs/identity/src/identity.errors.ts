import { TierdeckError } from '#platform';
import { type Permission, type Role, rolesWith } from './role.js';

export class UnauthenticatedError extends TierdeckError {
  constructor() {
    super('UNAUTHENTICATED', 'A valid bearer token is needed.', 401, {
      hint: 'Send "Authorization: Bearer <token>"; the first token lies in <data dir>/admin-token.',
    });
  }
}

export class ForbiddenError extends TierdeckError {
  constructor(role: Role, permission: Permission) {
    super('FORBIDDEN', `The role "${role}" may not do this.`, 403, {
      hint: `Roles that may: ${rolesWith(permission).join(', ')}.`,
    });
  }
}
