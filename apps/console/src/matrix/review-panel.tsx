import { ActionIcon, Button, Group, TextInput } from '@mantine/core';
import { IconArrowRight, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { counted, formatNumber } from '../components/format.js';
import { Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { FlagValue } from '../flags/flag-value.js';
import type { ChangeSet, Draft } from './change-set.js';
import { useApply } from './use-apply.js';
import { WhoChanges } from './who-changes.js';
import styles from './review.module.css';

interface ReviewPanelProps {
  environment: string;
  drafts: ChangeSet;
  onChange: (drafts: ChangeSet) => void;
  onApplied: () => void;
}

/** Drafts that are listed; the others are counted. */
const shown = 200;

/** The painted changes as one set: what each becomes, who changes by it, and then all of it at once. */
export function ReviewPanel({ environment, drafts, onChange, onApplied }: ReviewPanelProps) {
  const [reason, setReason] = useState('');
  const { apply, busy, problem, tooMany, changes } = useApply({ environment, drafts, onChange, onApplied });
  const all = [...drafts];
  const byFlag = new Map<string, [string, Draft][]>();
  for (const [key, draft] of all.slice(0, shown)) {
    byFlag.set(draft.flag.key, [...(byFlag.get(draft.flag.key) ?? []), [key, draft]]);
  }
  const remove = (key: string) => onChange(new Map(all.filter(([other]) => other !== key)));
  return (
    <aside className={styles['side']} aria-label="Review of the painted changes">
      <Panel title={`${counted(drafts.size, 'change')} in ${environment}`}>
        <div className={styles['review']}>
          <WhoChanges environment={environment} changes={changes} />
          <div className={styles['drafts']}>
            {[...byFlag].map(([flag, entries]) => (
              <section key={flag}>
                <h3 className="mono truncate">{flag}</h3>
                <ul>
                  {entries.map(([key, draft]) => (
                    <DraftRow key={key} draft={draft} onRemove={() => remove(key)} />
                  ))}
                </ul>
              </section>
            ))}
            {all.length > shown && (
              <div className="faint num">and {formatNumber(all.length - shown)} more</div>
            )}
          </div>
          {problem && <ProblemNotice problem={problem} />}
          <TextInput
            label="Reason"
            placeholder="Kept in the audit log"
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group gap="xs" justify="flex-end">
            <Button variant="default" disabled={busy} onClick={() => onChange(new Map())}>
              Discard
            </Button>
            <Button
              disabled={tooMany !== undefined}
              loading={busy}
              onClick={() => void apply(reason.trim() || undefined)}
            >
              Apply {formatNumber(drafts.size)}
            </Button>
          </Group>
          {tooMany && <div className="dim">{tooMany}</div>}
        </div>
      </Panel>
    </aside>
  );
}

function DraftRow({ draft, onRemove }: { draft: Draft; onRemove: () => void }) {
  const variants = draft.flag.variants.map(({ name }) => name);
  return (
    <li className={styles['draft']}>
      <span className="truncate" title={draft.label}>
        {draft.label}
      </span>
      <span className={styles['change']}>
        <FlagValue {...draft.before} variants={variants} />
        <IconArrowRight size={13} aria-label="becomes" />
        {draft.rule ? <FlagValue {...draft.rule} variants={variants} /> : <i>inherit</i>}
      </span>
      <ActionIcon aria-label={`Take out ${draft.label}`} size="sm" onClick={onRemove}>
        <IconX size={13} />
      </ActionIcon>
    </li>
  );
}
