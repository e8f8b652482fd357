import { Tooltip } from '@mantine/core';
import { StatusBadge } from '../components/badges.js';
import { formatCompact, formatPercent } from '../components/format.js';
import styles from './gate-meter.module.css';
import { kpiTitles, stopsAt } from './kpi.js';
import type { Gate } from './releases.query.js';

interface GateMeterProps {
  gate: Gate;
  /** How many gates the wave has: they share the chance of a false alarm. */
  gates: number;
  /** Whether the wave has begun, so that its gate is on guard. */
  begun: boolean;
}

/** A gate: the share of bad outcomes against the most that is allowed, and how strong the evidence against it is. */
export function GateMeter({ gate, gates, begun }: GateMeterProps) {
  const { observed, threshold, samples, minSamples, evidence, verdict } = gate;
  // The threshold stands at 60 % of the scale, until what is observed needs more room.
  const scale = Math.max(threshold / 0.6, (observed ?? 0) * 1.1, 1e-9);
  const limit = stopsAt(gates);
  const strength = evidence && evidence > 1 ? Math.min(1, Math.log(evidence) / Math.log(limit)) : 0;
  return (
    <Tooltip label={gate.explanation} disabled={!gate.explanation}>
      <div className={styles['gate']} data-verdict={begun ? verdict : 'IDLE'} tabIndex={0}>
        <div className={styles['head']}>
          <span className="truncate">{kpiTitles[gate.kpi] ?? gate.kpi}</span>
          {begun && <StatusBadge status={verdict} plain />}
        </div>
        <div
          className={styles['bar']}
          role="meter"
          aria-label={`${kpiTitles[gate.kpi] ?? gate.kpi}: share of bad outcomes`}
          aria-valuenow={observed ?? 0}
          aria-valuemin={0}
          aria-valuemax={scale}
        >
          <i className={styles['fill']} style={{ width: `${((observed ?? 0) / scale) * 100}%` }} />
          <i className={styles['mark']} style={{ left: `${(threshold / scale) * 100}%` }} />
        </div>
        <div className={`${styles['figures']} num`}>
          <span>
            {observed === null ? 'no data yet' : formatPercent(observed)}
            <span className="faint"> of at most {formatPercent(threshold)}</span>
          </span>
          <span className={begun && samples < minSamples ? styles['few'] : 'faint'}>
            {formatCompact(samples)}/{formatCompact(minSamples)} samples
          </span>
        </div>
        <div className={`${styles['figures']} num`}>
          <span className="faint">Evidence against</span>
          <span className={styles['evidence']} aria-hidden="true">
            <i style={{ width: `${strength * 100}%` }} />
          </span>
          <span className="faint">
            {evidence === null ? '—' : evidenceText(evidence)} / {formatCompact(limit)}
          </span>
        </div>
      </div>
    </Tooltip>
  );
}

const evidenceText = (evidence: number): string =>
  evidence >= 1e6 ? evidence.toExponential(0) : formatCompact(Number(evidence.toPrecision(2)));
