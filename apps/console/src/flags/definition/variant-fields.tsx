import { ActionIcon, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { sentence } from '../../components/format.js';
import styles from './definition.module.css';
import { payloadTypes, type VariantDraft } from './variant-draft.js';

const typeTitle = (type: (typeof payloadTypes)[number]) => (type === 'JSON' ? type : sentence(type));

interface VariantFieldsProps {
  number: number;
  variant: VariantDraft;
  nameError: string | undefined;
  payloadError: string | undefined;
  onChange: (variant: VariantDraft) => void;
  /** Absent: it is the last one. */
  onRemove: (() => void) | undefined;
}

/** One variant: its name, and what the code that gets it is given along. */
export function VariantFields(props: VariantFieldsProps) {
  const { number, variant, nameError, payloadError, onChange, onRemove } = props;
  const set = (part: Partial<VariantDraft>) => onChange({ ...variant, ...part });
  const payload = {
    size: 'sm' as const,
    'aria-label': `Payload of variant ${number}`,
    error: payloadError,
    value: variant.text,
    classNames: { input: 'mono' },
  };
  return (
    <fieldset className={styles['variant']}>
      <legend>Variant {number}</legend>
      <div className={styles['names']}>
        <TextInput
          size="sm"
          aria-label={`Name of variant ${number}`}
          placeholder="Name"
          maxLength={100}
          error={nameError}
          value={variant.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          size="sm"
          className={styles['text'] ?? ''}
          aria-label={`Description of variant ${number}`}
          placeholder="What it does"
          maxLength={500}
          value={variant.description}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        <ActionIcon
          className={styles['remove'] ?? ''}
          aria-label={`Take variant ${number} out`}
          disabled={!onRemove}
          onClick={onRemove}
        >
          <IconTrash size={15} stroke={1.7} />
        </ActionIcon>
      </div>
      <div className={styles['payload']}>
        <span className="dim">Payload</span>
        <SegmentedControl
          aria-label={`Type of the payload of variant ${number}`}
          data={payloadTypes.map((type) => ({ value: type, label: typeTitle(type) }))}
          value={variant.type}
          onChange={(value) => set({ type: payloadTypes.find((type) => type === value) ?? 'NONE' })}
        />
      </div>
      {variant.type === 'JSON' && (
        <Textarea
          {...payload}
          autosize
          minRows={3}
          maxRows={14}
          placeholder={'{ "share": 0.2 }'}
          spellCheck={false}
          onChange={(event) => set({ text: event.currentTarget.value })}
          onBlur={() => set({ text: tidied(variant.text) })}
        />
      )}
      {(variant.type === 'TEXT' || variant.type === 'NUMBER') && (
        <TextInput
          {...payload}
          inputMode={variant.type === 'NUMBER' ? 'decimal' : 'text'}
          placeholder={variant.type === 'NUMBER' ? '12.5' : ''}
          onChange={(event) => set({ text: event.currentTarget.value })}
        />
      )}
      {variant.type === 'NONE' && payloadError && (
        <div className={styles['error']} role="alert">
          {payloadError}
        </div>
      )}
    </fieldset>
  );
}

/** JSON with one property a line; what is no JSON stays as it is. */
function tidied(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
