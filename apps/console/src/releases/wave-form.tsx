import {
  ActionIcon,
  Button,
  MultiSelect,
  NumberInput,
  Select,
  Switch,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { sentence } from '../components/format.js';
import { Panel } from '../components/page.js';
import { Fields } from '../components/wizard.js';
import { tiers } from '../statuses.js';
import { kpiTitles } from './kpi.js';
import styles from './new-release.module.css';
import type { GateDraft, WaveDraft } from './wave-draft.js';

interface WaveFormProps {
  position: number;
  wave: WaveDraft;
  onChange: (wave: WaveDraft) => void;
  onRemove?: () => void;
}

export function WaveForm({ position, wave, onChange, onRemove }: WaveFormProps) {
  const set = (change: Partial<WaveDraft>) => onChange({ ...wave, ...change });
  return (
    <Panel
      title={`Wave ${position}: ${wave.name}`}
      actions={
        onRemove && (
          <ActionIcon aria-label={`Remove wave ${wave.name}`} onClick={onRemove}>
            <IconTrash size={15} stroke={1.7} />
          </ActionIcon>
        )
      }
    >
      <Fields>
        <TextInput
          label="Name"
          value={wave.name}
          onChange={(event) => set({ name: event.currentTarget.value.trim() })}
        />
        <div className={styles['numbers']}>
          <NumberInput
            label="Tenants at a time"
            min={1}
            max={100}
            value={wave.concurrency}
            onChange={(value) => set({ concurrency: Number(value) || 1 })}
          />
          <NumberInput
            label="Soak, seconds"
            min={0}
            value={wave.soakSeconds}
            onChange={(value) => set({ soakSeconds: Number(value) || 0 })}
          />
        </div>
        <TagsInput
          label="Labels"
          placeholder={wave.rest ? 'everybody else' : 'wave=canary'}
          disabled={wave.rest}
          value={wave.labels}
          onChange={(labels) => set({ labels: labels.filter((label) => /^[^=]+=[^=]+$/.test(label)) })}
        />
        <MultiSelect
          label="Tiers"
          disabled={wave.rest}
          placeholder={wave.tiers.length ? '' : 'Any'}
          data={tiers.map((tier) => ({ value: tier, label: sentence(tier) }))}
          value={wave.tiers}
          onChange={(chosen) => set({ tiers: tiers.filter((tier) => chosen.includes(tier)) })}
        />
        <TagsInput
          label="Tenants by slug"
          disabled={wave.rest}
          value={wave.slugs}
          onChange={(slugs) => set({ slugs })}
        />
        <Switch
          className={styles['rest'] ?? ''}
          label="Everybody that no earlier wave selects"
          checked={wave.rest}
          onChange={(event) => set({ rest: event.currentTarget.checked })}
        />
      </Fields>
      <Gates gates={wave.gates} onChange={(gates) => set({ gates })} />
    </Panel>
  );
}

function Gates({ gates, onChange }: { gates: GateDraft[]; onChange: (gates: GateDraft[]) => void }) {
  const change = (index: number, part: Partial<GateDraft>) =>
    onChange(gates.map((gate, at) => (at === index ? { ...gate, ...part } : gate)));
  const unused = Object.keys(kpiTitles).find((kpi) => gates.every((gate) => gate.kpi !== kpi));
  return (
    <div className={styles['gates']}>
      {gates.map((gate, index) => (
        <div key={gate.kpi} className={styles['gate']}>
          <Select
            label={index === 0 ? 'Gate' : undefined}
            aria-label="Gate"
            allowDeselect={false}
            data={Object.entries(kpiTitles).map(([value, label]) => ({ value, label }))}
            value={gate.kpi}
            onChange={(kpi) => change(index, { kpi: kpi ?? gate.kpi })}
          />
          <NumberInput
            label={index === 0 ? 'At most' : undefined}
            aria-label="At most, per cent"
            suffix=" %"
            min={0.01}
            max={99}
            decimalScale={2}
            value={gate.percent}
            onChange={(value) => change(index, { percent: Number(value) || 1 })}
          />
          <NumberInput
            label={index === 0 ? 'Samples needed' : undefined}
            aria-label="Samples needed"
            min={1}
            value={gate.minSamples}
            onChange={(value) => change(index, { minSamples: Number(value) || 1 })}
          />
          <ActionIcon
            aria-label="Remove gate"
            onClick={() => onChange(gates.filter((_, at) => at !== index))}
          >
            <IconTrash size={15} stroke={1.7} />
          </ActionIcon>
        </div>
      ))}
      {unused && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconPlus size={13} />}
          onClick={() => onChange([...gates, { kpi: unused, percent: 2, minSamples: 50 }])}
        >
          Add gate
        </Button>
      )}
    </div>
  );
}
