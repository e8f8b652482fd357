import { Code, Text, type TextProps } from '@mantine/core';

/** Text in which `backticks` mark commands, as the hints of errors do. */
export function CommandText({ text, ...props }: { text: string } & TextProps) {
  return (
    <Text size="xs" {...props}>
      {text.split('`').map((part, index) => (index % 2 === 1 ? <Code key={index}>{part}</Code> : part))}
    </Text>
  );
}
