import { Loader } from '@mantine/core';
import type { Cluster } from '../clusters/clusters.query.js';
import { type Cost, formatCost } from '../clusters/rate-card.js';
import type { Placement } from '../components/badges.js';
import { formatNumber } from '../components/format.js';
import { Meter } from '../components/meter.js';
import { RadioCards } from '../components/radio-cards.js';
import styles from './placement.module.css';
import type { TenantDetail } from './tenant.query.js';

interface ClusterChoiceProps {
  clusters: readonly Cluster[] | undefined;
  tenant: TenantDetail;
  /** Where its rows shall be: the pooled database or one of its own. */
  database: Placement;
  value: string | undefined;
  onChange: (cluster: string) => void;
}

/** The clusters with region, room and price; one that cannot take the tenant says why. */
export function ClusterChoice({ clusters, tenant, database, value, onChange }: ClusterChoiceProps) {
  if (!clusters) return <Loader size="xs" type="dots" />;
  const current = clusters.find(({ name }) => name === tenant.database.cluster);
  return (
    <RadioCards<string>
      label="Cluster"
      hideLabel
      value={value}
      options={clusters.map((cluster) => {
        const refusal = cluster === current ? undefined : refusalOf(cluster, current, tenant);
        const cost: Cost =
          database === 'DEDICATED' ? cluster.dedicatedDatabaseCost : cluster.pooledTenantCost;
        return {
          value: cluster.name,
          title: (
            <>
              {cluster.name} <span className="dim">{cluster.region}</span>
            </>
          ),
          disabled: refusal !== undefined,
          text: (
            <span className={styles['cluster']}>
              <span>{refusal ?? (cluster === current ? 'It is here now.' : 'Another server.')}</span>
              <Meter
                label={`Databases of ${cluster.name}`}
                value={cluster.databases}
                max={cluster.maxDatabases}
                format={formatNumber}
                unit="databases"
              />
              <span>
                {cost === null ? 'No rate card set' : `${formatCost(cost)} a month for the database`}
              </span>
            </span>
          ),
        };
      })}
      onChange={onChange}
    />
  );
}

/** What the control plane would refuse in any case; the plan has the rest. */
function refusalOf(cluster: Cluster, current: Cluster | undefined, tenant: TenantDetail): string | undefined {
  if (cluster.status !== 'ACTIVE') return 'It takes no tenants.';
  const region = tenant.region ?? current?.region;
  if (region && cluster.region !== region) return `Another region: the rows stay in ${region}.`;
  return undefined;
}
