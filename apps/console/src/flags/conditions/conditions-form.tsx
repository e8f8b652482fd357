import { MultiSelect, Select, Slider, TextInput } from '@mantine/core';
import { useRead } from '../../graphql/use-read.js';
import type { Conditions } from './conditions.js';
import { ConstraintEditor } from './constraint-editor.js';
import { segmentNamesQuery } from './segments.query.js';
import styles from './conditions.module.css';

interface ConditionsFormProps {
  conditions: Conditions;
  /** A share is of a rule that turns on. */
  enabled: boolean;
  onChange: (conditions: Conditions) => void;
}

const stickyFields = ['tenant', 'branch', 'warehouse', 'account', 'userId', 'sessionId'];

/** Share, constraints, segments and times of a rule. */
export function ConditionsForm({ conditions, enabled, onChange }: ConditionsFormProps) {
  const set = (part: Partial<Conditions>) => onChange({ ...conditions, ...part });
  const { data } = useRead(segmentNamesQuery, {});
  return (
    <div className={styles['form']}>
      {enabled && (
        <div className={styles['share']}>
          <div className={styles['shareHead']}>
            <span id="share-label">On for</span> <b className="num">{conditions.percentage} %</b>
          </div>
          <Slider
            aria-label="Share"
            thumbLabel="Share, per cent"
            size="sm"
            min={0}
            max={100}
            label={null}
            value={conditions.percentage}
            onChange={(percentage) => set({ percentage })}
          />
          {conditions.percentage < 100 && (
            <Select
              label="Of"
              description="Whoever is in stays in when the share grows."
              placeholder="The next finer unit of the scope"
              clearable
              data={stickyFields}
              value={conditions.stickiness}
              onChange={(stickiness) => set({ stickiness })}
            />
          )}
        </div>
      )}
      <MultiSelect
        label="Segments"
        placeholder={conditions.segments.length > 0 ? '' : 'None'}
        searchable
        nothingFoundMessage="No such segment; the page Segments makes them."
        data={(data?.segments ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
        value={conditions.segments.map(String)}
        onChange={(ids) => set({ segments: ids.map(Number) })}
      />
      <div>
        <div className={styles['label']}>Constraints, all must hold</div>
        <ConstraintEditor
          constraints={conditions.constraints}
          onChange={(constraints) => set({ constraints })}
        />
      </div>
      <div className={styles['times']}>
        <Moment label="Starts" value={conditions.startsAt} onChange={(startsAt) => set({ startsAt })} />
        <Moment label="Ends" value={conditions.endsAt} onChange={(endsAt) => set({ endsAt })} />
      </div>
    </div>
  );
}

interface MomentProps {
  label: string;
  value: string | null;
  onChange: (value: string | null) => void;
}

function Moment({ label, value, onChange }: MomentProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={value ? localOf(value) : ''}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text ? new Date(text).toISOString() : null);
      }}
    />
  );
}

/** A time as the browser's field writes it, in the zone of this computer. */
function localOf(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
