import type { FlagChangeInput } from '../../change-requests/change-requests.query.js';
import { useOpenRequest } from '../../change-requests/use-open-request.js';
import { useConfirm } from '../../components/confirm.js';
import type { Problem } from '../../graphql/describe-error.js';
import type { VariablesOf } from '../../graphql/graphql.js';
import { useCommand } from '../../graphql/use-command.js';
import { archiveFlagMutation, updateFlagMutation } from '../flag.mutations.js';
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
  'project',
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
  const end = useCommand(archiveFlagMutation);
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

  /** Asks whether what was refused shall be a change request. @returns whether there is one now. */
  const requestInstead = async (
    refusal: Problem,
    wanted: { title: string; reason: string | undefined; change: FlagChangeInput },
    before: () => Promise<boolean> = async () => true,
  ): Promise<boolean> => {
    const environment = refusal.details?.['environment'];
    if (refusal.code !== 'CHANGE_REQUEST_REQUIRED' || typeof environment !== 'string') {
      onProblem(refusal);
      return false;
    }
    const answer = await confirm({
      title: 'Open a change request?',
      body: `${refusal.message} Somebody else approves exactly this change; then it is applied.`,
      action: 'Open request',
    });
    if (!answer || !(await before())) return false;
    const { title, reason, change } = wanted;
    return (await request.run({ environment, title, reason, changes: [change] })) !== undefined;
  };

  /** @returns whether it is saved or waits; if not, the person went back or has been told why. */
  const save = async (change: DefinitionChange, reason?: string): Promise<boolean> => {
    const refusals: Problem[] = [];
    if (await saveNow(change, reason, (problem) => refusals.push(problem))) return true;
    const [refusal] = refusals;
    if (!refusal) return false;
    const part = (guarded: boolean) =>
      Object.fromEntries(
        Object.entries(change).filter(([name]) => requested.some((one) => one === name) === guarded),
      );
    const free = part(false);
    return requestInstead(
      refusal,
      {
        title: `What ${flag.key} is`,
        reason,
        change: { kind: 'UPDATE_FLAG', flag: flag.key, ...part(true) },
      },
      async () => Object.keys(free).length === 0 || (await saveNow(free, reason, onProblem)) !== undefined,
    );
  };

  /** Ends the flag. @returns as `save` does. */
  const archive = async (reason: string | undefined): Promise<boolean> => {
    const refusals: Problem[] = [];
    const gone = await end.run(
      { flag: flag.key, reason: reason ?? null },
      { done: `${flag.key} is archived`, onProblem: (problem) => refusals.push(problem) },
    );
    const [refusal] = refusals;
    if (gone || !refusal) return gone !== undefined;
    const change = { kind: 'ARCHIVE_FLAG' as const, flag: flag.key };
    return requestInstead(refusal, { title: `Archive ${flag.key}`, reason, change });
  };
  return { save, archive, busy: update.busy || end.busy || request.busy };
}
