import { useCallback, useState } from 'react';
import { mostChanges, useOpenRequest } from '../change-requests/use-open-request.js';
import type { FlagChangeInput } from '../change-requests/change-requests.query.js';
import { useConfirm } from '../components/confirm.js';
import { counted, formatNumber } from '../components/format.js';
import { notifyDone } from '../components/toasts.js';
import type { Problem } from '../graphql/describe-error.js';
import { useIsProduction } from '../shell/environment.js';
import type { ChangeSet, Draft } from './change-set.js';

interface ApplyOptions {
  environment: string;
  drafts: ChangeSet;
  onChange: (drafts: ChangeSet) => void;
  onApplied: () => void;
}

/** Applies the painted changes as one change request: all of them or none, or they wait for an approval. */
export function useApply({ environment, drafts, onChange, onApplied }: ApplyOptions) {
  const confirm = useConfirm();
  const production = useIsProduction(environment);
  const [problem, setProblem] = useState<Problem>();
  const request = useOpenRequest(useCallback((refusal: Problem) => setProblem(refusal), []));

  const changes = [...drafts.values()].map((draft) => changeOf(draft, draft.rule));

  const undo = async (applied: Draft[]) => {
    const back = applied.map((draft) => changeOf(draft, ruleBefore(draft)));
    const title = `Undo: ${titleOf(applied)}`;
    const outcome = await request.run({ environment, title, reason: 'undone', changes: back });
    if (outcome === 'applied') notifyDone(`${counted(applied.length, 'change')} taken back`);
    onApplied();
  };

  const apply = async (reason: string | undefined) => {
    setProblem(undefined);
    const all = [...drafts.values()];
    if (production && !(await agreed(confirm, environment, all))) return;
    const outcome = await request.run({ environment, title: titleOf(all), reason, changes });
    if (!outcome) return;
    onChange(new Map());
    onApplied();
    if (outcome === 'applied')
      notifyDone(`${counted(all.length, 'change')} applied in ${environment}`, () => undo(all));
  };

  const tooMany =
    drafts.size > mostChanges ? `One request takes ${formatNumber(mostChanges)} changes.` : undefined;
  return { apply, busy: request.busy, problem, tooMany, changes };
}

function ruleBefore({ ruled, before }: Draft): Draft['rule'] {
  return ruled ? { enabled: before.enabled, variant: before.enabled ? before.variant : null } : null;
}

function changeOf({ flag, scope }: Draft, rule: Draft['rule']): FlagChangeInput {
  const at = { flag: flag.key, scope: { kind: scope.kind, key: scope.key } };
  return rule === null ? { ...at, kind: 'CLEAR_RULE' } : { ...at, kind: 'SET_RULE', ...rule };
}

function titleOf(drafts: readonly Draft[]): string {
  const flags = [...new Set(drafts.map(({ flag }) => flag.key))];
  const [first] = drafts;
  const what = flags.length === 1 ? (flags[0] ?? '') : `${formatNumber(flags.length)} flags`;
  return drafts.length === 1
    ? `${what} for ${first?.label ?? ''}`
    : `${what}, ${counted(drafts.length, 'change')}`;
}

async function agreed(
  confirm: ReturnType<typeof useConfirm>,
  environment: string,
  drafts: readonly Draft[],
): Promise<boolean> {
  const answer = await confirm({
    title: `Make ${counted(drafts.length, 'change')} in ${environment}?`,
    body: 'All of them or none. What needs no approval reaches every SDK within a second; what needs one waits for it.',
    action: 'Go on',
    expect: environment,
  });
  return answer !== undefined;
}
