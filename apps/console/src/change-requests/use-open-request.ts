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

export interface WantedChanges {
  environment: string;
  title: string;
  reason: string | undefined;
  changes: FlagChangeInput[];
}

/** One request takes so many changes. */
export const mostChanges = 500;

/**
 * Makes changes as one: all of them or none. Where the policy wants somebody else's approval they wait as a change
 * request, and its page is opened; otherwise they are applied at once.
 */
export function useOpenRequest(onProblem: (problem: Problem) => void) {
  const navigate = useNavigate();
  const open = useCommand(openChangeRequestMutation);
  const apply = useCommand(applyChangeRequestMutation);
  const run = useCallback(
    async ({
      environment,
      title,
      reason,
      changes,
    }: WantedChanges): Promise<'applied' | 'waiting' | undefined> => {
      const input = { environment, title, description: reason ?? null, changes, submit: true };
      const opened = await open.run(input, { onProblem });
      const request = opened?.openChangeRequest.changeRequest;
      if (!request) return undefined;
      if (request.approvalsGiven < request.approvalsNeeded) {
        notifyDone('It waits for an approval by somebody else');
        await navigate({ to: '/change-requests/$id', params: { id: request.id } });
        return 'waiting';
      }
      return (await apply.run({ id: request.id }, { onProblem })) && 'applied';
    },
    [navigate, onProblem, open, apply],
  );
  return { run, busy: open.busy || apply.busy };
}
