import { Button } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { Panel } from '../../components/page.js';
import { useCan } from '../../session/session.js';
import { ConditionChips } from '../conditions/condition-chips.js';
import { noConditions } from '../conditions/conditions.js';
import type { FlagDetail } from '../flags.query.js';
import type { FlagActions } from '../use-flag-actions.js';
import { EditStrategies } from './edit-strategies.js';
import { describeParameters, draftOfStrategy, strategyTitle } from './strategies.js';
import styles from './strategies.module.css';

/** What decides where no rule does: off, on, or Unleash strategies; and the way to change that. */
export function FlagStrategies({ flag, actions }: { flag: FlagDetail; actions: FlagActions }) {
  const may = useCan('flags:write');
  const [editing, setEditing] = useState(false);
  const { strategies } = flag.environment;
  return (
    <Panel
      title="Where no rule decides"
      actions={
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconPencil size={13} />}
          disabled={!may || flag.archived}
          onClick={() => setEditing(true)}
        >
          Edit strategies
        </Button>
      }
    >
      {strategies === null && (
        <span className="dim">
          It is off there. Strategies of Unleash, such as a share of all users, can turn it on.
        </span>
      )}
      {strategies?.length === 0 && <span>It is on for everybody.</span>}
      {strategies !== null && strategies.length > 0 && (
        <ol className={styles['list']} aria-label="Strategies">
          {strategies.map(draftOfStrategy).map((strategy, index) => (
            <li key={index}>
              <span>
                <b>{strategyTitle(strategy.name)}</b>{' '}
                <span className="num">{describeParameters(strategy)}</span>
              </span>
              <ConditionChips
                conditions={{
                  ...noConditions,
                  constraints: strategy.constraints,
                  segments: strategy.segments,
                }}
              />
              {strategy.variants.length > 0 && (
                <span className="dim">
                  {strategy.variants.map(({ name, weight }) => `${name} ${weight}`).join(', ')}
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
      <EditStrategies flag={flag} actions={actions} opened={editing} onClose={() => setEditing(false)} />
    </Panel>
  );
}
