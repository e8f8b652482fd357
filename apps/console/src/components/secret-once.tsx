import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { CopyButton } from './copy-button.js';
import { Notice } from './notice.js';

interface SecretOnceProps {
  secret: string;
  /** Something to try it with. */
  example: { title: string; text: string };
  onClose: () => void;
}

/** A secret, this once, and a first use of it. */
export function SecretOnce({ secret, example, onClose }: SecretOnceProps) {
  return (
    <Stack gap="md">
      <Notice tone="warn">Copy it now: only its hash is kept, and it is never shown again.</Notice>
      <Group wrap="nowrap" gap="xs">
        <Code block aria-label="Secret" style={{ flex: 1, overflowWrap: 'anywhere', whiteSpace: 'normal' }}>
          {secret}
        </Code>
        <CopyButton value={secret} label="Copy the token" />
      </Group>
      <div>
        <Group justify="space-between">
          <Text size="sm" fw={560}>
            {example.title}
          </Text>
          <CopyButton value={example.text} label="Copy the example" />
        </Group>
        <Code block>{example.text}</Code>
      </div>
      <Group justify="flex-end">
        <Button size="sm" onClick={onClose}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
