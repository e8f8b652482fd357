import { isolationTier, type IsolationTier, type Placement, type Tenant } from '../tenant.js';
import { clusterProblems, monthlyCost, respectsRegion, type Cluster } from './cluster.js';

export interface PlacementPlan {
  tenant: string;
  currentTier: IsolationTier;
  targetTier: IsolationTier;
  /** Cluster of the database now and then; null while the tenant has none. */
  currentCluster: string | null;
  targetCluster: string | null;
  /** Rows that would be copied. */
  rows: number;
  /** Rough; null if nothing is copied. */
  copySeconds: number | null;
  /** By the rate cards, a month; null if they do not say. */
  currentMonthlyCost: number | null;
  targetMonthlyCost: number | null;
  /** How a cost becomes known that is not; null if both are. */
  costHint: string | null;
  steps: string[];
  risks: string[];
  blockers: string[];
}

export interface PlacementWish {
  database?: Placement | null | undefined;
  cluster?: string | null | undefined;
  integrationWorkers?: Placement | null | undefined;
}

/** What a plan is made from. */
export interface PlacementFacts {
  /** What the tenant has now. */
  rows: number;
  from: Cluster | undefined;
  to: Cluster | undefined;
  /** What the databases themselves say against a move. */
  flaws: readonly string[];
  undoSeconds: number;
  /** Share of the time that the bulk work of a move takes, above 0 up to 1. */
  pace: number;
}

/** Rows a second, copied and compared without rests between two databases of one machine; measured with 1 M rows. */
const copyRate = 70_000;
const compareRate = 390_000;

/** Reserving the target, the streams, the comparison and the switch take about this long without any row. */
const fixedSeconds = 2;

/** A longer copy is a risk: changes pile up on the source meanwhile. In seconds. */
const longCopySeconds = 600;

/** What a change of placement would mean. Pure. */
export function planPlacement(tenant: Tenant, wish: PlacementWish, facts: PlacementFacts): PlacementPlan {
  const { rows, from, to, flaws, undoSeconds, pace } = facts;
  const database = wish.database ?? tenant.databasePlacement;
  const workers = wish.integrationWorkers ?? tenant.workerPlacement;
  const moves = database !== tenant.databasePlacement || (from !== undefined && to?.name !== from.name);
  const copySeconds = fixedSeconds + Math.ceil(rows / (copyRate * pace) + rows / (compareRate * pace));
  const steps: string[] = [];
  const risks: string[] = [];
  const blockers: string[] = [];
  if (tenant.status === 'OFFBOARDED' || tenant.status === 'OFFBOARDING') {
    blockers.push(`Tenant "${tenant.slug}" is ${tenant.status}.`);
  } else if (moves && tenant.status !== 'ACTIVE') {
    blockers.push(`Tenant "${tenant.slug}" is ${tenant.status}; only an ACTIVE one is moved.`);
  }
  if (moves && !to) blockers.push(`There is no cluster "${wish.cluster}".`);
  if (moves && to) {
    const home = database === 'DEDICATED' ? 'a database of its own' : 'the pooled database';
    steps.push(
      `Make ${home} on cluster "${to.name}" ready`,
      `Copy ${rows} rows there and follow the changes`,
      'Pause the writers for a moment and cut over',
      'Compare every row',
      `Keep the way back open for ${duration(undoSeconds)}, then erase the former database`,
    );
    if (from && !respectsRegion(tenant, from, to)) {
      blockers.push(
        `It stays in region "${tenant.region ?? from.region}"; "${to.name}" is in "${to.region}".`,
      );
    }
    blockers.push(...clusterProblems(to, database).map(({ message }) => message), ...flaws);
    if (copySeconds > longCopySeconds) {
      risks.push(`The copy takes ${duration(copySeconds)}; the source keeps its changes on disk meanwhile.`);
    }
    if (from && from.name !== to.name) risks.push('Every change crosses the network between two servers.');
    if (database === 'SHARED') risks.push('Other tenants of the pooled database share its capacity with it.');
  }
  if (workers !== tenant.workerPlacement) {
    steps.push(
      workers === 'DEDICATED'
        ? 'Start integration workers of its own; its jobs leave the pooled queue'
        : 'Its jobs go to the pooled workers; its own workers end',
    );
  }
  const home = to ?? from;
  const currentCost = from ? monthlyCost(from, tenant.databasePlacement, tenant.workerPlacement) : 0;
  const targetCost = home ? monthlyCost(home, database, workers) : currentCost;
  const unpriced = [currentCost === null && from, targetCost === null && home].find(Boolean);
  return {
    tenant: tenant.slug,
    currentTier: isolationTier(tenant.databasePlacement, tenant.workerPlacement),
    targetTier: isolationTier(database, workers),
    currentCluster: from?.name ?? null,
    targetCluster: home?.name ?? null,
    rows: moves ? rows : 0,
    copySeconds: moves ? copySeconds : null,
    currentMonthlyCost: currentCost,
    targetMonthlyCost: targetCost,
    costHint: unpriced
      ? `The rate card of cluster "${unpriced.name}" does not say. ` +
        `tierdeck cluster update ${unpriced.name} --pooled-cost <n> --dedicated-cost <n> --worker-cost <n>`
      : null,
    steps,
    risks,
    blockers,
  };
}

function duration(seconds: number): string {
  if (seconds >= 7_200) return `${Math.round(seconds / 3_600)} hours`;
  return seconds >= 120 ? `${Math.round(seconds / 60)} minutes` : `${seconds} seconds`;
}
