import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { personOf, type Command } from '#audit';
import { InvalidInputError, type Transaction } from '#platform';
import { lintChanges, refuseErrors } from '../lint/lint-changes.js';
import { EnvironmentNotFoundError } from '../flags.errors.js';
import { environmentNames } from '../flags.store.js';
import {
  approvalOf,
  maxScheduleDays,
  type ChangeRequest,
  type ChangeRequestStatus,
} from './change-request.js';
import {
  ApprovalsMissingError,
  ChangeRequestAuthorCannotApproveError,
  ChangeRequestChangedError,
  ChangeRequestConflictError,
  ChangeRequestNotFoundError,
  ChangeRequestNotYoursError,
  ChangeRequestStatusError,
} from './change-requests.errors.js';
import {
  insertApproval,
  insertChangeRequest,
  lockChangeRequest,
  markApplied,
  schedule,
  updateContent,
  updateStatus,
} from './change-requests.store.js';
import { findConflicts } from './change-base.js';
import { describeChange } from './describe-change.js';
import { draftChanges } from './draft-changes.js';
import type { WantedChange } from './flag-change.js';
import { ChangeMaker } from './make-changes.js';
import { editedReferences, segmentNames } from './references.js';

export interface ChangeRequestContent {
  title: string;
  description?: string | null | undefined;
  changes: readonly WantedChange[];
  /** Why what the lint refuses is wanted here. */
  lintOverride?: string | null | undefined;
}

export interface NewChangeRequestInput extends ChangeRequestContent {
  environment: string;
  /** Also submits it for review. */
  submit?: boolean | null | undefined;
}

/** What people do with change requests. Each is one audit event and one revision; applying records its changes too. */
@Injectable()
export class ChangeRequestsService {
  constructor(private readonly maker: ChangeMaker) {}

  /** @returns the id of a draft, or of a request under review. */
  async open(command: Command, input: NewChangeRequestInput): Promise<string> {
    const { tx, actor } = command;
    await knownEnvironment(tx, input.environment);
    const content = checkTexts(input);
    const changes = await draftChanges(tx, input.environment, input.changes);
    if (input.submit) refuseErrors(await lintChanges(tx, input.environment, changes), content.lintOverride);
    const id = randomUUID();
    const status = input.submit ? 'IN_REVIEW' : 'DRAFT';
    const request = { id, ...content, environment: input.environment, changes, status } as const;
    const digest = await insertChangeRequest(tx, { ...request, author: actor.name, authorId: actor.id });
    await record(command, { id, environment: input.environment }, 'opened', {
      after: { title: content.title, status, digest, changes },
    });
    return id;
  }

  /** New content, from what the flags are now; voids every approval. */
  async edit(command: Command, id: string, input: ChangeRequestContent): Promise<void> {
    const request = await locked(command.tx, id, 'edited', ['DRAFT', 'IN_REVIEW', 'REJECTED']);
    refuseOthers(command, request);
    const changes = await draftChanges(command.tx, request.environment, input.changes);
    const after = await updateContent(command.tx, id, { ...checkTexts(input), changes });
    await record(command, request, 'edited', {
      before: { digest: request.digest, version: request.version, status: request.status },
      after: { ...after, changes, status: 'DRAFT' },
    });
  }

  /** @throws LintRefusedError LINT_REFUSED, ChangeRequestConflictError */
  async submit(command: Command, id: string): Promise<void> {
    const request = await locked(command.tx, id, 'submitted', ['DRAFT']);
    refuseOthers(command, request);
    await refuseConflicts(command.tx, request);
    const findings = await lintChanges(command.tx, request.environment, request.changes);
    refuseErrors(findings, request.lintOverride);
    await move(command, request, 'submitted', 'IN_REVIEW');
  }

  /**
   * Approves exactly the content with this digest.
   * @throws ChangeRequestAuthorCannotApproveError, ChangeRequestChangedError, ChangeRequestConflictError if what the
   *   content refers to was edited since
   */
  async approve(command: Command, id: string, digest: string, comment: string | null): Promise<void> {
    const request = await locked(command.tx, id, 'approved', ['IN_REVIEW']);
    const { actor, tx } = command;
    refuseAuthor(command, request);
    if (digest !== request.digest) throw new ChangeRequestChangedError(request.digest);
    const edited = await editedReferences(tx, request.changes, request.refersTo);
    if (edited.length > 0) throw new ChangeRequestConflictError(request.title, edited);
    checkLength(comment ?? '', 2_000, 'comment');
    if (!(await insertApproval(tx, request, actor, comment))) return;
    await record(command, request, 'approved', {
      after: { digest, version: request.version },
      reason: comment,
    });
  }

  /** Sends it back to its author. */
  async reject(command: Command, id: string, digest: string, comment: string | null): Promise<void> {
    const request = await locked(command.tx, id, 'rejected', ['IN_REVIEW']);
    refuseAuthor(command, request);
    if (digest !== request.digest) throw new ChangeRequestChangedError(request.digest);
    checkLength(comment ?? '', 2_000, 'comment');
    await move(command, request, 'rejected', 'REJECTED', comment);
  }

  /**
   * Makes the changes, all or none.
   * @throws ApprovalsMissingError APPROVAL_NEEDED, ChangeRequestConflictError CHANGE_REQUEST_CONFLICT,
   *   LintRefusedError LINT_REFUSED
   */
  async apply(command: Command, id: string): Promise<void> {
    const request = await locked(command.tx, id, 'applied', ['IN_REVIEW', 'SCHEDULED']);
    refuseUnapproved(request);
    await refuseConflicts(command.tx, request);
    // A segment that vouched for a field may say something else by now.
    refuseErrors(await lintChanges(command.tx, request.environment, request.changes), request.lintOverride);
    const names = await segmentNames(command.tx, request.changes, request.refersTo);
    await updateStatus(command.tx, id, 'APPLYING');
    await this.maker.make(command, request);
    await markApplied(command.tx, id, command.actor.name);
    await record(command, request, 'applied', {
      before: { status: request.status },
      after: {
        status: 'APPLIED',
        digest: request.digest,
        changes: request.changes.map((change) => describeChange(change, names)),
      },
    });
  }

  /** Has it applied at a time of the database's clock, without anybody being there. */
  async schedule(command: Command, id: string, at: Date): Promise<void> {
    const request = await locked(command.tx, id, 'scheduled', ['IN_REVIEW', 'SCHEDULED']);
    refuseUnapproved(request);
    await refuseConflicts(command.tx, request);
    if (Number.isNaN(at.getTime()) || !(await schedule(command.tx, id, at, maxScheduleDays)))
      throw new InvalidInputError(
        `The time must be in the future and at most ${maxScheduleDays} days ahead.`,
        {
          field: 'at',
          hint: 'Now: tierdeck change-request apply <id>',
        },
      );
    await record(command, request, 'scheduled', {
      before: { status: request.status, applyAt: request.applyAt },
      after: { status: 'SCHEDULED', applyAt: at },
    });
  }

  /** Takes the schedule away; approvals stay. */
  async cancelSchedule(command: Command, id: string, reason: string | null): Promise<void> {
    const request = await locked(command.tx, id, 'cancelled', ['SCHEDULED']);
    await move(command, request, 'schedule-cancelled', 'IN_REVIEW', reason);
  }

  /** Withdraws it after it was submitted. */
  async close(command: Command, id: string, reason: string | null): Promise<void> {
    const request = await locked(command.tx, id, 'closed', ['IN_REVIEW', 'SCHEDULED', 'REJECTED']);
    await move(command, request, 'closed', 'CLOSED', reason);
  }

  /** Throws a draft away. */
  async discard(command: Command, id: string): Promise<void> {
    const request = await locked(command.tx, id, 'discarded', ['DRAFT']);
    refuseOthers(command, request);
    await move(command, request, 'discarded', 'DISCARDED');
  }

  /** A scheduled request could not be applied: somebody must look. */
  async returnToReview(command: Command, id: string, reason: string): Promise<void> {
    const request = await locked(command.tx, id, 'returned', ['SCHEDULED']);
    await move(command, request, 'schedule-failed', 'IN_REVIEW', reason);
  }
}

async function locked(
  tx: Transaction,
  id: string,
  wish: string,
  allowed: readonly ChangeRequestStatus[],
): Promise<ChangeRequest> {
  const request = /^[0-9a-f-]{36}$/i.test(id) ? await lockChangeRequest(tx, id) : undefined;
  if (!request) throw new ChangeRequestNotFoundError(id);
  if (!allowed.includes(request.status))
    throw new ChangeRequestStatusError(request.title, request.status, wish, allowed);
  return request;
}

function refuseOthers({ actor }: Command, request: ChangeRequest): void {
  if (personOf(actor) !== request.authorPerson) throw new ChangeRequestNotYoursError(request.author);
}

/** Whichever of their tokens they use. */
function refuseAuthor({ actor }: Command, request: ChangeRequest): void {
  if (personOf(actor) === request.authorPerson)
    throw new ChangeRequestAuthorCannotApproveError(request.author);
}

function refuseUnapproved({ id, title, approvalsGiven, approvalsNeeded }: ChangeRequest): void {
  if (approvalsGiven < approvalsNeeded)
    throw new ApprovalsMissingError(id, title, approvalsGiven, approvalsNeeded);
}

async function refuseConflicts(tx: Transaction, request: ChangeRequest): Promise<void> {
  const conflicts = await findConflicts(tx, request, true);
  if (conflicts.length > 0) throw new ChangeRequestConflictError(request.title, conflicts);
}

async function knownEnvironment(tx: Transaction, environment: string): Promise<void> {
  const known = await environmentNames(tx);
  if (!known.includes(environment)) throw new EnvironmentNotFoundError(environment, known);
}

function checkTexts({
  title,
  description,
  lintOverride,
}: ChangeRequestContent): Pick<ChangeRequest, 'title' | 'description' | 'lintOverride'> {
  if (!/\S/.test(title)) throw new InvalidInputError('title must not be empty.', { field: 'title' });
  checkLength(title, 200, 'title');
  checkLength(description ?? '', 5_000, 'description');
  checkLength(lintOverride ?? '', 500, 'lintOverride');
  return {
    title: title.trim(),
    description: description ?? '',
    lintOverride: lintOverride?.trim() ? lintOverride : null,
  };
}

function checkLength(text: string, max: number, field: string): void {
  if (text.length > max) throw new InvalidInputError(`${field} has more than ${max} characters.`, { field });
}

async function move(
  command: Command,
  request: ChangeRequest,
  action: string,
  status: ChangeRequestStatus,
  reason: string | null = null,
): Promise<void> {
  checkLength(reason ?? '', 2_000, 'reason');
  await updateStatus(command.tx, request.id, status, reason);
  await record(command, request, action, { before: { status: request.status }, after: { status }, reason });
}

async function record(
  command: Command,
  { id, environment }: Pick<ChangeRequest, 'id' | 'environment'>,
  action: string,
  what: { before?: unknown; after?: unknown; reason?: string | null },
): Promise<void> {
  await command.record({
    area: 'flags',
    action: `change-request.${action}`,
    subject: `change-request/${id}`,
    environment,
    correlation: approvalOf(id),
    before: what.before,
    after: what.after,
    ...(what.reason ? { reason: what.reason } : {}),
  });
}
