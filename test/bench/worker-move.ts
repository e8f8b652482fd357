import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../support/kill-points.js';
import { MovingStack, type Victim } from '../support/moving-stack.js';
import { quantile } from './measure.js';
import type { Measurement } from './report.js';
import { setting } from './tenant-move/moves.js';
import { DocumentLoad, jobsOf, type DoneJob } from './worker-move-load.js';

const moves = setting('TIERDECK_BENCH_WORKER_MOVES', 20);
const kills = setting('TIERDECK_BENCH_WORKER_KILLS', 20);
const perSecond = setting('TIERDECK_BENCH_WORKER_JOBS', 10);
const seed = setting('TIERDECK_SEED', Date.now() % 1_000_000);
const [mover, neighbour] = ['northwind', 'staying'] as const;
const aloneMs = 15_000;
const betweenMs = 500;
/** A job of a worker that was killed: its lease, the look that takes it back, the start of a process. */
const goalKilledSeconds = 20;
const goalSeconds = 2;
const goalNeighbours = 1.5;

/** What happened to jobs that were made in one part of the run. */
interface Part {
  moving: DoneJob[];
  staying: DoneJob[];
}

/**
 * The built product: two tenants whose orders come as EDI documents at a steady rate, each a job that the limit of one in
 * flight keeps in order. One tenant's jobs go to workers of its own and back to the pooled ones again and again; then the
 * same while a worker is killed with SIGKILL at a moment of each hand-over that the seed says.
 */
export async function benchWorkerMove(): Promise<Measurement[]> {
  process.stderr.write(`seed ${seed}\n`);
  const world = await MovingStack.start([mover, neighbour]);
  try {
    const loads = [
      await DocumentLoad.start(world.stack, mover, perSecond),
      await DocumentLoad.start(world.stack, neighbour, perSecond),
    ] as const;
    await sleep(3_000);
    const began = Date.now();
    await sleep(aloneMs);
    const moved = Date.now();
    await moveAgainAndAgain(world);
    const killed = Date.now();
    const killedIn = await killAgainAndAgain(world);
    await Promise.all(loads.map((load) => load.stop()));
    const ended = Date.now();
    const [moving, staying] = await Promise.all([jobsOf(world, mover), jobsOf(world, neighbour)]);
    const part = (from: number, to: number): Part => {
      const within = ({ madeAt }: DoneJob): boolean => madeAt >= from && madeAt < to;
      return { moving: moving.filter(within), staying: staying.filter(within) };
    };
    const wrong = [...wrongs(mover, loads[0].sent, moving), ...wrongs(neighbour, loads[1].sent, staying)];
    for (const line of wrong) process.stderr.write(`${line}\n`);
    return measurements(part(began, moved), part(moved, killed), part(killed, ended), wrong, {
      jobs: moving.length,
      killedIn,
    });
  } finally {
    await world.remove();
  }
}

/** Until the queue is worked off, so that each kill is measured by itself. */
async function drained(world: MovingStack): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(betweenMs)) {
    const waiting = await world.atHome(
      `select id from integration_job where tenant_id = $1 and status <> 'DONE' and created_at < now() - interval '1 second'`,
      mover,
    );
    if (waiting.length === 0) return;
  }
}

/** What is not as it was sent, a sentence each: lost, doubled, out of order, failed. */
function wrongs(slug: string, sent: readonly string[], done: readonly DoneJob[]): string[] {
  const found: string[] = [];
  const times = new Map<string, number>();
  for (const { purchaseOrder } of done) times.set(purchaseOrder, (times.get(purchaseOrder) ?? 0) + 1);
  for (const order of sent) {
    const count = times.get(order) ?? 0;
    if (count !== 1) found.push(`${slug}: ${order} was done ${count} times`);
    times.delete(order);
  }
  for (const order of times.keys()) found.push(`${slug}: ${order} was done and never acknowledged`);
  const numbers = done.map(({ purchaseOrder }) => Number(purchaseOrder.slice('PO-'.length)));
  for (const [i, number] of numbers.entries()) {
    const before = numbers[i - 1] ?? 0;
    if (number < before) found.push(`${slug}: PO-${number} came after PO-${before}`);
  }
  return found;
}

async function moveAgainAndAgain(world: MovingStack): Promise<void> {
  for (let i = 0; i < moves; i++) {
    await world.settled(await flip(world, i));
    await sleep(betweenMs);
  }
}

function flip(world: MovingStack, i: number): Promise<string> {
  const integrationWorkers = i % 2 === 0 ? 'DEDICATED' : 'SHARED';
  return world.change('changePlacement', { integrationWorkers });
}

/** @returns what was killed, how often. */
async function killAgainAndAgain(world: MovingStack): Promise<Map<Victim, number>> {
  const random = seeded(seed);
  const killed = new Map<Victim, number>();
  let took = 3_000;
  for (let i = 0; i < kills; i++) {
    const began = performance.now();
    // The count of moves before this is even or odd, as the setting says.
    const operation = await flip(world, moves + i);
    const victim: Victim = random() < 0.5 ? 'integration-worker' : 'integration-worker-northwind';
    await sleep(random() * took);
    if (await world.kill(victim)) killed.set(victim, (killed.get(victim) ?? 0) + 1);
    await world.settled(operation);
    took = (took + Math.min(10_000, performance.now() - began)) / 2;
    await drained(world);
  }
  return killed;
}

/** Longest time in which a job waited and none was begun. */
function longestPauseMs(done: readonly DoneJob[]): number {
  let longest = 0;
  for (const [i, { madeAt, waitedMs }] of done.entries()) {
    const before = done[i - 1];
    const since = Math.max(madeAt, before ? before.madeAt + before.waitedMs : madeAt);
    longest = Math.max(longest, madeAt + waitedMs - since);
  }
  return longest;
}

function measurements(
  alone: Part,
  moved: Part,
  killed: Part,
  wrong: readonly string[],
  { jobs, killedIn }: { jobs: number; killedIn: ReadonlyMap<Victim, number> },
): Measurement[] {
  const waits = (done: readonly DoneJob[]): number[] => done.map(({ waitedMs }) => waitedMs);
  const longest = (done: readonly DoneJob[]): number => Math.max(...waits(done)) / 1_000;
  const p99 = (done: readonly DoneJob[]): number => quantile(waits(done), 0.99);
  const gap = (done: readonly DoneJob[]): string =>
    `longest pause ${(longestPauseMs(done) / 1_000).toFixed(2)} s`;
  const [atHandOver, atKill] = [longest(moved.moving), longest(killed.moving)];
  const ratio = p99(moved.staying) / p99(alone.staying);
  const total = [...killedIn.values()].reduce((sum, count) => sum + count, 0);
  return [
    {
      name: `jobs lost, doubled, failed or out of order over ${moves} worker moves and ${kills} more under ${total} kills, seed ${seed}`,
      ours: `${wrong.length} of ${jobs}`,
      reference: 'what the senders were acknowledged',
      ratio: wrong.length,
      goal: '0',
      reached: wrong.length === 0 && jobs > 0,
    },
    {
      name: 'longest wait of a job at the hand-over, one job in flight',
      ours: `${atHandOver.toFixed(2)} s (p99 ${p99(moved.moving).toFixed(0)} ms, ${gap(moved.moving)})`,
      reference: `${longest(alone.moving).toFixed(2)} s (p99 ${p99(alone.moving).toFixed(0)} ms, ${gap(alone.moving)}) without moves`,
      ratio: atHandOver / goalSeconds,
      goal: `≤ ${goalSeconds} s`,
      reached: atHandOver <= goalSeconds,
    },
    {
      name: 'the same with SIGKILL of a worker in each',
      ours: `${atKill.toFixed(1)} s (p99 ${(p99(killed.moving) / 1_000).toFixed(1)} s, ${gap(killed.moving)})`,
      reference: [...killedIn].map(([victim, count]) => `${count} × ${victim}`).join(', '),
      ratio: atKill / goalKilledSeconds,
      goal: `≤ ${goalKilledSeconds} s`,
      reached: atKill <= goalKilledSeconds,
    },
    {
      name: 'jobs of the neighbour on the pooled workers meanwhile, p99',
      ours: `${p99(moved.staying).toFixed(0)} ms (longest ${longest(moved.staying).toFixed(2)} s)`,
      reference: `${p99(alone.staying).toFixed(0)} ms without moves`,
      ratio,
      goal: `≤ ${goalNeighbours}`,
      reached: ratio <= goalNeighbours,
    },
  ];
}
