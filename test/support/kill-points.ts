/**
 * Seed of everything random in a test of kills; TIERDECK_TEST_SEED repeats a run. Each such test has it in its name.
 */
export const killSeed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 1_000_000);

/** TIERDECK_TEST_KILLS=all: a process dies at every point, not only at a sample of them. */
export const everyKill = process.env['TIERDECK_TEST_KILLS'] === 'all';

/**
 * The points at which a process dies in this run: each costs the start of a process, hence a sample of them by
 * {@link killSeed}, in their order; all of them under {@link everyKill}.
 */
export function killPoints(points: readonly string[], count: number, random: () => number): string[] {
  if (everyKill) return [...points];
  const chance = new Map(points.map((point) => [point, random()]));
  const drawn = points.toSorted((a, b) => (chance.get(a) ?? 0) - (chance.get(b) ?? 0)).slice(0, count);
  return points.filter((point) => drawn.includes(point));
}

/** Numbers that follow from a seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
