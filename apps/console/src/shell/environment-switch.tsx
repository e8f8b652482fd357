import { UnstyledButton } from '@mantine/core';
import { environments, useEnvironment } from './environment.js';
import styles from './shell.module.css';

/** Always in view: a change in production must never be made by mistake. */
export function EnvironmentSwitch() {
  const [current, setEnvironment] = useEnvironment();
  return (
    <div className={styles['environments']} role="radiogroup" aria-label="Environment">
      {environments.map((environment) => (
        <UnstyledButton
          key={environment}
          role="radio"
          aria-checked={environment === current}
          data-environment={environment}
          className={styles['environment'] ?? ''}
          onClick={() => setEnvironment(environment)}
        >
          {environment}
        </UnstyledButton>
      ))}
    </div>
  );
}
