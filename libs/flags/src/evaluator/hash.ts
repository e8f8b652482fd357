import murmurHash3 from 'murmurhash3js';

/** Seed of the SDKs' variants, so that who gets which variant does not hang together with who is rolled out to. */
const variantSeed = 86_028_157;

/** Bucket 1 to 100 of a sticky value, as every Unleash SDK computes it. Who has a bucket ≤ the percentage is in. */
export function rolloutBucket(value: string, groupId: string): number {
  return bucket(value, groupId, 100, 0);
}

/** 1 to the sum of the weights. */
export function variantBucket(value: string, groupId: string, totalWeight: number): number {
  return bucket(value, groupId, totalWeight, variantSeed);
}

function bucket(value: string, groupId: string, size: number, seed: number): number {
  return (murmurHash3.x86.hash32(`${groupId}:${value}`, seed) % size) + 1;
}
