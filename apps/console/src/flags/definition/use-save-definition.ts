import { useOpenRequest } from '../../change-requests/use-open-request.js';
import { useConfirm } from '../../components/confirm.js';
import type { Problem } from '../../graphql/describe-error.js';
import type { VariablesOf } from '../../graphql/graphql.js';
import { useCommand } from '../../graphql/use-command.js';
import { updateFlagMutation } from '../flag.mutations.js';
import { type FlagDetail } from '../flags.query.js';

type UpdateInput = VariablesOf<typeof updateFlagMutation>['input'];
export type DefinitionChange = Omit<UpdateInput, 'key' | 'expectedVersion' | 'clientMutationId' | 'reason'>;

/** What a change request can change of a flag; the rest needs no approval anywhere. */
const requested = [
  'riskClass',
  'variants',
  'defaultVariant',
  'payloadSchema',
  'dependencies',
  'lifecycle',
] as const;

/** Only what is different from the flag as it is. */
export function changedPart(flag: FlagDetail, wanted: DefinitionChange): DefinitionChange {
  const now = definitionOf(flag);
  const different = Object.entries(wanted).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(now[name as keyof DefinitionChange]),
  );
  return Object.fromEntries(different);
}

/** A flag as `updateFlag` takes it: what was read carries the cache's own fields too. */
export const definitionOf = (flag: FlagDetail): DefinitionChange => ({
  description: flag.description,
  owner: flag.owner,
  project: flag.project,
  lifecycle: flag.lifecycle,
  riskClass: flag.riskClass,
  expiresAt: flag.expiresAt,
  defaultVariant: flag.defaultVariant,
  payloadSchema: flag.payloadSchema ?? null,
  variants: flag.variants.map(({ name, description, payload }) => ({
    name,
    description: description || null,
    payload: payload ?? null,
  })),
  dependencies: flag.dependencies.map(({ flag: key, enabled, variants }) => ({
    flag: key,
    enabled,
    variants: [...variants],
  })),
});

/**
 * Changes what a flag is. What decides for somebody waits as a change request where the policy wants an approval; the
 * rest is saved at once. Both can be taken back.
 */
export function useSaveDefinition(flag: FlagDetail, onProblem: (problem: Problem) => void) {
  const confirm = useConfirm();
  const update = useCommand(updateFlagMutation);
  const request = useOpenRequest(onProblem);

  const saveNow = (
    change: DefinitionChange,
    reason: string | undefined,
    onRefusal: (problem: Problem) => void,
  ) => {
    const now = definitionOf(flag);
    const before = Object.fromEntries(
      Object.keys(change).map((name) => [name, now[name as keyof DefinitionChange]]),
    );
    return update.run(
      { key: flag.key, expectedVersion: flag.version, ...change, reason: reason ?? null },
      {
        done: `${flag.key} saved`,
        onProblem: onRefusal,
        undo: () => update.run({ key: flag.key, ...before }, { done: `${flag.key} is as it was` }),
      },
    );
  };

  /** @returns whether it is saved or waits; if not, the person went back or has been told why. */
  const save = async (change: DefinitionChange, reason?: string): Promise<boolean> => {
    const refusals: Problem[] = [];
    if (await saveNow(change, reason, (problem) => refusals.push(problem))) return true;
    const [refusal] = refusals;
    const environment = refusal?.details?.['environment'];
    if (refusal?.code !== 'CHANGE_REQUEST_REQUIRED' || typeof environment !== 'string') {
      if (refusal) onProblem(refusal);
      return false;
    }
    const answer = await confirm({
      title: 'Open a change request?',
      body: `${refusal.message} Somebody else approves exactly this change; then it is applied.`,
      action: 'Open request',
    });
    if (!answer) return false;
    const guarded = Object.entries(change).filter(([name]) => requested.some((one) => one === name));
    const free = Object.entries(change).filter(([name]) => requested.every((one) => one !== name));
    if (free.length > 0 && !(await saveNow(Object.fromEntries(free), reason, onProblem))) return false;
    const outcome = await request.run({
      environment,
      title: `What ${flag.key} is`,
      reason,
      changes: [{ kind: 'UPDATE_FLAG', flag: flag.key, ...Object.fromEntries(guarded) }],
    });
    return outcome !== undefined;
  };
  return { save, busy: update.busy || request.busy };
}
