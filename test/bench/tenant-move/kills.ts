import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../support/kill-points.js';
import type { ControlPlaneProcess } from '../control-plane-process.js';
import { median } from '../measure.js';
import type { Measurement } from '../report.js';
import { setting } from './moves.js';
import { now } from './samples.js';
import { MoveWorld, type MoveRow } from './world.js';

const rows = setting('TIERDECK_BENCH_MOVE_ROWS', 1_000_000);
const kills = setting('TIERDECK_BENCH_KILLS', 100);
const writesPerSecond = setting('TIERDECK_BENCH_MOVE_WRITES', 500);
const seed = setting('TIERDECK_SEED', Date.now() % 1_000_000);
const goalSeconds = 10;
/** Statements of the longest step, without those that a copy or an erasure repeats. */
const mostStatements = 40;

/** The steps of the three operations of which a mover may be killed, by what is asked of it. */
const steps = {
  beginMove: ['prepare-target', 'copy-rows', 'follow-changes', 'cut-over', 'arm-way-back', 'verify'],
  undoMove: ['switch-back', 'clean-up'],
  finishMove: ['drop-streams', 'erase'],
} as const;
type Asked = keyof typeof steps;

const atRest = ['UNDO_WINDOW', 'FINISHED', 'UNDONE', 'ABORTED'];

interface Kill {
  step: string;
  /** From the start of the next mover until the move was settled, and until all was erased that had to be. */
  settledSeconds: number;
  erasedSeconds: number;
  /** Share of it until the next mover was there. */
  startSeconds: number;
  /** In how many databases the tenant was at home when the next mover had settled the move. */
  homes: number;
  forward: boolean;
}

/**
 * The same load and tenant as `tenant-move`; the process that performs moves is killed with SIGKILL in a step drawn by
 * chance, at one of its statements or at a moment of it, and started again. One kill a move, and one in the undoing or
 * the finishing after it.
 *
 * A move is settled when the tenant is ACTIVE, is at home in the one database that the control plane names and in no
 * other, and either has its way back open or has no slot, publication, subscription or role of the move left. Where its
 * rows have to be erased from a pooled database, that goes on afterwards, at the pace that spares the neighbours.
 */
export async function benchTenantMoveKills(): Promise<Measurement[]> {
  process.stderr.write(`seed ${seed}\n`);
  const world = await MoveWorld.start({
    rows,
    writesPerSecond,
    neighboursPerSecond: 50,
    preload: './test/bench/tenant-move/kill-switch.mjs',
  });
  try {
    const killed = await killAgainAndAgain(world);
    const { failed, failures } = await world.writer.stop();
    if (failed > 0) process.stderr.write(`failed writes: ${failures.join(' | ')}\n`);
    const { acknowledged, differences } = await world.differences();
    const left = (await world.move())?.state === 'UNDO_WINDOW' ? [] : await remainsOf(world);
    for (const line of [...differences, ...left]) process.stderr.write(`${line}\n`);
    return measurements(killed, { acknowledged, failed, differences, left });
  } finally {
    await world.stop();
  }
}

async function killAgainAndAgain(world: MoveWorld): Promise<Kill[]> {
  const random = seeded(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const took = new Map<string, number>();
  const killed: Kill[] = [];
  await world.stopMover();
  let mover = await world.startMover();
  while (killed.length < kills) {
    const open = (await world.move())?.state === 'UNDO_WINDOW';
    const asked: Asked = open ? pick(['undoMove', 'finishMove'] as const) : 'beginMove';
    const step = pick<string>(steps[asked]);
    const byStatement = random() < 0.5;
    const statement = byStatement ? 1 + Math.floor(random() * mostStatements) : 1;
    const delayMs = byStatement ? 0 : Math.floor(random() * (took.get(step) ?? 1_000));
    mover.send({ step, statement, delayMs });
    if (asked === 'beginMove') await world.beginMove();
    else await world.end(asked);
    await endOrRest(world, mover, asked);
    for (const [name, ms] of await world.stepTimes()) took.set(name, ms);
    if (mover.alive) continue;
    // Takes away its folder.
    await mover.stop();
    const began = now();
    mover = await world.startMover();
    const startSeconds = (now() - began) / 1_000;
    const kill = { ...(await settled(world, asked, began, step)), startSeconds };
    killed.push(kill);
    process.stderr.write(
      `kill ${killed.length}: ${asked} in ${step}, ${byStatement ? `statement ${statement}` : `after ${delayMs} ms`}: ` +
        `${kill.forward ? 'forward' : 'back'} in ${kill.settledSeconds.toFixed(1)} s (start ${startSeconds.toFixed(1)} s), erased in ${kill.erasedSeconds.toFixed(1)} s, ` +
        `${kill.homes} home(s)\n`,
    );
  }
  await world.reaches(atRest);
  if ((await world.move())?.state === 'UNDO_WINDOW') {
    await world.end('finishMove');
    await world.reaches(['FINISHED']);
  }
  return killed;
}

/** Until the mover is dead, or the move rests although it lives. */
async function endOrRest(world: MoveWorld, mover: ControlPlaneProcess, asked: Asked): Promise<void> {
  for (const until = Date.now() + 600_000; mover.alive; await sleep(20)) {
    const move = await world.move();
    if (!move) continue;
    if (move.state !== 'UNDO_WINDOW' && atRest.includes(move.state)) return;
    if (move.state === 'UNDO_WINDOW' && asked === 'beginMove') {
      // A kill that comes after the step's end would belong to nothing.
      await sleep(300);
      return;
    }
    if (Date.now() > until) throw new Error(`the move stays ${move.state}: ${await world.why()}`);
  }
}

async function settled(
  world: MoveWorld,
  asked: Asked,
  began: number,
  step: string,
): Promise<Omit<Kill, 'startSeconds'>> {
  let homes: string[] = [];
  let move: MoveRow | undefined;
  for (const until = Date.now() + 600_000; ; await sleep(25)) {
    move = await world.move();
    if (move?.status === 'ACTIVE') {
      const ids = [move.source_id, move.target_id];
      homes = await world.homes(ids);
      const open = move.state === 'UNDO_WINDOW' && asked === 'beginMove';
      const isOver = open || (move.state !== 'UNDO_WINDOW' && (await world.remains(ids)).length === 0);
      if (isOver && homes.length === 1 && homes[0] === move.database_id) break;
    }
    if (Date.now() > until) throw new Error(`the move stays ${move?.state}: ${await world.why()}`);
  }
  const settledSeconds = (now() - began) / 1_000;
  const forward = move.database_id === (asked === 'undoMove' ? move.source_id : move.target_id);
  if (asked === 'beginMove') await world.reaches(atRest);
  else await world.reaches(['FINISHED', 'UNDONE']);
  return { step, settledSeconds, erasedSeconds: (now() - began) / 1_000, homes: homes.length, forward };
}

async function remainsOf(world: MoveWorld): Promise<string[]> {
  const move = await world.move();
  return world.remains([move?.source_id ?? '', move?.target_id ?? '']);
}

interface Outcome {
  acknowledged: number;
  failed: number;
  differences: string[];
  left: string[];
}

function measurements(killed: readonly Kill[], outcome: Outcome): Measurement[] {
  const { acknowledged, failed, differences, left } = outcome;
  const seconds = killed.map(({ settledSeconds }) => settledSeconds);
  const longest = Math.max(...seconds);
  const forward = killed.filter((kill) => kill.forward).length;
  const erased = Math.max(...killed.map(({ erasedSeconds }) => erasedSeconds));
  const start = median(killed.map(({ startSeconds }) => startSeconds));
  const astray = killed.filter(({ homes }) => homes !== 1).length;
  const wrong = failed + differences.length;
  return [
    {
      name: `move of ${rows} rows settled after SIGKILL of its mover, longest of ${killed.length}, seed ${seed}`,
      ours: `${longest.toFixed(1)} s (p50 ${median(seconds).toFixed(1)} s; ${forward} forward, ${killed.length - forward} back)`,
      reference: `start of the process p50 ${start.toFixed(1)} s; erased too: ${erased.toFixed(1)} s at the longest`,
      ratio: longest / goalSeconds,
      goal: `≤ ${goalSeconds} s`,
      reached: longest <= goalSeconds,
    },
    {
      name: 'tenant with two homes or none after it',
      ours: String(astray),
      reference: `0 of ${killed.length}`,
      ratio: astray,
      goal: '0',
      reached: astray === 0,
    },
    {
      name: 'writes lost, doubled, changed or failed under the kills',
      ours: `${wrong} of ${acknowledged}`,
      reference: 'the writers’ journal and checksums of all other rows',
      ratio: wrong,
      goal: '0',
      reached: wrong === 0 && acknowledged > 0,
    },
    {
      name: 'slots, publications, subscriptions and roles left after them',
      ours: String(left.length),
      reference: '0',
      ratio: left.length,
      goal: '0',
      reached: left.length === 0,
    },
  ];
}
