import { Skeleton } from '@mantine/core';
import { sentence } from '../components/format.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { FlagValue } from '../flags/flag-value.js';
import styles from '../flags/flags.module.css';
import { useRead } from '../graphql/use-read.js';
import { contextLabel } from './context-text.js';
import { type PlaygroundInput, playgroundTraceQuery, type TracedDecision } from './playground.query.js';
import type { DecidedCell } from './use-playground.js';

interface TraceProps {
  cell: DecidedCell;
  changes: PlaygroundInput['changes'];
  variants: readonly string[];
}

/** Every rule that one cell was held against, live and with the draft. */
export function Trace({ cell, changes, variants }: TraceProps) {
  const {
    tenant,
    branch,
    warehouse,
    account,
    userId,
    tier: _tier,
    region: _region,
    ...properties
  } = cell.asked;
  const context = { tenant, branch, warehouse, account, userId, properties };
  const input = {
    flags: [cell.flag],
    environments: [cell.environment],
    contexts: [context],
    ...(changes?.length ? { changes } : {}),
  };
  const { data, problem, loading } = useRead(playgroundTraceQuery, { input });
  const [traced] = data?.playground.cells ?? [];
  if (problem) return <ProblemNotice problem={problem} />;
  if (loading || !traced) return <Skeleton height={120} />;
  const who = contextLabel(cell.asked);
  return (
    <>
      <Decision
        title={`${who} gets`}
        environment={cell.environment}
        decision={traced.live}
        variants={variants}
      />
      {traced.draft && (
        <Decision
          title="With the draft"
          environment={cell.environment}
          decision={traced.draft}
          variants={variants}
        />
      )}
    </>
  );
}

interface DecisionProps {
  title: string;
  environment: string;
  decision: TracedDecision;
  variants: readonly string[];
}

function Decision({ title, environment, decision, variants }: DecisionProps) {
  return (
    <div className={styles['explanation']}>
      <div className={styles['verdict']}>
        <b>{title}</b>
        <FlagValue {...decision} variants={variants} />
        <span className="dim">in {environment}</span>
      </div>
      {decision.trace.length === 0 && (
        <span className="dim">No rule or strategy; the default is served.</span>
      )}
      <ol className={styles['trace']}>
        {decision.trace.map((step, index) => (
          <li key={index} data-outcome={step.outcome}>
            <i aria-hidden="true" />
            <div>
              <div className={styles['traceHead']}>
                <span>
                  {sentence(step.scope.kind)} <span className="dim">{step.scope.key}</span>
                </span>
                <FlagValue enabled={step.enabled} variant={step.variant} variants={variants} />
              </div>
              <div className={styles['traceText']}>
                <b>{sentence(step.outcome)}.</b> {step.explanation}
              </div>
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}
