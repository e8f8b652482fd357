import { Select, UnstyledButton } from '@mantine/core';
import { sentence } from '../components/format.js';
import { useEnvironment, useEnvironments } from './environment.js';
import styles from './shell.module.css';

/** So many stand side by side; with more, they are a list. */
const sideBySide = 3;

/** Always in view: a change in production must never be made by mistake. */
export function EnvironmentSwitch() {
  const [current, setEnvironment] = useEnvironment();
  const environments = useEnvironments();
  if (environments.length > sideBySide) {
    return (
      <Select
        aria-label="Environment"
        w={150}
        allowDeselect={false}
        data={environments.map(({ name }) => ({ value: name, label: sentence(name) }))}
        value={current}
        onChange={(name) => name && setEnvironment(name)}
      />
    );
  }
  return (
    <div className={styles['environments']} role="radiogroup" aria-label="Environment">
      {environments.map(({ name, kind }) => (
        <UnstyledButton
          key={name}
          role="radio"
          aria-checked={name === current}
          data-environment={kind.toLowerCase()}
          className={styles['environment'] ?? ''}
          onClick={() => setEnvironment(name)}
        >
          {name}
        </UnstyledButton>
      ))}
    </div>
  );
}
