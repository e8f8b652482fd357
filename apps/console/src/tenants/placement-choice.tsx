import type { Placement } from '../components/badges.js';
import { RadioCards } from '../components/radio-cards.js';

interface PlacementChoiceProps {
  label: string;
  value: Placement;
  shared: string;
  dedicated: string;
  onChange: (value: Placement) => void;
}

/** Shared or dedicated, with what each means. */
export function PlacementChoice({ label, value, shared, dedicated, onChange }: PlacementChoiceProps) {
  return (
    <RadioCards<Placement>
      label={label}
      value={value}
      options={[
        { value: 'SHARED', title: 'Shared', text: shared },
        { value: 'DEDICATED', title: 'Dedicated', text: dedicated },
      ]}
      onChange={onChange}
    />
  );
}
