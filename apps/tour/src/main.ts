import { branchPricing } from './chapters/branch-pricing.js';
import { noisyNeighbor } from './chapters/noisy-neighbor.js';
import { onboarding } from './chapters/onboarding.js';
import { releases } from './chapters/releases.js';
import { Instance } from './instance.js';
import { Promises } from './promises.js';

const chapters = [
  ['Tenants come aboard, one in each isolation tier', onboarding],
  ['A pricing change for one branch', branchPricing],
  ['A good release and a bad one', releases],
  ['A noisy neighbour', noisyNeighbor],
] as const;

/** The story of the product on real data. Exits with 1 if a promise of it does not hold. */
async function tour(write: (line: string) => void): Promise<boolean> {
  const startedAt = performance.now();
  const instance = await Instance.find(write);
  const promises = new Promises(write);
  try {
    for (const [i, [title, chapter]] of chapters.entries()) {
      write(`\n${i + 1}. ${title}`);
      await chapter(instance, promises);
    }
  } finally {
    await instance.close();
  }
  const { kept, broken } = promises;
  write(
    `\n${kept} promises kept, ${broken.length} broken, in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  );
  for (const promise of broken) write(`  broken: ${promise}`);
  return broken.length === 0;
}

try {
  process.exitCode = (await tour((line) => process.stdout.write(`${line}\n`))) ? 0 : 1;
} catch (error) {
  process.stderr.write(`The tour broke off: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
