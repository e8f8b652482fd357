import { Kbd, Modal, Text } from '@mantine/core';
import { pages } from './navigation.js';
import styles from './shortcut-sheet.module.css';

const general: [string[], string][] = [
  [['⌘', 'K'], 'Open the palette (Ctrl K)'],
  [['/'], 'Search on this page'],
  [['?'], 'This sheet'],
  [['Esc'], 'Close, or leave the search'],
];
const tables: [string[], string][] = [
  [['↑', '↓'], 'Move through the rows'],
  [['Home', 'End'], 'First and last row'],
  [['Enter'], 'Open the row'],
];
const matrix: [string[], string][] = [
  [['←', '↑', '→', '↓'], 'Move through the cells'],
  [['Ctrl', '→'], 'To the end of the row (also up, down, left)'],
  [['Enter'], 'Explain the cell'],
  [['Space'], 'Paint the cell'],
];

export function ShortcutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <div className={styles['sheet']}>
        <div>
          <Keys title="Everywhere" keys={general} />
          <Keys title="Tables" keys={tables} />
        </div>
        <div>
          <Keys title="Matrix" keys={matrix} />
          <Keys title="Go to" keys={pages.map(({ key, label }) => [['g', key], label])} />
        </div>
      </div>
    </Modal>
  );
}

function Keys({ title, keys }: { title: string; keys: [string[], string][] }) {
  return (
    <section className={styles['sheetGroup']}>
      <Text fw={600} size="sm" mb={6}>
        {title}
      </Text>
      {keys.map(([combination, meaning]) => (
        <div key={meaning} className={styles['sheetRow']}>
          <span>{meaning}</span>
          <span>
            {combination.map((key) => (
              <Kbd key={key} ml={4}>
                {key}
              </Kbd>
            ))}
          </span>
        </div>
      ))}
    </section>
  );
}
