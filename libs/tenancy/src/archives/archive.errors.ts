import { TierdeckError } from '#platform';

/** The archive is not what was written, or was not written for this tenant. Nothing was restored from it. */
export class ArchiveRefusedError extends TierdeckError {
  /** @param problem ends the sentence "Archive <id> …". */
  constructor(id: string, problem: string, cause?: unknown) {
    super('ARCHIVE_REFUSED', `Archive ${id} ${problem}. Nothing was changed.`, 422, {
      hint: 'Restore an older one: tierdeck tenant backups <slug>',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** The archive's tables are not those of this version. */
export class ArchiveSchemaError extends TierdeckError {
  constructor(id: string, problem: string) {
    super('ARCHIVE_SCHEMA_DIFFERS', `Archive ${id} ${problem}. Nothing was changed.`, 409, {
      hint: 'Bring the database to the schema of the archive, or restore it side by side.',
    });
  }
}

/** What was restored is not what was archived; it was rolled back. */
export class RestoreDiffersError extends TierdeckError {
  constructor(
    id: string,
    readonly tables: readonly string[],
  ) {
    super(
      'RESTORE_DIFFERS',
      `What was restored from archive ${id} differs from what was archived, in: ${tables.join(', ')}. It was rolled back.`,
      500,
      { details: { tables: [...tables] } },
      'operator',
    );
  }
}

/** Somebody wrote between the archive of what was there and its replacement: that would be in neither. */
export class RestoreOvertakenError extends TierdeckError {
  constructor(tables: readonly string[]) {
    super(
      'RESTORE_OVERTAKEN',
      `Rows were written after they had been archived, in: ${tables.join(', ')}. Nothing was replaced.`,
      409,
      {
        hint: 'A process that is cut off from the control plane still writes: end it, then restore again.',
        details: { tables: [...tables] },
      },
    );
  }
}

export class ArchiveStoreFullError extends TierdeckError {
  constructor(cause: unknown) {
    super(
      'ARCHIVE_STORE_FULL',
      'There is no room left where archives are stored.',
      507,
      { cause, hint: 'Make room, or keep fewer: tierdeck tenant backup-policy <slug> --keep 3' },
      'operator',
    );
  }
}

/** A table that cannot be archived by tenant. */
export class TableNotArchivableError extends TierdeckError {
  constructor(table: string, problem: string) {
    super('TABLE_NOT_ARCHIVABLE', `Table ${table} ${problem}.`, 409, {}, 'operator');
  }
}
