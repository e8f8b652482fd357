import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { notifyDone } from '../components/toasts.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import {
  applyChangeRequestMutation,
  type FlagChangeInput,
  openChangeRequestMutation,
} from './change-requests.query.js';
import { useLintOverride } from './use-lint-override.js';

export interface WantedChanges {
  environment: string;
  title: string;
  reason: string | undefined;
  changes: FlagChangeInput[];
}

/** What became of them: in force, or a request that waits for somebody's approval. */
export interface MadeChanges {
  id: string;
  outcome: 'applied' | 'waiting';
}

/** One request takes so many changes. */
export const mostChanges = 500;

/**
 * Makes changes as one: all of them or none. Where the policy wants somebody else's approval they wait as a change
 * request; otherwise they are applied at once.
 */
export function useOpenRequest(onProblem: (problem: Problem) => void) {
  const navigate = useNavigate();
  const overridable = useLintOverride();
  const open = useCommand(openChangeRequestMutation);
  const apply = useCommand(applyChangeRequestMutation);
  const { run: runOpen } = open;
  const { run: runApply } = apply;

  /** Stays on the page, whatever becomes of them. */
  const make = useCallback(
    async ({ environment, title, reason, changes }: WantedChanges): Promise<MadeChanges | undefined> => {
      const input = { environment, title, description: reason ?? null, changes, submit: true };
      const opened = await overridable(
        (lintOverride, onRefusal) => runOpen({ ...input, lintOverride }, { onProblem: onRefusal }),
        onProblem,
      );
      const request = opened?.openChangeRequest.changeRequest;
      if (!request) return undefined;
      const { id } = request;
      if (request.approvalsGiven < request.approvalsNeeded) return { id, outcome: 'waiting' };
      return (await runApply({ id }, { onProblem })) && { id, outcome: 'applied' };
    },
    [onProblem, overridable, runOpen, runApply],
  );

  /** As `make`; the page of a request that waits is opened. */
  const run = useCallback(
    async (wanted: WantedChanges): Promise<MadeChanges['outcome'] | undefined> => {
      const made = await make(wanted);
      if (made?.outcome === 'waiting') {
        notifyDone('It waits for an approval by somebody else');
        await navigate({ to: '/change-requests/$id', params: { id: made.id } });
      }
      return made?.outcome;
    },
    [make, navigate],
  );
  return { run, make, busy: open.busy || apply.busy };
}
