import { SegmentedControl, Select } from '@mantine/core';
import type { RuledFlag } from './rule-draft.js';
import type { RuleDraft } from './use-flag-actions.js';

interface RuleValueInputProps {
  flag: RuledFlag;
  rule: Pick<RuleDraft, 'enabled' | 'variant'>;
  onChange: (value: Pick<RuleDraft, 'enabled' | 'variant'>) => void;
}

/** On or off, or off and each variant. */
export function RuleValueInput({ flag, rule, onChange }: RuleValueInputProps) {
  const variants = flag.kind === 'VARIANT';
  const values = variants ? ['off', ...flag.variants.map(({ name }) => name)] : ['off', 'on'];
  const value = rule.enabled ? (rule.variant ?? 'on') : 'off';
  const choose = (next: string | null) =>
    onChange({ enabled: next !== 'off', variant: variants && next !== 'off' ? next : null });
  return values.length <= 2 ? (
    <SegmentedControl fullWidth aria-label="Value" data={values} value={value} onChange={choose} />
  ) : (
    <Select label="Value" allowDeselect={false} data={values} value={value} onChange={choose} />
  );
}
