import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { ProblemNotice } from '../../components/problem-notice.js';
import { type RadioCard, RadioCards } from '../../components/radio-cards.js';
import type { Problem } from '../../graphql/describe-error.js';
import { ApprovalHint } from '../approval-hint.js';
import type { FlagDetail } from '../flags.query.js';
import { Simulation } from '../simulation.js';
import type { FlagActions } from '../use-flag-actions.js';
import {
  draftOfStrategy,
  draftOfVariant,
  emptyStrategy,
  isStrategyComplete,
  type StrategyDraft,
  toStrategyInput,
  toWeightedInput,
} from './strategies.js';
import { StrategyFields } from './strategy-fields.js';
import { WeightedVariants } from './weighted-variants.js';

const mostStrategies = 30;

type Mode = 'OFF' | 'EVERYBODY' | 'STRATEGIES';

const modes: RadioCard<Mode>[] = [
  { value: 'OFF', title: 'Off', text: 'Who no rule speaks of gets the default.' },
  { value: 'EVERYBODY', title: 'On for everybody', text: 'Who no rule speaks of has it on.' },
  {
    value: 'STRATEGIES',
    title: 'By strategies',
    text: 'On where one of them holds; the first that does gives the variant.',
  },
];

interface EditStrategiesProps {
  flag: FlagDetail;
  actions: FlagActions;
  opened: boolean;
  onClose: () => void;
}

export function EditStrategies({ flag, actions, opened, onClose }: EditStrategiesProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="xl"
      title={`Where no rule decides, in ${flag.environment.name}`}
    >
      {opened && <StrategiesForm flag={flag} actions={actions} onDone={onClose} />}
    </Modal>
  );
}

interface StrategiesFormProps {
  flag: FlagDetail;
  actions: FlagActions;
  onDone: () => void;
}

function StrategiesForm({ flag: newest, actions, onDone }: StrategiesFormProps) {
  // As it was when the form was opened: what somebody else saves meanwhile is refused, not overwritten.
  const [flag] = useState(newest);
  const { strategies: stored, variants: storedVariants, name: environment } = flag.environment;
  const [mode, setMode] = useState<Mode>(
    stored === null ? 'OFF' : stored.length === 0 ? 'EVERYBODY' : 'STRATEGIES',
  );
  const [strategies, setStrategies] = useState<StrategyDraft[]>(() =>
    stored?.length ? stored.map(draftOfStrategy) : [emptyStrategy()],
  );
  const [variants, setVariants] = useState(() => storedVariants.map(draftOfVariant));
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const names = flag.variants.map(({ name }) => name);
  const complete = mode !== 'STRATEGIES' || (strategies.length > 0 && strategies.every(isStrategyComplete));
  const wanted = {
    strategies: { OFF: null, EVERYBODY: [], STRATEGIES: strategies.map(toStrategyInput) }[mode],
    variants: variants.map(toWeightedInput),
  };
  const at = /^strategies\.(\d+)(?:\.|$)/.exec(problem?.field ?? '')?.[1];
  const change = (next: StrategyDraft[]) => {
    setProblem(undefined);
    setStrategies(next);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    if (await actions.setStrategies(flag, wanted, reason.trim() || undefined, setProblem)) onDone();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <RadioCards<Mode>
          label="Where no rule decides"
          hideLabel
          value={mode}
          options={modes}
          onChange={setMode}
        />
        {mode === 'STRATEGIES' && (
          <>
            {strategies.map((strategy, index) => (
              <StrategyFields
                key={strategy.id}
                number={index + 1}
                strategy={strategy}
                variants={names}
                error={at === String(index) ? problem?.message : undefined}
                onChange={(next) => change(strategies.map((one) => (one.id === next.id ? next : one)))}
                onRemove={() => change(strategies.filter(({ id }) => id !== strategy.id))}
                onUp={index > 0 ? () => change(movedUp(strategies, index)) : undefined}
              />
            ))}
            <Group>
              <Button
                variant="subtle"
                size="compact-sm"
                leftSection={<IconPlus size={14} />}
                disabled={strategies.length >= mostStrategies}
                onClick={() => change([...strategies, emptyStrategy()])}
              >
                Add strategy
              </Button>
            </Group>
          </>
        )}
        {mode !== 'OFF' && (names.length > 0 || variants.length > 0) && (
          <WeightedVariants
            label="Variants for strategies without their own"
            names={names}
            value={variants}
            onChange={setVariants}
          />
        )}
        {complete && (
          <Simulation
            flag={flag}
            change={{
              kind: 'SET_STRATEGIES',
              flag: flag.key,
              strategies: wanted.strategies,
              featureVariants: wanted.variants,
            }}
          />
        )}
        {mode !== 'OFF' && <ApprovalHint flag={flag} environment={environment} what="Turning it on" />}
        <TextInput
          size="sm"
          label="Reason"
          placeholder="Kept in the audit log"
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {problem && at === undefined && <ProblemNotice problem={problem} />}
        <Group justify="flex-end">
          <Button size="sm" type="submit" disabled={!complete} loading={actions.busy}>
            Save strategies
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function movedUp(strategies: readonly StrategyDraft[], index: number): StrategyDraft[] {
  const moved = [...strategies];
  const [strategy] = moved.splice(index, 1);
  if (strategy) moved.splice(index - 1, 0, strategy);
  return moved;
}
