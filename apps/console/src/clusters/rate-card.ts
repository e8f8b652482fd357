import { formatNumber } from '../components/format.js';
import type { Cluster } from './clusters.query.js';

/** A month, in the one currency of the installation; null: nobody has set it. */
export type Cost = number | null;

export const rates = [
  { field: 'pooledTenantCost', label: 'Tenant in the pool' },
  { field: 'dedicatedDatabaseCost', label: 'Database of its own' },
  { field: 'dedicatedWorkerCost', label: 'Workers of its own' },
] as const satisfies { field: keyof Cluster; label: string }[];

export const formatCost = (cost: Cost): string => (cost === null ? 'not set' : formatNumber(cost));

/** `+40` or `−12.5`; undefined where one of the two is not known. */
export function costDifference(now: Cost, then: Cost): string | undefined {
  if (now === null || then === null) return undefined;
  const difference = then - now;
  if (difference === 0) return '±0';
  return `${difference > 0 ? '+' : '−'}${formatNumber(Math.abs(difference))}`;
}
