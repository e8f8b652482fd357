import { Button, Group, Modal, Select, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { createFlagMutation } from './flag.mutations.js';

const keyPattern = /^[a-z][a-z0-9]*([.-][a-z0-9]+)*$/;

export function CreateFlag({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Create flag">
      {opened && <CreateFlagForm onClose={onClose} />}
    </Modal>
  );
}

function CreateFlagForm({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const create = useCommand(createFlagMutation);
  const [key, setKey] = useState('');
  const [description, setDescription] = useState('');
  const [kind, setKind] = useState<'BOOLEAN' | 'VARIANT'>('BOOLEAN');
  const [risk, setRisk] = useState<'STANDARD' | 'FINANCIAL'>('STANDARD');
  const [variants, setVariants] = useState<string[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const keyError =
    key && !keyPattern.test(key) ? 'Lower case words, joined by dots or hyphens: pricing.engine' : undefined;
  const ready = key && !keyError && (kind === 'BOOLEAN' || variants.length >= 2);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await create.run(
      {
        key,
        description,
        kind,
        riskClass: risk,
        ...(kind === 'VARIANT'
          ? { variants: variants.map((name) => ({ name })), defaultVariant: variants[0] ?? null }
          : {}),
      },
      { done: `Flag ${key} created, off in every environment`, onProblem: setProblem },
    );
    if (!made) return;
    onClose();
    void navigate({ to: '/flags/$key', params: { key } });
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <TextInput
          size="sm"
          label="Key"
          placeholder="pricing.engine"
          value={key}
          error={keyError ?? problem?.message}
          onChange={(event) => {
            setKey(event.currentTarget.value.trim());
            setProblem(undefined);
          }}
          data-autofocus
        />
        <Textarea
          size="sm"
          label="Description"
          placeholder="What is decided, in one sentence."
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Group grow>
          <Select
            size="sm"
            label="Kind"
            allowDeselect={false}
            data={[
              { value: 'BOOLEAN', label: 'On or off' },
              { value: 'VARIANT', label: 'One of several variants' },
            ]}
            value={kind}
            onChange={(value) => setKind(value === 'VARIANT' ? 'VARIANT' : 'BOOLEAN')}
          />
          <Select
            size="sm"
            label="Risk class"
            allowDeselect={false}
            data={[
              { value: 'STANDARD', label: 'Standard' },
              { value: 'FINANCIAL', label: 'Financial: prices, stock' },
            ]}
            value={risk}
            onChange={(value) => setRisk(value === 'FINANCIAL' ? 'FINANCIAL' : 'STANDARD')}
          />
        </Group>
        {kind === 'VARIANT' && (
          <TagsInput
            size="sm"
            label="Variants"
            description="At least two. The first is served where the flag is off."
            value={variants}
            onChange={setVariants}
          />
        )}
        <Group justify="flex-end">
          <Button size="sm" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button size="sm" type="submit" disabled={!ready} loading={create.busy}>
            Create flag
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
