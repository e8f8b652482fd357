import { StepFailed } from '#operations';
import { ConflictError, TierdeckError } from '#platform';
import {
  ArchiveRefusedError,
  ArchiveSchemaError,
  RestoreDiffersError,
  RestoreOvertakenError,
} from '../archives/index.js';
import { TenantKeyMissingError, TenantKeyShreddedError } from '../keys/index.js';

export class BackupRunningError extends ConflictError {
  constructor(slug: string, operationId: string) {
    super('BACKUP_RUNNING', `Tenant "${slug}" is being archived or restored already.`, {
      hint: `tierdeck operation watch ${operationId}`,
    });
  }
}

export class NoBackupError extends ConflictError {
  constructor(slug: string) {
    super('NO_BACKUP', `Tenant "${slug}" has no archive.`, { hint: `tierdeck tenant backup ${slug}` });
  }
}

export class BackupNotUsableError extends ConflictError {
  constructor(id: string, status: string) {
    super('BACKUP_NOT_USABLE', `Backup ${id} is ${status}; only a COMPLETE one can be used.`, {
      field: 'backup',
      hint: 'tierdeck tenant backups <slug>',
    });
  }
}

const final = [
  ArchiveRefusedError,
  ArchiveSchemaError,
  RestoreDiffersError,
  RestoreOvertakenError,
  TenantKeyShreddedError,
  TenantKeyMissingError,
];

/** Runs a step's work; what no repetition can mend fails its operation at once. */
export async function failingAtOnce<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TierdeckError) || !final.some((kind) => error instanceof kind)) throw error;
    const { code, message, httpStatus, hint } = error;
    throw new StepFailed(code, message, httpStatus, { cause: error, ...(hint ? { hint } : {}) });
  }
}
