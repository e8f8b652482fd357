import { TierdeckError } from '#platform';

/** The tenant's keys were destroyed: nothing that was encrypted with them can be read again, by nobody. */
export class TenantKeyShreddedError extends TierdeckError {
  constructor(tenantId: string) {
    super(
      'TENANT_KEY_SHREDDED',
      `The keys of tenant ${tenantId} were shredded: its archives and secrets cannot be read any more.`,
      410,
    );
  }
}

export class TenantKeyMissingError extends TierdeckError {
  constructor(tenantId: string, version: number) {
    super(
      'TENANT_KEY_MISSING',
      `There is no key version ${version} of tenant ${tenantId}.`,
      422,
      { hint: 'It was encrypted by another installation, or the control-plane database is older than it.' },
      'operator',
    );
  }
}

export class TenantSecretUnreadableError extends TierdeckError {
  constructor(cause?: unknown) {
    super(
      'TENANT_SECRET_UNREADABLE',
      'A secret of the tenant cannot be decrypted.',
      500,
      { cause },
      'operator',
    );
  }
}
