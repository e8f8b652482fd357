import pg from 'pg';
import { createTestDatabase } from '../support/database.js';
import { ControlPlaneProcess } from './control-plane-process.js';
import { median, quantile } from './measure.js';
import type { Measurement } from './report.js';

const warmUp = 3;
const tenants = 30;
/** Databases that stand ready at once: as many as are taken in a row. */
const prepared = 10;
const goalsMs = { shared: 50, prepared: 150, cloned: 600 };

type Placement = 'SHARED' | 'DEDICATED';

/**
 * From the start of the mutation until the tenant is open for requests, as the revision log tells it; without data,
 * one tenant after the other.
 */
export async function benchOnboarding(): Promise<Measurement[]> {
  const warm = await withOnboarding(prepared, async (onboard) => {
    const shared = await times(tenants, () => onboard('SHARED'));
    const dedicated: number[] = [];
    for (let round = 0; round < tenants / prepared; round++) {
      await onboard.stocked(prepared);
      dedicated.push(...(await times(prepared - 1, () => onboard('DEDICATED'), 0)));
    }
    return { shared, dedicated };
  });
  const cloned = await withOnboarding(0, (onboard) => times(tenants / 2, () => onboard('DEDICATED')));
  return [
    measurement('onboarding, shared', warm.shared, goalsMs.shared),
    measurement('onboarding, dedicated, from a prepared database', warm.dedicated, goalsMs.prepared),
    measurement('onboarding, dedicated, cloned', cloned, goalsMs.cloned),
  ];
}

interface Onboard {
  (database: Placement): Promise<number>;
  /** Waits until so many databases stand ready and nothing else is under way. */
  stocked(count: number): Promise<void>;
}

async function withOnboarding<T>(stock: number, work: (onboard: Onboard) => Promise<T>): Promise<T> {
  const scratch = await createTestDatabase('control-plane');
  const controlPlane = await ControlPlaneProcess.start(scratch.url, {
    TIERDECK_PREPARED_DATABASES: String(stock),
  });
  const listener = new pg.Client({ connectionString: scratch.url });
  await listener.connect();
  await listener.query('listen tierdeck_revision');
  const opened = new Map<string, () => void>();
  listener.on('notification', ({ payload }) => {
    const { action, subject } = JSON.parse(payload ?? '{}') as { action: string; subject: string };
    if (action === 'tenant.onboarded') opened.get(subject)?.();
  });
  let count = 0;
  const onboard = async (database: Placement): Promise<number> => {
    const slug = `bench-${count++}`;
    const active = new Promise<void>((resolve) => opened.set(`tenant/${slug}`, resolve));
    const since = performance.now();
    await controlPlane.api.change('onboardTenant', { slug, name: slug, database }, 'tenant { slug }');
    await active;
    return performance.now() - since;
  };
  const stocked = async (wanted: number): Promise<void> => {
    for (;;) {
      const { rows } = await listener.query<{ ready: number }>(
        'select count(template_digest)::int as ready from prepared_database',
      );
      if ((rows[0]?.ready ?? 0) >= wanted) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  try {
    return await work(Object.assign(onboard, { stocked }));
  } finally {
    await listener.end();
    await controlPlane.stop();
  }
}

async function times(count: number, work: () => Promise<number>, warm = warmUp): Promise<number[]> {
  const measured: number[] = [];
  for (let i = -warm; i < count; i++) {
    const ms = await work();
    if (i >= 0) measured.push(ms);
  }
  return measured;
}

function measurement(name: string, measured: readonly number[], goalMs: number): Measurement {
  const p50 = median(measured);
  return {
    name,
    ours: `p50 ${p50.toFixed(0)} ms, p95 ${quantile(measured, 0.95).toFixed(0)} ms of ${measured.length}`,
    reference: `${goalMs} ms`,
    ratio: p50 / goalMs,
    goal: '≤ 1',
    reached: p50 <= goalMs,
  };
}
