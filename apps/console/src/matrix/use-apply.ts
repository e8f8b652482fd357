import { useState } from 'react';
import { useConfirm } from '../components/confirm.js';
import { formatNumber } from '../components/format.js';
import { notifyDone } from '../components/toasts.js';
import { clearFlagRuleMutation, setFlagRuleMutation } from '../flags/flags.query.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import type { ChangeSet, Draft } from './change-set.js';

interface ApplyOptions {
  environment: string;
  drafts: ChangeSet;
  onChange: (drafts: ChangeSet) => void;
  onApplied: () => void;
}

/**
 * Applies painted changes one after the other, each on the version of its flag that was looked at. At the first refusal
 * it stops: what is applied has left the set, what is not is still in it.
 */
export function useApply({ environment, drafts, onChange, onApplied }: ApplyOptions) {
  const confirm = useConfirm();
  const set = useCommand(setFlagRuleMutation);
  const clear = useCommand(clearFlagRuleMutation);
  const [progress, setProgress] = useState<number>();
  const [problem, setProblem] = useState<Problem>();

  /** @returns the flag's version afterwards; undefined if it was refused. */
  const write = async (
    { flag, scope }: Draft,
    rule: Draft['rule'],
    reason: string | undefined,
    expectedVersion?: number,
  ): Promise<number | undefined> => {
    const at = {
      flag: flag.key,
      environment,
      scope: { kind: scope.kind, key: scope.key },
      reason: reason ?? null,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    };
    if (rule === null) {
      return (await clear.run(at, { onProblem: setProblem }))?.clearFlagRule.flag.version;
    }
    const done = await set.run({ ...at, ...rule }, { onProblem: setProblem });
    return done?.setFlagRule.flag.version;
  };

  const undo = async (applied: Draft[]) => {
    for (const draft of applied.toReversed()) {
      const { enabled, variant } = draft.before;
      await write(draft, draft.ruled ? { enabled, variant: enabled ? variant : null } : null, 'undone');
    }
    notifyDone(`${formatNumber(applied.length)} changes are taken back`);
    onApplied();
  };

  const apply = async (reason: string | undefined) => {
    if (environment === 'production' && !(await agreed(confirm, drafts))) return;
    setProblem(undefined);
    setProgress(0);
    const versions = new Map<string, number>();
    const left = new Map(drafts);
    const applied: Draft[] = [];
    for (const [key, draft] of drafts) {
      const seen = versions.get(draft.flag.key) ?? draft.flag.version;
      const version = await write(draft, draft.rule, reason, seen);
      if (version === undefined) break;
      versions.set(draft.flag.key, version);
      left.delete(key);
      applied.push(draft);
      setProgress(applied.length);
    }
    setProgress(undefined);
    onChange(left);
    onApplied();
    if (applied.length > 0)
      notifyDone(`${formatNumber(applied.length)} changes applied in ${environment}`, () => undo(applied));
  };

  return { apply, progress, problem };
}

async function agreed(confirm: ReturnType<typeof useConfirm>, drafts: ChangeSet): Promise<boolean> {
  const flags = new Set([...drafts.values()].map(({ flag }) => flag.key));
  const answer = await confirm({
    title: `Apply ${formatNumber(drafts.size)} changes in production?`,
    body: `They change ${formatNumber(flags.size)} ${flags.size === 1 ? 'flag' : 'flags'} and reach every SDK within a second.`,
    action: 'Apply',
    expect: 'production',
  });
  return answer !== undefined;
}
