import { Button, Group, Modal, NumberInput, Stack, Switch } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ProblemNotice } from '../components/problem-notice.js';
import { CliLine } from '../components/states.js';
import { Fields } from '../components/wizard.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { setBackupPolicyMutation, type TenantBackups } from './backups.query.js';

interface PolicyFormProps {
  slug: string;
  policy: TenantBackups['backupPolicy'];
  onClose: () => void;
}

/** How often a tenant is archived and drilled, and what is kept; its own from then on. */
export function PolicyForm({ slug, policy, onClose }: PolicyFormProps) {
  const save = useCommand(setBackupPolicyMutation);
  const [problem, setProblem] = useState<Problem>();
  const [enabled, setEnabled] = useState(policy.enabled);
  const [numbers, setNumbers] = useState({
    intervalMinutes: policy.intervalMinutes,
    keepCount: policy.keepCount,
    keepDays: policy.keepDays,
    drillIntervalDays: policy.drillIntervalDays,
  });
  const field = (name: keyof typeof numbers, min: number, max: number) => ({
    size: 'sm' as const,
    min,
    max,
    value: numbers[name],
    error: problem?.field === name ? problem.message : undefined,
    onChange: (value: number | string) => setNumbers({ ...numbers, [name]: Number(value) }),
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await save.run(
      { tenant: slug, enabled, ...numbers },
      { done: 'The schedule holds from now on', onProblem: setProblem },
    );
    if (done) onClose();
  };
  return (
    <Modal opened onClose={onClose} title={`Backup schedule of ${slug}`} size="lg">
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          <Switch
            label="Archive and drill by itself"
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
          />
          <Fields>
            <NumberInput label="Archive every, minutes" {...field('intervalMinutes', 5, 525_600)} />
            <NumberInput label="Drill every, days" {...field('drillIntervalDays', 1, 365)} />
            <NumberInput label="Keep the newest" {...field('keepCount', 1, 1_000)} />
            <NumberInput label="Keep all of, days" {...field('keepDays', 0, 3_650)} />
          </Fields>
          <CliLine
            command={`tierdeck tenant backup-policy ${slug} --every ${numbers.intervalMinutes} --keep ${numbers.keepCount} --keep-days ${numbers.keepDays} --drill-every ${numbers.drillIntervalDays}`}
          />
          {problem && <ProblemNotice problem={problem} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" size="sm" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" size="sm" loading={save.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
