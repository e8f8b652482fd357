import { ConflictError, NotFoundError, TierdeckError } from '#platform';
import type { ChangeRequestStatus } from './change-request.js';

/** The risk class of the flag, or of one that depends on it, demands an approval in this environment. */
export class ChangeRequestRequiredError extends TierdeckError {
  /** @param dependents flags that depend on it and are guarded. */
  constructor(
    flag: string,
    environment: string,
    needed: number,
    command: string,
    dependents: readonly string[] = [],
  ) {
    const approvals = `a change request with ${needed} approval${needed === 1 ? '' : 's'}`;
    const because = `Flag "${flag}" decides ${dependents.map((key) => `"${key}"`).join(', ')} by a dependency: it`;
    super(
      'CHANGE_REQUEST_REQUIRED',
      dependents.length > 0
        ? `${because} is switched in ${environment} only by ${approvals}.`
        : `Flag "${flag}" may be turned on in ${environment} only by ${approvals}.`,
      403,
      {
        field: 'flag',
        hint:
          dependents.length > 0
            ? `${command} --submit; turning off needs no approval unless one of them waits for that.`
            : `${command} --submit; turning off needs no approval.`,
        details: { flag, environment, approvalsNeeded: needed, command, dependents },
      },
    );
  }
}

export class ChangeRequestNotFoundError extends NotFoundError {
  constructor(id: string) {
    super('change request', id, { field: 'id', hint: 'tierdeck change-request list' });
  }
}

/** The change request is in a status in which this cannot be done. */
export class ChangeRequestStatusError extends ConflictError {
  constructor(
    title: string,
    status: ChangeRequestStatus,
    wish: string,
    allowed: readonly ChangeRequestStatus[],
  ) {
    super(
      'CHANGE_REQUEST_STATUS',
      `Change request "${title}" is ${status}; it can be ${wish} when it is ${allowed.join(' or ')}.`,
      { hint: 'tierdeck change-request list', details: { status, allowed } },
    );
  }
}

/** Only its author edits a request: then nobody approves what they wrote themselves. */
export class ChangeRequestNotYoursError extends TierdeckError {
  constructor(author: string) {
    super('CHANGE_REQUEST_NOT_YOURS', `Only its author, ${author}, can change this change request.`, 403, {
      hint: 'Open one of your own.',
    });
  }
}

export class ChangeRequestAuthorCannotApproveError extends TierdeckError {
  constructor(author: string) {
    super('AUTHOR_CANNOT_APPROVE', `${author} wrote this change request and cannot approve it.`, 403, {
      hint: 'Ask somebody else who holds the role release, operator or admin.',
    });
  }
}

/** The content is not the one that the approver has looked at. */
export class ChangeRequestChangedError extends ConflictError {
  constructor(digest: string) {
    super('CHANGE_REQUEST_CHANGED', 'The change request was edited since you looked at it.', {
      field: 'digest',
      hint: 'Look at it again: tierdeck change-request show <id>',
      details: { digest },
    });
  }
}

export class ApprovalsMissingError extends TierdeckError {
  constructor(id: string, title: string, given: number, needed: number) {
    super(
      'APPROVAL_NEEDED',
      `Change request "${title}" needs ${needed} approval${needed === 1 ? '' : 's'} and has ${given}.`,
      403,
      {
        hint: `Somebody other than its author: tierdeck change-request approve ${id}`,
        details: { given, needed },
      },
    );
  }
}

export interface Conflict {
  /** Path of the change, e.g. `changes.0`. */
  field: string;
  change: string;
  expected: string;
  found: string;
}

/** Somebody changed a flag after the draft was made: applying would undo their work without anybody having seen it. */
export class ChangeRequestConflictError extends ConflictError {
  constructor(title: string, conflicts: readonly Conflict[]) {
    const [first] = conflicts;
    super(
      'CHANGE_REQUEST_CONFLICT',
      `Change request "${title}" no longer fits: ${first?.change ?? ''} was made when it was ${first?.expected ?? ''}, now it is ${first?.found ?? ''}.`,
      {
        field: first?.field ?? 'changes',
        hint: 'Edit the change request: it then starts from what is there now, and needs new approvals.',
        details: { conflicts },
      },
    );
  }
}
