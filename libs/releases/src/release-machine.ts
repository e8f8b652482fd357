import type { GateAnswer } from './gate.js';
import type { ReleaseStatus, WaveStatus } from './release.js';

/** The wave at hand, as far as the next decision needs it. */
export interface WaveView {
  position: number;
  name: string;
  status: WaveStatus;
  reason: string | null;
  concurrency: number;
  soakOver: boolean;
  /** Tenants under way, begun by this holder or one that died. */
  applying: readonly string[];
  /** Tenants that wait for their turn, in order; at least `concurrency` of them where there are as many. */
  pending: readonly string[];
  failed: number;
  gates: readonly (Pick<GateAnswer, 'verdict' | 'explanation'> & { kpi: string })[];
}

export interface ReleaseView {
  status: ReleaseStatus;
  /** The first wave that is neither PASSED nor SKIPPED; undefined when there is none left. */
  wave: WaveView | undefined;
  /** Tenants that a rollback still has to take back. */
  exposed: readonly string[];
  /** Databases with the release's migrations that no exposed tenant uses. */
  unused: readonly string[];
}

export type Decision =
  | { do: 'rehearse' }
  | { do: 'start-wave'; position: number }
  /** `start` are begun now; all of `run` must be worked on. */
  | { do: 'apply'; position: number; start: readonly string[]; run: readonly string[] }
  | { do: 'soak'; position: number }
  | { do: 'pass'; position: number }
  | { do: 'hold'; position: number; reason: string }
  | { do: 'fail'; position: number; reason: string }
  | { do: 'succeed' }
  | { do: 'take-back'; tenants: readonly string[] }
  | { do: 'revert'; databases: readonly string[] }
  | { do: 'rolled-back' }
  | { do: 'wait' };

/**
 * What to do next with a release. Pure: the reconciler shows it the rows it holds locked and records the answer in the
 * same transaction, so that two holders can never act on different states.
 */
export function decide(view: ReleaseView): Decision {
  switch (view.status) {
    case 'STAGED':
      return { do: 'rehearse' };
    case 'RUNNING':
      return view.wave ? runWave(view.wave) : { do: 'succeed' };
    case 'PAUSED':
      // Nothing moves on, yet the gates stay on guard: exposed tenants are as exposed as before.
      return (view.wave && failure(view.wave)) ?? { do: 'wait' };
    case 'ROLLING_BACK':
      if (view.exposed.length > 0) return { do: 'take-back', tenants: view.exposed };
      if (view.unused.length > 0) return { do: 'revert', databases: view.unused };
      return { do: 'rolled-back' };
    default:
      return { do: 'wait' };
  }
}

function runWave(wave: WaveView): Decision {
  const { position } = wave;
  if (wave.status === 'PENDING') return { do: 'start-wave', position };
  const failed = failure(wave);
  if (failed) return failed;
  if (wave.status === 'RUNNING') {
    const free = Math.max(0, wave.concurrency - wave.applying.length);
    const start = wave.pending.slice(0, free);
    const run = [...wave.applying, ...start];
    return run.length > 0 ? { do: 'apply', position, start, run } : { do: 'soak', position };
  }
  if (!wave.soakOver) return { do: 'wait' };
  const open = wave.gates.filter(({ verdict }) => verdict !== 'PASS');
  if (open.length === 0) return { do: 'pass', position };
  const reason = open.map(({ kpi, explanation }) => `${kpi}: ${explanation}`).join(' ');
  return wave.status === 'HELD' && wave.reason === reason ? { do: 'wait' } : { do: 'hold', position, reason };
}

function failure(wave: WaveView): Decision | undefined {
  if (wave.status === 'PENDING') return undefined;
  const gate = wave.gates.find(({ verdict }) => verdict === 'FAIL');
  const { position } = wave;
  if (gate) {
    return {
      do: 'fail',
      position,
      reason: `Gate ${gate.kpi} failed in wave "${wave.name}": ${gate.explanation}`,
    };
  }
  if (wave.failed > 0) {
    return {
      do: 'fail',
      position,
      reason: `${wave.failed} tenant(s) of wave "${wave.name}" could not be applied.`,
    };
  }
  return undefined;
}
