import { ActionIcon, Button, CopyButton as MantineCopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconTerminal2 } from '@tabler/icons-react';

export function CopyButton({ value, label = 'Copy' }: { value: string; label?: string }) {
  return (
    <MantineCopyButton value={value} timeout={1_500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon
            size="sm"
            aria-label={label}
            color={copied ? 'green' : 'gray'}
            onClick={(event) => {
              event.stopPropagation();
              copy();
            }}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} stroke={1.7} />}
          </ActionIcon>
        </Tooltip>
      )}
    </MantineCopyButton>
  );
}

/** The object at hand as a command of the CLI. */
export function CopyAsCli({ command }: { command: string }) {
  return (
    <MantineCopyButton value={command} timeout={1_500}>
      {({ copied, copy }) => (
        <Tooltip label={<span className="mono">{command}</span>} maw={480}>
          <Button
            variant="default"
            leftSection={copied ? <IconCheck size={14} /> : <IconTerminal2 size={14} stroke={1.7} />}
            onClick={copy}
          >
            {copied ? 'Copied' : 'CLI'}
          </Button>
        </Tooltip>
      )}
    </MantineCopyButton>
  );
}
