import { Skeleton } from '@mantine/core';
import { CopyAsCli } from '../components/copy-button.js';
import { sentence } from '../components/format.js';
import { ProblemState } from '../components/states.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { FlagValue } from './flag-value.js';
import styles from './flags.module.css';
import { evaluateFlagQuery, flagChangedSubscription, type FlagDetail, type Scope } from './flags.query.js';
import { contextOf, describeScope } from './scope.js';

const reasons: Record<string, string> = {
  KILLED: 'The flag is off in this environment, so no rule counts.',
  RULE: 'The most specific rule that matches decides.',
  DEFAULT: 'No rule matches, so the default is served.',
  STRATEGY: 'No rule matches, so the strategies decide.',
  DEPENDENCY: 'A flag that this one depends on is not as it must be.',
  DRAFT: 'The flag is a draft, so no rule counts.',
  ARCHIVED: 'The flag is archived: the default is served everywhere.',
};

/** Rules for somebody else; a few show how the others were passed over. */
const othersShown = 4;

/** Why a scope gets its value: every rule, from the least to the most specific, and which one won. */
export function Explanation({ flag, scope }: { flag: FlagDetail; scope: Scope | undefined }) {
  const explainable = scope && !['TIER', 'REGION'].includes(scope.kind) ? scope : undefined;
  const input = {
    flag: flag.key,
    environment: flag.environment.name,
    ...(explainable ? contextOf(explainable) : {}),
  };
  const { data, problem, loading, refresh } = useRead(evaluateFlagQuery, { input }, { pause: !explainable });
  useLive(flagChangedSubscription, { key: flag.key }, useThrottled(refresh), { pause: !explainable });
  if (!explainable) {
    return (
      <div className="dim">
        Choose a tenant or a branch on the left to see which rule decides for it, and which ones lose.
      </div>
    );
  }
  if (problem) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading || !data) return <Skeleton height={120} radius="sm" />;
  const decision = data.evaluateFlag;
  const variants = flag.variants.map(({ name }) => name);
  const matched = decision.trace.filter(({ outcome }) => outcome !== 'NOT_MATCHED');
  const others = decision.trace.filter(({ outcome }) => outcome === 'NOT_MATCHED');
  const steps = [...matched, ...others.slice(0, othersShown)];
  const left = others.length - othersShown;
  return (
    <div className={styles['explanation']}>
      <div className={styles['verdict']}>
        <span>
          <b>{sentence(describeScope(explainable))}</b> gets
        </span>
        <FlagValue enabled={decision.enabled} variant={decision.variant} variants={variants} />
      </div>
      <div className="dim">{reasons[decision.reason] ?? decision.reason}</div>
      <ol className={styles['trace']}>
        {steps.map((step, index) => (
          <li key={index} data-outcome={step.outcome}>
            <i aria-hidden="true" />
            <div>
              <div className={styles['traceHead']}>
                <span>
                  {sentence(step.scope.kind)}
                  {step.scope.kind !== 'ENVIRONMENT' && <span className="dim"> {step.scope.label}</span>}
                </span>
                {(step.variant !== null || step.enabled !== null) && (
                  <FlagValue enabled={step.enabled ?? false} variant={step.variant} variants={variants} />
                )}
              </div>
              <div className={styles['traceText']}>
                <b>{sentence(step.outcome)}.</b> {step.explanation}
              </div>
            </div>
          </li>
        ))}
      </ol>
      {left > 0 && <div className="dim num">{left} more rules do not match.</div>}
      <CopyAsCli command={explainCommand(flag, explainable)} />
    </div>
  );
}

function explainCommand(flag: FlagDetail, scope: Scope): string {
  const where = scope.kind === 'ENVIRONMENT' ? '' : ` --${scope.kind.toLowerCase()} ${scope.key}`;
  return `tierdeck flag explain ${flag.key}${where} -e ${flag.environment.name}`;
}
