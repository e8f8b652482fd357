import { ConflictError, TierdeckError } from '#platform';
import type { ReleaseStatus } from './release.js';

/** The release is in a status in which this cannot be done. */
export class ReleaseStatusError extends ConflictError {
  constructor(name: string, status: ReleaseStatus, wish: string, allowed: readonly ReleaseStatus[]) {
    super(
      'RELEASE_STATUS',
      `Release "${name}" is ${status}; it can be ${wish} when it is ${allowed.join(' or ')}.`,
      {
        hint:
          status === 'DRAFT' ? 'Promote it first: tierdeck release promote <id>' : 'tierdeck get releases',
        details: { status, allowed },
      },
    );
  }
}

export class ApprovalNeededError extends TierdeckError {
  constructor(name: string, flags: readonly string[], given: number, needed: number) {
    super(
      'APPROVAL_NEEDED',
      `Release "${name}" ${flags.length > 0 ? `changes financial flags (${flags.join(', ')}) and ` : ''}needs ${needed} approval${needed === 1 ? '' : 's'}; it has ${given}.`,
      403,
      {
        hint: 'Somebody other than its author: tierdeck release approve <id>',
        details: { flags, given, needed },
      },
    );
  }
}

export class AuthorCannotApproveError extends TierdeckError {
  constructor(author: string) {
    super('AUTHOR_CANNOT_APPROVE', `${author} made this release and cannot approve it.`, 403, {
      hint: 'Ask somebody else who holds the role release, operator or admin.',
    });
  }
}

/** Another release that is under way, or came later, touches the same flags or migrations. */
export class ReleaseOverlapError extends ConflictError {
  constructor(wish: string, other: string, status: string, shared: readonly string[]) {
    super('RELEASE_OVERLAP', `Release "${other}" (${status}) also changes ${shared.join(', ')}.`, {
      hint: `End or roll back "${other}" before this one is ${wish}.`,
      details: { release: other, shared },
    });
  }
}

export class ReleaseSelectsNobodyError extends ConflictError {
  constructor(name: string) {
    super(
      'RELEASE_SELECTS_NOBODY',
      `No wave of release "${name}" selects a tenant: there is nothing to do.`,
      {
        hint: '"tierdeck release plan -f <file>" shows which tenants each wave selects.',
      },
    );
  }
}
