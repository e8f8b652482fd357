import { TextInput } from '@mantine/core';

interface FilterInputProps {
  label: string;
  placeholder?: string;
  value: string | undefined;
  width?: number;
  onChange: (value: string | undefined) => void;
}

/** A filter that is written, applied with Enter or on leaving. */
export function FilterInput({ label, placeholder = label, value, width = 110, onChange }: FilterInputProps) {
  return (
    <TextInput
      key={value ?? ''}
      w={width}
      aria-label={label}
      placeholder={placeholder}
      defaultValue={value ?? ''}
      onBlur={(event) => onChange(event.currentTarget.value.trim() || undefined)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
      }}
    />
  );
}
