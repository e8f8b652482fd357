import { SegmentedControl, Select } from '@mantine/core';
import { useMemo } from 'react';
import type { Brush } from './change-set.js';
import type { MatrixTiles } from './matrix-tiles.js';
import styles from './matrix.module.css';

interface BrushesProps {
  tiles: MatrixTiles;
  version: number;
  value: Brush | undefined;
  disabled: boolean;
  onChange: (brush: Brush | undefined) => void;
}

/** What a drag over cells does: nothing but look, or paint a value. */
export function Brushes({ tiles, version, value, disabled, onChange }: BrushesProps) {
  const variants = useMemo(() => variantsOf(tiles), [tiles, version]);
  const chosen = value?.kind === 'variant' ? value.variant : null;
  return (
    <div className={styles['brushes']}>
      <SegmentedControl
        aria-label="Brush"
        disabled={disabled}
        value={value ? value.kind : 'look'}
        onChange={(kind) => onChange(kind === 'look' || kind === 'variant' ? undefined : { kind })}
        data={[
          { value: 'look', label: 'Explain' },
          { value: 'on', label: 'Paint on' },
          { value: 'off', label: 'Paint off' },
          { value: 'inherit', label: 'Inherit' },
        ]}
      />
      {variants.length > 0 && (
        <Select
          aria-label="Paint a variant"
          placeholder="Paint a variant"
          w={150}
          searchable
          clearable
          disabled={disabled}
          data={variants}
          value={chosen}
          onChange={(variant) => onChange(variant ? { kind: 'variant', variant } : undefined)}
        />
      )}
    </div>
  );
}

/** Names of the variants of the flags that were read. */
function variantsOf(tiles: MatrixTiles): string[] {
  const names = new Set<string>();
  for (let row = 0; row < (tiles.rowCount ?? 0); row++) {
    for (const { name } of tiles.flag(row)?.variants ?? []) names.add(name);
  }
  return [...names].toSorted();
}
