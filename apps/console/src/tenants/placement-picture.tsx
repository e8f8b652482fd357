import { IconArrowRight, IconBolt, IconDatabase, IconFileImport, IconServer2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Placement } from '../components/badges.js';
import styles from './placement-picture.module.css';
import type { TenantDetail } from './tenant.query.js';

/** The way of a request and of an EDI document: what the tenant shares with others, and what is its own. */
export function PlacementPicture({ tenant }: { tenant: TenantDetail }) {
  const { database, integrationWorkers } = tenant;
  const alive = integrationWorkers.instances.filter((instance) => instance.alive).length;
  const dedicatedWorkers = integrationWorkers.placement === 'DEDICATED';
  return (
    <div className={styles['picture']}>
      <Source icon={<IconBolt size={16} stroke={1.7} />} title="Requests" detail="orders, quotes, stock" />
      <IconArrowRight className={styles['arrow']} size={18} aria-hidden="true" />
      <Box
        placement="SHARED"
        icon={<IconServer2 size={16} stroke={1.7} />}
        title="Distribution service"
        shared="admits by quota"
      >
        every tenant
      </Box>
      <IconArrowRight className={styles['arrow']} size={18} aria-hidden="true" />
      <div className={styles['database']}>
        <Box
          placement={database.placement}
          icon={<IconDatabase size={16} stroke={1.7} />}
          title={database.placement === 'DEDICATED' ? 'Its own database' : 'Pooled database'}
          shared="row-level security"
        >
          {database.name ? <span className="mono">{database.name}</span> : 'not placed yet'}
          {database.loginRole && (
            <span className={styles['role']}>
              login <span className="mono">{database.loginRole}</span>
            </span>
          )}
          {database.cluster && <span className={styles['role']}>cluster {database.cluster}</span>}
        </Box>
      </div>
      <Source icon={<IconFileImport size={16} stroke={1.7} />} title="EDI documents" detail="become jobs" />
      <IconArrowRight className={styles['arrow']} size={18} aria-hidden="true" />
      <Box
        placement={integrationWorkers.placement}
        icon={<IconServer2 size={16} stroke={1.7} />}
        title={dedicatedWorkers ? 'Its own integration workers' : 'Pooled integration workers'}
        shared="served in turn"
      >
        {dedicatedWorkers ? (
          <span className={alive > 0 ? styles['alive'] : styles['silent']}>
            {alive === 0 ? 'none alive' : `${alive} alive`}
          </span>
        ) : (
          'every shared tenant'
        )}
      </Box>
      <IconArrowRight className={styles['arrow']} size={18} aria-hidden="true" />
    </div>
  );
}

function Source({ icon, title, detail }: { icon: ReactNode; title: string; detail: string }) {
  return (
    <div className={styles['sourceBox']}>
      <span className={styles['boxTitle']}>
        {icon} {title}
      </span>
      <span className="faint">{detail}</span>
    </div>
  );
}

interface BoxProps {
  placement: Placement;
  icon: ReactNode;
  title: string;
  /** What keeps tenants apart where the thing is shared. */
  shared: string;
  children: ReactNode;
}

function Box({ placement, icon, title, shared, children }: BoxProps) {
  return (
    <div className={styles['box']} data-placement={placement}>
      <span className={styles['boxTitle']}>
        {icon} {title}
      </span>
      <span className={styles['boxBody']}>{children}</span>
      <span className={styles['boxFoot']}>
        {placement === 'DEDICATED' ? 'dedicated' : `shared, ${shared}`}
      </span>
    </div>
  );
}
