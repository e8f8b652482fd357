import { formatNumber } from '../components/format.js';
import type { Quota } from './quotas.query.js';

type QuotaKind = Quota['kind'];

export const quotaTitles: Record<QuotaKind, { title: string; unit: string; meaning: string }> = {
  REQUEST_RATE: {
    title: 'Request rate',
    unit: 'requests a second',
    meaning: 'Requests the data plane admits each second; the burst may come at once.',
  },
  CONCURRENCY: {
    title: 'Concurrency',
    unit: 'requests at once',
    meaning: 'Requests of the tenant in service at the same time.',
  },
  JOBS_IN_FLIGHT: {
    title: 'Jobs in flight',
    unit: 'jobs at once',
    meaning: 'Integration jobs running at the same time.',
  },
  JOBS_QUEUED: {
    title: 'Jobs queued',
    unit: 'jobs waiting',
    meaning: 'Integration jobs that may wait; more are refused at intake.',
  },
};

export function limitText({ limit, burst }: { limit: number; burst: number | null }): string {
  return burst === null ? formatNumber(limit) : `${formatNumber(limit)}, burst ${formatNumber(burst)}`;
}
