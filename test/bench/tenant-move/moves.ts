import { median } from '../measure.js';
import type { Measurement } from '../report.js';
import { now } from './samples.js';
import { MoveWorld } from './world.js';

const rows = setting('TIERDECK_BENCH_MOVE_ROWS', 1_000_000);
const moves = setting('TIERDECK_BENCH_MOVES', 20);
const writesPerSecond = setting('TIERDECK_BENCH_MOVE_WRITES', 500);
const neighboursPerSecond = 200;
/** How long the load runs without a move before each move, in milliseconds. */
const quietMs = 6_000;
/** A writer's wait belongs to a cut-over if it began so shortly before or after it, in milliseconds. */
const cutOverMs = 1_500;
const goalPauseMs = 150;
const goalRatio = 1.3;

export function setting(name: string, otherwise: number): number {
  return Number(process.env[name] ?? otherwise);
}

interface Round {
  pauseMs: number;
  moverPauseMs: number;
  seconds: number;
  finishSeconds: number;
  quietP99Ms: number;
  /** From the start of the move until the former database is erased. */
  movingP99Ms: number;
  /** Of that, while it is erased. */
  erasingP99Ms: number;
}

/**
 * Moves a tenant of a million rows in ten tables to a database of its own and back, again and again, while it is written
 * 500 times a second and its neighbours in the pooled database are under a steady load.
 *
 * Writer pause of a move: the longest time from the moment a write was due (open loop) until it was acknowledged, of all
 * writes due within 1.5 s of the cut-over. Nothing is subtracted. The p100 is the longest of all moves.
 *
 * Neighbours: their p99 from the start of a move until its former database is erased, against their p99 in the quiet
 * seconds before that move; the ratio is that of the medians over the rounds.
 */
export async function benchTenantMove(): Promise<Measurement[]> {
  const world = await MoveWorld.start({ rows, writesPerSecond, neighboursPerSecond });
  try {
    await pause(3_000);
    const rounds: Round[] = [];
    for (let n = 0; n < moves; n++) {
      const round = await oneMove(world);
      rounds.push(round);
      tell(n, round);
    }
    await pause(1_000);
    const began = now();
    const { failed, failures } = await world.writer.stop();
    if (failed > 0) process.stderr.write(`failed writes: ${failures.join(' | ')}\n`);
    const { acknowledged, differences } = await world.differences();
    const move = await world.move();
    const left = await world.remains([move?.source_id ?? '', move?.target_id ?? '']);
    for (const line of [...differences, ...left]) process.stderr.write(`${line}\n`);
    const all = await world.writer.window(0, began);
    return measurements(rounds, {
      acknowledged,
      failed,
      differences,
      left,
      p50Ms: all.p50Ms,
      p99Ms: all.p99Ms,
    });
  } finally {
    await world.stop();
  }
}

async function oneMove(world: MoveWorld): Promise<Round> {
  const quietFrom = now();
  await pause(quietMs);
  const from = now();
  await world.beginMove();
  const moved = await world.reaches(['UNDO_WINDOW', 'ABORTED', 'UNDONE']);
  if (moved.state !== 'UNDO_WINDOW') throw new Error(`the move ended ${moved.state}: ${await world.why()}`);
  const to = now();
  await world.end('finishMove');
  await world.reaches(['FINISHED']);
  const finished = now();
  await pause(500);
  const cut = moved.cut_over_ms ?? 0;
  const [quiet, moving, erasing, writes] = await Promise.all([
    world.others.window(quietFrom, from),
    world.others.window(from, finished),
    world.others.window(to, finished),
    world.writer.window(cut - cutOverMs, cut + cutOverMs),
  ]);
  return {
    pauseMs: writes.maxMs,
    moverPauseMs: moved.pause_ms ?? 0,
    seconds: (to - from) / 1_000,
    finishSeconds: (finished - to) / 1_000,
    quietP99Ms: quiet.p99Ms,
    movingP99Ms: moving.p99Ms,
    erasingP99Ms: erasing.p99Ms,
  };
}

function tell(n: number, round: Round): void {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  process.stderr.write(
    `move ${n + 1}: ${round.seconds.toFixed(1)} s + ${round.finishSeconds.toFixed(1)} s, pause ${ms(round.pauseMs)} ` +
      `(mover ${ms(round.moverPauseMs)}), neighbours' p99 ${ms(round.quietP99Ms)}, moving ${ms(round.movingP99Ms)} ` +
      `(erasing ${ms(round.erasingP99Ms)})\n`,
  );
}

interface Outcome {
  acknowledged: number;
  failed: number;
  differences: string[];
  left: string[];
  p50Ms: number;
  p99Ms: number;
}

function measurements(rounds: readonly Round[], outcome: Outcome): Measurement[] {
  const { acknowledged, failed, differences, left } = outcome;
  const of = (pick: (round: Round) => number): number[] => rounds.map(pick);
  const longest = Math.max(...of(({ pauseMs }) => pauseMs));
  const wrong = failed + differences.length;
  const ratio = (pick: (round: Round) => number): number =>
    median(of(pick)) / median(of(({ quietP99Ms }) => quietP99Ms));
  const moving = ratio(({ movingP99Ms }) => movingP99Ms);
  const seconds = median(of((round) => round.seconds)).toFixed(1);
  const quiet = median(of(({ quietP99Ms }) => quietP99Ms)).toFixed(1);
  const erasing = median(of(({ erasingP99Ms }) => erasingP99Ms)).toFixed(1);
  return [
    {
      name: `writer pause at cut-over, longest of ${rounds.length} moves of ${rows} rows under ${writesPerSecond} writes/s`,
      ours: `${longest.toFixed(0)} ms (p50 ${median(of(({ pauseMs }) => pauseMs)).toFixed(0)} ms; a move ${seconds} s)`,
      reference: `all writes p50 ${outcome.p50Ms.toFixed(1)} ms, p99 ${outcome.p99Ms.toFixed(1)} ms`,
      ratio: longest / goalPauseMs,
      goal: `≤ ${goalPauseMs} ms`,
      reached: longest <= goalPauseMs,
    },
    {
      name: 'writes lost, doubled, changed or failed',
      ours: `${wrong} of ${acknowledged}`,
      reference: 'the writers’ journal and checksums of all other rows',
      ratio: wrong,
      goal: '0',
      reached: wrong === 0 && acknowledged > 0,
    },
    {
      name: 'slots, publications, subscriptions and roles left',
      ours: String(left.length),
      reference: '0',
      ratio: left.length,
      goal: '0',
      reached: left.length === 0,
    },
    {
      name: 'other tenants’ p99 during a move',
      ours: `${median(of(({ movingP99Ms }) => movingP99Ms)).toFixed(1)} ms`,
      reference: `${quiet} ms before it; while the former database is erased ${erasing} ms`,
      ratio: moving,
      goal: `≤ ${goalRatio}`,
      reached: moving <= goalRatio,
    },
  ];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
