import { Link } from '@tanstack/react-router';
import { StatusBadge } from '../components/badges.js';
import { CopyButton } from '../components/copy-button.js';
import { Facts, Stat } from '../components/facts.js';
import { formatNumber, sentence } from '../components/format.js';
import { Labels } from '../components/labels.js';
import { Panel } from '../components/page.js';
import { Time } from '../components/time.js';
import { useRead } from '../graphql/use-read.js';
import { operationTitle } from '../operations/operation-kind.js';
import { unitKinds } from '../statuses.js';
import { PlacementPicture } from './placement-picture.js';
import styles from './tenant.module.css';
import { type TenantDetail, tenantRowsQuery } from './tenant.query.js';

const plural = { REGION: 'Regions', BRANCH: 'Branches', WAREHOUSE: 'Warehouses', ACCOUNT: 'Accounts' };

export function TenantOverview({ tenant }: { tenant: TenantDetail }) {
  const count = (kind: (typeof unitKinds)[number]) =>
    tenant.unitCounts.find((one) => one.kind === kind)?.count ?? 0;
  const rows = useRead(tenantRowsQuery, { slug: tenant.slug }).data?.tenant?.database.rows;
  const operations = tenant.operations.edges.map(({ node }) => node);
  return (
    <div className={styles['overview']}>
      <div className={styles['column']}>
        <Panel title="Where it runs">
          <PlacementPicture tenant={tenant} />
        </Panel>
        <Panel title="Units">
          <div className={styles['stats']}>
            {unitKinds.map((kind) => (
              <Stat key={kind} label={plural[kind]} value={formatNumber(count(kind))} />
            ))}
            <Stat label="Rows" value={rows === null || rows === undefined ? '—' : formatNumber(rows)} />
          </div>
        </Panel>
      </div>
      <div className={styles['column']}>
        <Panel title="Details">
          <Facts
            entries={[
              [
                'Slug',
                <span className="mono">
                  {tenant.slug} <CopyButton value={tenant.slug} label="Copy the slug" />
                </span>,
              ],
              ['Plan', tenant.plan],
              ['Region', tenant.region],
              ['Tier', sentence(tenant.tier)],
              ['Labels', <Labels labels={tenant.labels} wrap />],
              ['Since', <Time at={tenant.createdAt} />],
              [
                'Id',
                <span className="mono">
                  {tenant.id.slice(0, 8)}… <CopyButton value={tenant.id} label="Copy the id" />
                </span>,
              ],
            ]}
          />
        </Panel>
        <Panel title="Last operations">
          {operations.length === 0 ? (
            <span className="dim">None yet.</span>
          ) : (
            <div className={styles['recent']}>
              {operations.map((operation) => (
                <Link
                  key={operation.id}
                  to="/operations/$id"
                  params={{ id: operation.id }}
                  className={styles['recentRow']}
                >
                  <span>{operationTitle(operation.kind)}</span>
                  <span className={styles['recentMeta']}>
                    <StatusBadge status={operation.status} plain />
                    <span className="dim">
                      <Time at={operation.createdAt} />
                    </span>
                  </span>
                </Link>
              ))}
            </div>
          )}
        </Panel>
      </div>
    </div>
  );
}
