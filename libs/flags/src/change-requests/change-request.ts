import type { FlagChange } from './flag-change.js';

export const changeRequestStatuses = [
  'DRAFT',
  'IN_REVIEW',
  'SCHEDULED',
  'APPLYING',
  'APPLIED',
  'REJECTED',
  'CLOSED',
  'DISCARDED',
] as const;
/**
 * DRAFT: being written. IN_REVIEW: waits for approvals, or to be applied. SCHEDULED: is applied at its time. APPLIED:
 * done. REJECTED: its author may edit it and submit again. CLOSED: withdrawn after it was submitted. DISCARDED: a draft
 * thrown away. APPLYING exists only inside the transaction that applies it.
 */
export type ChangeRequestStatus = (typeof changeRequestStatuses)[number];

/**
 * What changes refer to without saying it, as it was when the request was written: what a segment says; what a flag is on
 * which a guarded one, `of`, shall depend. The database writes it down, and the digest covers it. A digest of null is of
 * what is not there.
 */
export type Reference =
  | { segment: number; name: string | null; digest: string | null }
  | { flag: string; of: string; digest: string | null };

export interface ChangeRequest {
  id: string;
  title: string;
  description: string;
  environment: string;
  changes: FlagChange[];
  refersTo: Reference[];
  /** SHA-256 of environment, changes and what they refer to: what an approval is bound to. */
  digest: string;
  /** Grows with every edit; an approval is for one version. */
  version: number;
  status: ChangeRequestStatus;
  statusReason: string | null;
  /** Why what the lint refuses is wanted here. */
  lintOverride: string | null;
  author: string;
  /** Id of the token. */
  authorId: string;
  /** Who held it. */
  authorPerson: string;
  createdAt: Date;
  updatedAt: Date;
  applyAt: Date | null;
  appliedAt: Date | null;
  appliedBy: string | null;
  /** Approvals that the policy wants for this content, and those that count. */
  approvalsNeeded: number;
  approvalsGiven: number;
}

export interface Approval {
  by: string;
  at: Date;
  digest: string;
  version: number;
  comment: string | null;
  /** false: given for other content, before an edit. */
  counts: boolean;
}

export const maxChanges = 500;
/** A schedule reaches at most this far ahead, in days. */
export const maxScheduleDays = 366;

/** The right by which an approved request changes flags; also ties its changes together in the audit. */
export function approvalOf(id: string): string {
  return `change-request/${id}`;
}
