import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { FlagsService } from '../flags.service.js';
import { SegmentsService } from '../segments.service.js';
import { approvalOf, type ChangeRequest } from './change-request.js';
import type { FlagChange, FlagChangeKind } from './flag-change.js';

/** Makes what a change request says, by its right, through the commands that make direct changes. */
@Injectable()
export class ChangeMaker {
  constructor(
    private readonly flags: FlagsService,
    private readonly segments: SegmentsService,
  ) {}

  async make(command: Command, request: ChangeRequest): Promise<void> {
    for (const change of inOrder(request.changes)) await this.#one(command, request, change);
  }

  async #one(command: Command, request: ChangeRequest, change: FlagChange): Promise<unknown> {
    const approval = approvalOf(request.id);
    const { environment } = request;
    const why = { reason: `Change request "${request.title}"`, correlation: approval, approval };
    switch (change.kind) {
      case 'SET_RULE': {
        const { flag, scope, rule } = change;
        const { lintOverride } = request;
        return this.flags.setRule(command, { ...why, environment, flag, scope, ...rule, lintOverride });
      }
      case 'CLEAR_RULE': {
        const { flag, scope } = change;
        return this.flags.clearRule(command, { ...why, environment, flag, scope });
      }
      case 'SET_ENABLED': {
        const { flag, enabled } = change;
        return this.flags.setEnabled(command, { ...why, environment, flag, enabled });
      }
      case 'SET_STRATEGIES': {
        const { flag, strategies } = change;
        return this.flags.setStrategies(command, { ...why, environment, flag, ...strategies });
      }
      case 'UPDATE_FLAG':
        return this.flags.changeDefinition(command, { ...why, key: change.flag, ...change.definition });
      case 'ARCHIVE_FLAG':
        return this.flags.archive(command, { ...why, flag: change.flag });
      case 'UPDATE_SEGMENT':
        return this.segments.update(command, {
          ...why,
          id: change.segment,
          constraints: change.constraints,
        });
    }
  }
}

/** What rules refer to comes before them: segments, and variants of the flag. Nothing comes after its end. */
const first: readonly FlagChangeKind[] = ['UPDATE_SEGMENT', 'UPDATE_FLAG'];
const last: FlagChangeKind = 'ARCHIVE_FLAG';

function inOrder(changes: readonly FlagChange[]): FlagChange[] {
  return changes.toSorted((a, b) => rank(a) - rank(b));
}

function rank({ kind }: FlagChange): number {
  const place = first.indexOf(kind);
  if (place >= 0) return place;
  return kind === last ? first.length + 1 : first.length;
}
