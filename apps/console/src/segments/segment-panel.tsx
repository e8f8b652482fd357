import { ActionIcon, Button, Group, Stack, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Badge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { Notice } from '../components/notice.js';
import { Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import {
  type Constraint,
  type ConstraintInput,
  isComplete,
  toConstraintInput,
} from '../flags/conditions/conditions.js';
import { ConstraintEditor } from '../flags/conditions/constraint-editor.js';
import type { Segment } from '../flags/conditions/segments.query.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { useLintOverride } from '../change-requests/use-lint-override.js';
import { useOpenRequest } from '../change-requests/use-open-request.js';
import { useEnvironments } from '../shell/environment.js';
import { useCan } from '../session/session.js';
import { createSegmentMutation, deleteSegmentMutation, updateSegmentMutation } from './segments.query.js';
import styles from './segments.module.css';
import { counted } from '../components/format.js';

interface SegmentPanelProps {
  /** Absent: a new one. */
  segment: Segment | undefined;
  onClose: () => void;
  onSaved: (id: string | undefined) => void;
}

/** A segment as a form, with what it decides above it. */
export function SegmentPanel({ segment, onClose, onSaved }: SegmentPanelProps) {
  const may = useCan('flags:write');
  const confirm = useConfirm();
  const create = useCommand(createSegmentMutation);
  const update = useCommand(updateSegmentMutation);
  const remove = useCommand(deleteSegmentMutation);
  const [name, setName] = useState(segment?.name ?? '');
  const [description, setDescription] = useState(segment?.description ?? '');
  const [constraints, setConstraints] = useState<Constraint[]>(
    () => segment?.constraints.map((one) => ({ ...one, value: one.value ?? null })) ?? [],
  );
  const [problem, setProblem] = useState<Problem>();
  const request = useOpenRequest(setProblem);
  const overridable = useLintOverride();
  const production = new Set(
    useEnvironments()
      .filter(({ kind }) => kind === 'PRODUCTION')
      .map(({ name: environment }) => environment),
  );
  const uses = segment?.uses ?? [];
  const busy = create.busy || update.busy || remove.busy;
  const ready = name.trim() !== '' && constraints.every(isComplete);

  /** Where a flag that it decides needs an approval, the change waits as a request of that environment. */
  const requestInstead = async (
    changed: Segment,
    wanted: ConstraintInput[],
    refusal: Problem,
  ): Promise<void> => {
    const guarded = uses.filter(({ riskClass }) => riskClass === 'FINANCIAL');
    const use = guarded.find(({ environment }) => production.has(environment)) ?? uses[0];
    if (refusal.code !== 'CHANGE_REQUEST_REQUIRED' || !use) {
      setProblem(refusal);
      return;
    }
    const answer = await confirm({
      title: 'Open a change request?',
      body: `${refusal.message} Somebody else approves exactly these constraints; then they are applied.`,
      action: 'Open request',
    });
    if (!answer) return;
    await request.run({
      environment: use.environment,
      title: `Segment ${changed.name}`,
      reason: undefined,
      changes: [{ kind: 'UPDATE_SEGMENT', segment: changed.id, constraints: wanted }],
    });
  };

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    const content = {
      name: name.trim(),
      description: description.trim(),
      constraints: constraints.map(toConstraintInput),
    };
    if (!segment) {
      const made = await create.run(content, {
        done: `Segment ${content.name} created`,
        onProblem: setProblem,
      });
      if (made) onSaved(String(made.createSegment.id));
      return;
    }
    const flags = new Set(uses.map(({ flag }) => flag)).size;
    const agreed =
      uses.length === 0 ||
      (await confirm({
        title: `Change ${segment.name}?`,
        body: `It decides ${counted(flags, 'flag')}; their SDKs have the change within a second.`,
        action: 'Change segment',
      }));
    if (!agreed) return;
    const before = {
      name: segment.name,
      description: segment.description,
      constraints: segment.constraints.map((one) => toConstraintInput({ ...one, value: one.value ?? null })),
    };
    const undo = async () => {
      await update.run({ id: segment.id, ...before }, { done: `${segment.name} is as it was` });
      onSaved(String(segment.id));
    };
    const saved = await overridable(
      (lintOverride, onProblem) =>
        update.run(
          { id: segment.id, expectedVersion: segment.version, ...content, lintOverride },
          { done: `Segment ${content.name} changed`, onProblem, undo },
        ),
      (refusal) => void requestInstead(segment, content.constraints, refusal),
    );
    if (saved) onSaved(String(segment.id));
  };

  const takeAway = async () => {
    if (!segment) return;
    const answer = await confirm({
      title: `Delete ${segment.name}?`,
      body: 'No flag uses it. Its name can be given out again.',
      action: 'Delete segment',
      danger: true,
    });
    if (!answer) return;
    const gone = await remove.run(
      { id: segment.id },
      { done: `Segment ${segment.name} deleted`, onProblem: setProblem },
    );
    if (gone) onSaved(undefined);
  };

  return (
    <aside className={styles['side']} aria-label={segment ? `Segment ${segment.name}` : 'New segment'}>
      <Panel
        title={segment ? segment.name : 'New segment'}
        actions={
          <ActionIcon aria-label="Close the segment" onClick={onClose}>
            <IconX size={15} />
          </ActionIcon>
        }
      >
        <form onSubmit={(event) => void save(event)}>
          <Stack gap="sm">
            {segment && <Uses segment={segment} />}
            <TextInput
              label="Name"
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label="Description"
              placeholder="Who is meant"
              maxLength={1000}
              value={description}
              onChange={(event) => setDescription(event.currentTarget.value)}
            />
            <ConstraintEditor constraints={constraints} onChange={setConstraints} />
            {constraints.length === 0 && (
              <Notice tone="warn">Without a constraint it holds for everybody.</Notice>
            )}
            {problem && <ProblemNotice problem={problem} />}
            <Group justify="space-between">
              <Button
                variant="default"
                disabled={!may || !segment || uses.length > 0 || busy}
                title={uses.length > 0 ? 'Flags use it.' : undefined}
                onClick={() => void takeAway()}
              >
                Delete
              </Button>
              <Button type="submit" disabled={!may || !ready} loading={busy}>
                {segment ? 'Save segment' : 'Create segment'}
              </Button>
            </Group>
          </Stack>
        </form>
      </Panel>
    </aside>
  );
}

/** Which flags a change would reach. */
function Uses({ segment: { uses } }: { segment: Segment }) {
  if (uses.length === 0) return <span className="dim">No rule or strategy uses it yet.</span>;
  return (
    <ul className={styles['uses']} aria-label="Flags that use it">
      {uses.map(({ flag, environment, riskClass, rules, strategies }) => (
        <li key={`${flag} ${environment}`}>
          <Link to="/flags/$key" params={{ key: flag }} search={{ env: environment }} className="mono">
            {flag}
          </Link>
          <span className="dim">
            {environment}
            {rules > 0 && `, ${counted(rules, 'rule')}`}
            {strategies && ', strategies'}
          </span>
          {riskClass === 'FINANCIAL' && <Badge tone="warn">Financial</Badge>}
        </li>
      ))}
    </ul>
  );
}
