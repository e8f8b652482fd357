import { Kbd, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';

interface SearchInputProps {
  value: string | undefined;
  placeholder: string;
  onSearch: (value: string | undefined) => void;
  width?: number;
}

/** The page's search, focused by `/`; it reports when typing rests. */
export function SearchInput({ value, placeholder, onSearch, width = 260 }: SearchInputProps) {
  const [text, setText] = useState(value ?? '');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const reported = useRef(value ?? '');
  useEffect(() => {
    if ((value ?? '') === reported.current) return;
    reported.current = value ?? '';
    setText(value ?? '');
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const report = (next: string) => {
    reported.current = next;
    onSearch(next || undefined);
  };
  return (
    <TextInput
      w={width}
      type="search"
      data-page-search
      aria-label={placeholder}
      placeholder={placeholder}
      leftSection={<IconSearch size={14} stroke={1.7} />}
      rightSection={<Kbd>/</Kbd>}
      value={text}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => report(next.trim()), 180);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          setText('');
          report('');
          event.currentTarget.blur();
        }
        if (event.key === 'ArrowDown' || event.key === 'Enter') {
          event.preventDefault();
          document.querySelector<HTMLElement>('main [role="grid"]')?.focus();
        }
      }}
    />
  );
}
