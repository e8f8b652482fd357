import { Button, Checkbox, Popover, Stack } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { sentence } from './format.js';

interface FacetProps<Value extends string> {
  label: string;
  options: readonly Value[];
  value: readonly Value[] | undefined;
  onChange: (value: Value[] | undefined) => void;
  /** How a value is called; as a sentence unless told. */
  nameOf?: (value: Value) => string;
}

/** Narrows a list to some values of one property. */
export function Facet<Value extends string>(props: FacetProps<Value>) {
  const { label, options, value = [], onChange, nameOf = sentence } = props;
  const chosen = value.length;
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant={chosen ? 'light' : 'default'}
          fw={500}
          rightSection={<IconChevronDown size={13} aria-hidden="true" />}
        >
          {chosen ? `${label}: ${chosen === 1 && value[0] ? nameOf(value[0]) : chosen}` : label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Stack gap={2} mah={320} style={{ overflow: 'auto' }}>
          {options.map((option) => (
            <Checkbox
              key={option}
              label={nameOf(option)}
              checked={value.includes(option)}
              py={3}
              px={4}
              onChange={(event) => {
                const next = event.currentTarget.checked
                  ? [...value, option]
                  : value.filter((other) => other !== option);
                onChange(next.length ? next : undefined);
              }}
            />
          ))}
          {chosen > 0 && (
            <Button variant="subtle" size="compact-xs" mt={4} onClick={() => onChange(undefined)}>
              Clear
            </Button>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
