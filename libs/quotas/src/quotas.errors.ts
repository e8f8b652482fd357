import { NotFoundError, TierdeckError } from '#platform';
import type { QuotaKind } from './quota.js';

export class QuotaInvalidError extends TierdeckError {
  constructor(kind: QuotaKind, problem: string) {
    super('QUOTA_INVALID', `The limit of ${kind} ${problem}.`, 400, { field: 'limit' });
  }
}

export class OverrideNotFoundError extends NotFoundError {
  constructor(tenant: string, kind: QuotaKind) {
    super('quota override', `${tenant} ${kind}`, {
      field: 'kind',
      hint: `The plan holds already; tierdeck get quotas --tenant ${tenant}`,
    });
  }
}

export class BoostNotFoundError extends NotFoundError {
  constructor(tenant: string, kind: QuotaKind) {
    super('quota boost', `${tenant} ${kind}`, {
      field: 'kind',
      hint: `It may have ended; tierdeck get quotas --tenant ${tenant}`,
    });
  }
}
