import { ActionIcon, Autocomplete, Button, Checkbox, Select, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type Constraint, emptyConstraint, operators, takesList } from './conditions.js';
import styles from './conditions.module.css';

/** What the platform's own SDKs send; any other field may be written. */
const knownFields = [
  'tenant',
  'tier',
  'region',
  'branch',
  'warehouse',
  'account',
  'userId',
  'sessionId',
  'remoteAddress',
  'appName',
  'environment',
  'currentTime',
];

const mostConstraints = 20;

interface ConstraintEditorProps {
  constraints: readonly Constraint[];
  onChange: (constraints: Constraint[]) => void;
}

/** Constraints that must all hold. */
export function ConstraintEditor({ constraints, onChange }: ConstraintEditorProps) {
  return (
    <div className={styles['constraints']}>
      {constraints.map((constraint, index) => (
        <ConstraintRow
          key={index}
          number={index + 1}
          constraint={constraint}
          onChange={(next) => onChange(constraints.map((one, at) => (at === index ? next : one)))}
          onRemove={() => onChange(constraints.filter((_, at) => at !== index))}
        />
      ))}
      <Button
        variant="subtle"
        size="compact-xs"
        leftSection={<IconPlus size={13} />}
        disabled={constraints.length >= mostConstraints}
        onClick={() => onChange([...constraints, emptyConstraint])}
      >
        Add constraint
      </Button>
    </div>
  );
}

interface ConstraintRowProps {
  number: number;
  constraint: Constraint;
  onChange: (constraint: Constraint) => void;
  onRemove: () => void;
}

function ConstraintRow({ number, constraint, onChange, onRemove }: ConstraintRowProps) {
  const set = (part: Partial<Constraint>) => onChange({ ...constraint, ...part });
  const texts = constraint.operator.startsWith('STR_');
  return (
    <fieldset className={styles['constraint']}>
      <legend className={styles['legend']}>Constraint {number}</legend>
      <div className={styles['pair']}>
        <Autocomplete
          aria-label={`Field of constraint ${number}`}
          placeholder="Context field"
          data={knownFields}
          value={constraint.contextName}
          onChange={(contextName) => set({ contextName: contextName.trim() })}
        />
        <Select
          aria-label={`Operator of constraint ${number}`}
          allowDeselect={false}
          searchable
          data={operators.map(([value, label]) => ({ value, label }))}
          value={constraint.operator}
          onChange={(operator) => set({ operator: operator ?? 'IN' })}
        />
        <ActionIcon aria-label={`Take constraint ${number} out`} onClick={onRemove}>
          <IconTrash size={14} stroke={1.7} />
        </ActionIcon>
      </div>
      {takesList(constraint.operator) ? (
        <TagsInput
          aria-label={`Values of constraint ${number}`}
          placeholder={constraint.values.length > 0 ? '' : 'Values; Enter adds one'}
          splitChars={[',', '\n']}
          acceptValueOnBlur
          value={constraint.values}
          onChange={(values) => set({ values })}
        />
      ) : (
        <TextInput
          aria-label={`Value of constraint ${number}`}
          placeholder={placeholderOf(constraint.operator)}
          value={constraint.value ?? ''}
          onChange={(event) => set({ value: event.currentTarget.value })}
        />
      )}
      <div className={styles['options']}>
        <Checkbox
          label="The opposite"
          checked={constraint.inverted}
          onChange={(event) => set({ inverted: event.currentTarget.checked })}
        />
        {texts && (
          <Checkbox
            label="Capitals do not matter"
            checked={constraint.caseInsensitive}
            onChange={(event) => set({ caseInsensitive: event.currentTarget.checked })}
          />
        )}
      </div>
    </fieldset>
  );
}

function placeholderOf(operator: string): string {
  if (operator.startsWith('NUM_')) return '100';
  if (operator.startsWith('DATE_')) return '2030-01-31T06:00:00Z';
  return operator === 'REGEX' ? '^gold-[0-9]+$' : '2.4.0';
}
