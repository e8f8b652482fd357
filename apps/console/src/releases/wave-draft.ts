import { randomId } from '../components/random-id.js';
import type { tiers } from '../statuses.js';

export interface GateDraft {
  kpi: string;
  /** Highest share of bad outcomes, in per cent. */
  percent: number;
  minSamples: number;
}

/** A wave as the form holds it. */
export interface WaveDraft {
  id: string;
  name: string;
  /** `key=value` each. */
  labels: string[];
  tiers: (typeof tiers)[number][];
  slugs: string[];
  rest: boolean;
  concurrency: number;
  soakSeconds: number;
  gates: GateDraft[];
}

/** Selects nobody: tenants are never chosen by default. */
export const emptyWave = (name: string): WaveDraft => ({
  id: randomId(),
  name,
  labels: [],
  tiers: [],
  slugs: [],
  rest: false,
  concurrency: 1,
  soakSeconds: 60,
  gates: [{ kpi: 'margin', percent: 2, minSamples: 50 }],
});

export function toWaveInput(wave: WaveDraft) {
  const labels = Object.fromEntries(
    wave.labels.flatMap((label) => {
      const [key, value] = label.split('=');
      return key && value ? [[key, value]] : [];
    }),
  );
  return {
    name: wave.name,
    selector: wave.rest
      ? { rest: true }
      : {
          ...(Object.keys(labels).length > 0 ? { labels } : {}),
          ...(wave.tiers.length > 0 ? { tiers: wave.tiers } : {}),
          ...(wave.slugs.length > 0 ? { slugs: wave.slugs } : {}),
        },
    concurrency: wave.concurrency,
    soakSeconds: wave.soakSeconds,
    gates: wave.gates.map(({ kpi, percent, minSamples }) => ({ kpi, threshold: percent / 100, minSamples })),
  };
}

export type WaveInput = ReturnType<typeof toWaveInput>;
