import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import type { Problem } from '../graphql/describe-error.js';
import { CommandText } from './command-text.js';
import { randomId } from './random-id.js';

const secondsToUndo = 10;

/** Tells that something is done; with `undo`, offers for a while to take it back. */
export function notifyDone(message: string, undo?: () => Promise<unknown>): void {
  const id = randomId();
  notifications.show({
    id,
    color: 'green',
    icon: <IconCheck size={16} />,
    withBorder: true,
    autoClose: (undo ? secondsToUndo : 4) * 1_000,
    message: undo ? (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm">{message}</Text>
        <Button
          variant="light"
          size="compact-xs"
          onClick={() => {
            notifications.hide(id);
            void undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ) : (
      message
    ),
  });
}

export function notifyProblem(problem: Problem): void {
  notifications.show({
    color: 'red',
    icon: <IconAlertTriangle size={16} />,
    withBorder: true,
    autoClose: 12_000,
    title: problem.message,
    message: problem.hint ? <CommandText text={problem.hint} /> : <Text size="xs">{problem.code}</Text>,
  });
}
