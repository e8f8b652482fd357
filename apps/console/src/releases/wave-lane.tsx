import { Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import { StatusBadge, TierBadge } from '../components/badges.js';
import { counted, formatDuration, sentence } from '../components/format.js';
import { useNow } from '../components/use-now.js';
import styles from './board.module.css';
import { GateMeter } from './gate-meter.js';
import type { Wave } from './releases.query.js';
import { describeSelector } from './selector.js';

const cardsShown = 60;

interface WaveLaneProps {
  wave: Wave;
  /** Slugs of the tenants that it would reach, before the release has started. */
  planned?: readonly string[] | undefined;
}

/** One wave: whom it reaches, what its gates say, how long it soaks. */
export function WaveLane({ wave, planned }: WaveLaneProps) {
  const exposed = wave.tenants.filter(({ status }) => status === 'EXPOSED').length;
  return (
    <section className={styles['lane']} data-status={wave.status} aria-label={`Wave ${wave.name}`}>
      <header className={styles['laneHead']}>
        <div className={styles['laneTitle']}>
          <span className={`${styles['position']} num`}>{wave.position}</span>
          <h2>{wave.name}</h2>
          <StatusBadge status={wave.status} />
        </div>
        <div className={styles['laneFacts']}>
          <span>{describeSelector(wave.selector)}</span>
          <span className="num">{wave.concurrency} at a time</span>
          <span className="num">soak {formatDuration(wave.soakSeconds * 1_000)}</span>
        </div>
        <Soak wave={wave} />
        {wave.reason && <div className={styles['reason']}>{wave.reason}</div>}
      </header>
      {wave.gates.length > 0 && (
        <div className={styles['gates']}>
          {wave.gates.map((gate) => (
            <GateMeter
              key={gate.kpi}
              gate={gate}
              gates={wave.gates.length}
              begun={wave.status !== 'PENDING'}
            />
          ))}
        </div>
      )}
      <div className={`${styles['count']} num`}>
        {planned
          ? `${counted(planned.length, 'tenant')} planned`
          : `${exposed} of ${counted(wave.tenants.length, 'tenant')} exposed`}
      </div>
      <div className={styles['cards']}>
        {wave.tenants.slice(0, cardsShown).map(({ tenant, status, error }) => (
          <Tooltip key={tenant.slug} label={error ?? sentence(status)}>
            <Link
              to="/tenants/$slug"
              params={{ slug: tenant.slug }}
              className={styles['card']}
              data-status={status}
            >
              <span className={styles['cardName']}>{tenant.name}</span>
              <span className={styles['cardFoot']}>
                <StatusBadge status={status} plain />
                <TierBadge tier={tenant.tier} />
              </span>
              {error && <span className={styles['cardError']}>{error}</span>}
            </Link>
          </Tooltip>
        ))}
        {(planned ?? wave.tenants).length > cardsShown && (
          <div className="faint num">and {(planned ?? wave.tenants).length - cardsShown} more</div>
        )}
        {planned?.slice(0, cardsShown).map((slug) => (
          <Link key={slug} to="/tenants/$slug" params={{ slug }} className={styles['card']}>
            <span className="mono dim">{slug}</span>
          </Link>
        ))}
        {(planned ?? wave.tenants).length === 0 && (
          <div className={styles['nobody']}>Selects nobody, does nothing.</div>
        )}
      </div>
    </section>
  );
}

/** How long the wave still soaks; its gates may only pass after that. */
function Soak({ wave }: { wave: Wave }) {
  const soaking = wave.status === 'SOAKING' && wave.soakUntil !== null;
  const now = useNow(soaking ? 500 : 60_000);
  if (!soaking || !wave.soakUntil) return <Fragment />;
  const left = Math.max(0, new Date(wave.soakUntil).getTime() - now);
  const share = 1 - left / Math.max(1, wave.soakSeconds * 1_000);
  return (
    <div className={styles['soak']} role="timer" aria-label="Soak">
      <span className={styles['soakBar']} aria-hidden="true">
        <i style={{ width: `${Math.min(100, Math.max(0, share) * 100)}%` }} />
      </span>
      <span className="num">
        {left > 0 ? `${formatDuration(Math.ceil(left / 1_000) * 1_000)} left` : 'soaked'}
      </span>
    </div>
  );
}
