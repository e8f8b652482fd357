import { ConflictError } from '#platform';

/** Somebody has a right to the tenant's data for now: it must not be erased. */
export class LegalHoldError extends ConflictError {
  constructor(slug: string, reason: string) {
    super('LEGAL_HOLD', `Tenant "${slug}" is under a legal hold and cannot be erased: ${reason}`, {
      hint: `tierdeck tenant hold list ${slug}; release it when it no longer holds.`,
    });
  }
}

/** What comes too late for a tenant whose rows are being deleted. */
export class ErasureBegunError extends ConflictError {
  constructor(slug: string) {
    super('ERASURE_BEGUN', `The erasure of tenant "${slug}" has begun; there is no way back.`, {
      hint: 'Onboard it anew under another slug, from the export that was made before.',
    });
  }
}
