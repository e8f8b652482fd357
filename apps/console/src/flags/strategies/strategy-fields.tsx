import {
  ActionIcon,
  Autocomplete,
  Group,
  MultiSelect,
  Slider,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';
import { IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useRead } from '../../graphql/use-read.js';
import { ConstraintEditor } from '../conditions/constraint-editor.js';
import { segmentNamesQuery } from '../conditions/segments.query.js';
import {
  knownStrategies,
  type ParameterField,
  parametersOf,
  startOf,
  type StrategyDraft,
  strategyTitle,
} from './strategies.js';
import styles from './strategies.module.css';
import { WeightedVariants } from './weighted-variants.js';

const stickyFields = ['default', 'random', 'userId', 'sessionId', 'tenant', 'branch', 'warehouse', 'account'];

interface StrategyFieldsProps {
  number: number;
  strategy: StrategyDraft;
  /** Names of the flag's variants; none for a flag that is on or off. */
  variants: readonly string[];
  error: string | undefined;
  onChange: (strategy: StrategyDraft) => void;
  onRemove: () => void;
  /** Absent: it is the first. */
  onUp: (() => void) | undefined;
}

/** One strategy: whom it turns on, under which conditions, and which variant they get. */
export function StrategyFields(props: StrategyFieldsProps) {
  const { number, strategy, variants, error, onChange, onRemove, onUp } = props;
  const { data } = useRead(segmentNamesQuery, {});
  const set = (part: Partial<StrategyDraft>) => onChange({ ...strategy, ...part });
  const fields = parametersOf(strategy.name);
  const setParameter = (name: string, value: string) => {
    const { [name]: _before, ...others } = strategy.parameters;
    set({ parameters: value === '' ? others : { ...others, [name]: value } });
  };
  const known = (data?.segments ?? []).map(({ id, name }) => ({ value: String(id), label: name }));
  const unknown = strategy.segments
    .filter((id) => known.every(({ value }) => value !== String(id)))
    .map((id) => ({ value: String(id), label: `${id} (not there: never holds)` }));
  return (
    <fieldset className={styles['strategy']}>
      <legend>Strategy {number}</legend>
      <Group wrap="nowrap" gap="xs">
        <Autocomplete
          size="sm"
          className={styles['grow'] ?? ''}
          aria-label={`Kind of strategy ${number}`}
          description={strategyTitle(strategy.name)}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          data={knownStrategies.map(([name]) => name)}
          filter={({ options }) => options}
          value={strategy.name}
          onChange={(name) =>
            set({
              name,
              ...(parametersOf(name) && name !== strategy.name ? { parameters: startOf(name) } : {}),
            })
          }
        />
        <ActionIcon aria-label={`Move strategy ${number} up`} disabled={!onUp} onClick={onUp}>
          <IconArrowUp size={15} stroke={1.7} />
        </ActionIcon>
        <ActionIcon aria-label={`Take strategy ${number} out`} onClick={onRemove}>
          <IconTrash size={15} stroke={1.7} />
        </ActionIcon>
      </Group>
      {fields?.map((field) => (
        <Parameter
          key={field.name}
          field={field}
          number={number}
          value={strategy.parameters[field.name] ?? ''}
          onChange={(value) => setParameter(field.name, value)}
        />
      ))}
      {!fields && (
        <Textarea
          size="sm"
          label="Parameters, name=value a line"
          description="No SDK knows this strategy by itself: it holds only where the service brings it along."
          autosize
          classNames={{ input: 'mono' }}
          defaultValue={linesOf(strategy.parameters)}
          onChange={(event) => set({ parameters: parametersIn(event.currentTarget.value) })}
        />
      )}
      <MultiSelect
        size="sm"
        label="Segments"
        placeholder={strategy.segments.length > 0 ? '' : 'None'}
        searchable
        nothingFoundMessage="No such segment; the page Segments makes them."
        data={[...known, ...unknown]}
        value={strategy.segments.map(String)}
        onChange={(ids) => set({ segments: ids.map(Number) })}
      />
      <div>
        <span className="dim">Constraints, all must hold</span>
        <ConstraintEditor
          constraints={strategy.constraints}
          onChange={(constraints) => set({ constraints })}
        />
      </div>
      {(variants.length > 0 || strategy.variants.length > 0) && (
        <WeightedVariants
          label={`Variants of strategy ${number}`}
          names={variants}
          value={strategy.variants}
          onChange={(next) => set({ variants: next })}
        />
      )}
      {error && (
        <div className={styles['error']} role="alert">
          {error}
        </div>
      )}
    </fieldset>
  );
}

interface ParameterProps {
  field: ParameterField;
  number: number;
  value: string;
  onChange: (value: string) => void;
}

function Parameter({ field, number, value, onChange }: ParameterProps) {
  const label = `${field.label}, strategy ${number}`;
  switch (field.kind) {
    case 'PERCENT':
      return (
        <div>
          <span className="dim">{field.label}</span> <b className="num">{Number(value) || 0} %</b>
          <Slider
            aria-label={label}
            thumbLabel={`Share of strategy ${number}, per cent`}
            size="sm"
            min={0}
            max={100}
            label={null}
            value={Number(value) || 0}
            onChange={(share) => onChange(String(share))}
          />
        </div>
      );
    case 'LIST':
      return (
        <TagsInput
          size="sm"
          label={field.label}
          placeholder={value ? '' : (field.placeholder ?? '')}
          splitChars={[',', '\n', ' ']}
          acceptValueOnBlur
          value={value.split(',').filter(Boolean)}
          onChange={(values) => onChange(values.join(','))}
        />
      );
    case 'STICKINESS':
      return (
        <Autocomplete
          size="sm"
          label={field.label}
          description="The context field whose value is in the share or not; default: user, else session, else at random."
          data={stickyFields}
          filter={({ options }) => options}
          value={value}
          onChange={onChange}
        />
      );
    default:
      return (
        <TextInput
          size="sm"
          label={field.label}
          description="Flags of one group have the same share of people."
          placeholder={field.placeholder ?? ''}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

const linesOf = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');

function parametersIn(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at > 0 ? [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const] : [];
  });
  return Object.fromEntries(pairs);
}
