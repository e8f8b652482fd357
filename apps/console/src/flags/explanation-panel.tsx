import { ActionIcon, Skeleton } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { useRead } from '../graphql/use-read.js';
import { useEnvironment } from '../shell/environment.js';
import { Explanation } from './explanation.js';
import styles from './flags.module.css';
import { flagQuery, type Scope } from './flags.query.js';
import { formatScope } from './scope.js';

interface ExplanationPanelProps {
  flag: string;
  scope: Scope;
  onClose: () => void;
}

/** Beside a table: why one scope has its value of one flag. */
export function ExplanationPanel({ flag, scope, onClose }: ExplanationPanelProps) {
  const [environment] = useEnvironment();
  const { data, problem, refresh } = useRead(flagQuery, { key: flag, environment });
  return (
    <aside className={styles['explanationPanel']} aria-label="Explanation">
      <Panel
        title={<span className="mono">{flag}</span>}
        actions={
          <ActionIcon aria-label="Close the explanation" onClick={onClose}>
            <IconX size={15} />
          </ActionIcon>
        }
      >
        {problem && !data && <ProblemState problem={problem} onRetry={refresh} />}
        {!data && !problem && <Skeleton height={160} />}
        {data?.flag && <Explanation flag={data.flag} scope={scope} />}
        <Link
          to="/flags/$key"
          params={{ key: flag }}
          search={{ at: formatScope(scope) }}
          className={styles['openFlag']}
        >
          Open the flag
        </Link>
      </Panel>
    </aside>
  );
}
