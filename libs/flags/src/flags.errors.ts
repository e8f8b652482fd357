import { ConflictError, InvalidInputError, NotFoundError, TierdeckError } from '#platform';
import type { FlagScope } from './flag.js';

export class FlagNotFoundError extends NotFoundError {
  constructor(key: string) {
    super('flag', key, { field: 'flag', hint: 'tierdeck get flags' });
  }
}

export class EnvironmentNotFoundError extends NotFoundError {
  constructor(name: string, known: readonly string[]) {
    super('environment', name, { field: 'environment', hint: `Environments: ${known.join(', ')}.` });
  }
}

export class FlagExistsError extends ConflictError {
  constructor(key: string) {
    super('FLAG_EXISTS', `There is already a flag "${key}", or there was one.`, {
      field: 'key',
      hint: 'Choose another key: SDKs may still ask for an archived one.',
    });
  }
}

/** Somebody else changed the flag since the caller looked at it. */
export class FlagChangedError extends ConflictError {
  constructor(key: string, expectedVersion: number, version: number) {
    super(
      'FLAG_CHANGED',
      `Flag "${key}" was changed meanwhile: it is at version ${version}, not ${expectedVersion}.`,
      {
        field: 'expectedVersion',
        hint: 'Load the flag again, look at the change, and repeat yours with the new version.',
        details: { version, expectedVersion },
      },
    );
  }
}

export class FlagArchivedError extends ConflictError {
  constructor(key: string) {
    super('FLAG_ARCHIVED', `Flag "${key}" is archived and cannot be changed.`, { field: 'flag' });
  }
}

export class FlagInvalidError extends InvalidInputError {
  constructor(message: string, field: string, hint?: string) {
    super(message, { field, ...(hint ? { hint } : {}) });
  }
}

/** A rule for something that does not exist would never match. */
export class ScopeNotFoundError extends TierdeckError {
  constructor(scope: FlagScope, hint: string) {
    super('SCOPE_NOT_FOUND', `There is no ${scope.kind.toLowerCase()} "${scope.key}".`, 404, {
      field: 'scope.key',
      hint,
    });
  }
}
