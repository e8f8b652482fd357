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
        : `Flag "${flag}" changes in ${environment} only by ${approvals}.`,
      403,
      {
        field: 'flag',
        hint:
          dependents.length > 0
            ? `${command} --submit; turning off without conditions needs no approval unless one of them waits for that.`
            : `${command} --submit; turning off without conditions needs no approval.`,
        details: { flag, environment, approvalsNeeded: needed, command, dependents },
      },
    );
  }
}

/** A release under way has not the approvals that a flag of it needs: it became financial meanwhile. */
export class ReleaseNotApprovedError extends TierdeckError {
  constructor(release: string, flag: string, environment: string) {
    super(
      'APPROVAL_NEEDED',
      `Flag "${flag}" needs approvals in ${environment} by now, and the release has not as many.`,
      403,
      {
        field: 'flag',
        hint: `Somebody other than its author: tierdeck release approve ${release}; then: tierdeck release resume ${release}`,
        details: { release, flag, environment },
      },
    );
  }
}

/** Flags that need approvals depend on a flag of this key, which is not there: making it could turn them on. */
export class FlagAwaitedError extends ConflictError {
  constructor(flag: string, waiting: readonly string[]) {
    const names = waiting.map((key) => `"${key}"`).join(', ');
    super('FLAG_AWAITED', `${names} depend on a flag "${flag}", so that making it could turn them on.`, {
      field: 'key',
      hint: `First take the dependency away: tierdeck change-request open ${waiting[0] ?? ''} --definition <file.yaml> --submit`,
      details: { flag, waiting },
    });
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

/** Somebody changed a flag, or what the request refers to, after the draft was made: applying would undo their work without anybody having seen it. */
export class ChangeRequestConflictError extends ConflictError {
  constructor(title: string, conflicts: readonly Conflict[]) {
    const [first] = conflicts;
    super(
      'CHANGE_REQUEST_CONFLICT',
      `Change request "${title}" no longer fits: ${first?.change ?? ''} was written for ${first?.expected ?? ''}; there is ${first?.found ?? ''} now.`,
      {
        field: first?.field ?? 'changes',
        hint: 'Edit the change request: it then starts from what is there now, and needs new approvals.',
        details: { conflicts },
      },
    );
  }
}
