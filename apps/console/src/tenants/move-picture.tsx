import { IconArrowLeft, IconArrowRight, IconDatabase } from '@tabler/icons-react';
import type { Placement } from '../components/badges.js';
import styles from './move-picture.module.css';

interface Home {
  /** cluster/database, or what is known of it. */
  name: string;
  placement: Placement;
}

interface MovePictureProps {
  source: Home;
  target: Home;
  /** Who serves the tenant. */
  home: 'source' | 'target';
  /** What goes between the two, and which way. */
  flow: { text: string; way: 'forth' | 'back' | 'none'; moving?: boolean; share?: number | undefined };
  /** What becomes of each. */
  sourceNote: string;
  targetNote: string;
  tenant: string;
}

/** The two homes of a move: where the tenant is, and what flows between them. */
export function MovePicture(props: MovePictureProps) {
  const { source, target, home, flow, sourceNote, targetNote, tenant } = props;
  const Arrow = flow.way === 'back' ? IconArrowLeft : IconArrowRight;
  return (
    <div
      className={styles['picture']}
      role="img"
      aria-label={`${tenant} is in ${props[home].name}. ${flow.text}.`}
    >
      <HomeBox home={source} note={sourceNote} tenant={home === 'source' ? tenant : undefined} />
      <div className={styles['flow']} data-way={flow.way} data-moving={flow.moving ?? false}>
        <span className={styles['flowText']}>{flow.text}</span>
        <span className={styles['line']}>
          <i style={flow.share === undefined ? undefined : { width: `${Math.round(flow.share * 100)}%` }} />
          {flow.way !== 'none' && <Arrow size={18} aria-hidden="true" />}
        </span>
      </div>
      <HomeBox home={target} note={targetNote} tenant={home === 'target' ? tenant : undefined} />
    </div>
  );
}

function HomeBox({ home, note, tenant }: { home: Home; note: string; tenant: string | undefined }) {
  return (
    <div className={styles['home']} data-placement={home.placement} data-lives={tenant !== undefined}>
      <span className={styles['title']}>
        <IconDatabase size={16} stroke={1.7} aria-hidden="true" />
        {home.placement === 'DEDICATED' ? 'Its own database' : 'Pooled database'}
      </span>
      <span className="mono dim">{home.name}</span>
      <span className={styles['note']}>{note}</span>
      <span className={styles['slot']}>{tenant && <b className={styles['tenant']}>{tenant}</b>}</span>
    </div>
  );
}
