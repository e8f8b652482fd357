import { createHash } from 'node:crypto';

/** Names of the databases and login roles that one control plane owns on a cluster. */
export interface DatabaseNames {
  pool: string;
  template: string;
  /** Database and login role of a tenant of its own. */
  dedicated(slug: string): string;
  /** What the names of prepared databases begin with. */
  prepared: string;
}

/** PostgreSQL cuts longer identifiers off without an error. */
const maxIdentifier = 63;

/**
 * A control plane whose own database has another name than `tierdeck` puts that name in front, so that several of them
 * (two installations, the suites of a test run) share a server without touching one another's databases.
 */
export function databaseNames(controlPlaneUrl: string): DatabaseNames {
  const own = decodeURIComponent(new URL(controlPlaneUrl).pathname.slice(1)) || 'tierdeck';
  const prefix = own === 'tierdeck' ? '' : `${own}_`;
  return {
    pool: identifier(`${prefix}tierdeck_pool`),
    template: identifier(`${prefix}tierdeck_template`),
    // Short enough for what makes each name its own.
    prepared: `${identifier(`${prefix}tierdeck_ready`).slice(0, maxIdentifier - 9)}_`,
    dedicated: (slug) => identifier(`${prefix}tenant_${slug.replaceAll('-', '_')}`),
  };
}

function identifier(name: string): string {
  if (name.length <= maxIdentifier) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 10);
  return `${name.slice(0, maxIdentifier - 11)}_${digest}`;
}
