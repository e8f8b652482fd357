/**
 * Shares a supply in proportion to demands by largest remainder: `floor(demand × supply / Σ demand)` each, what is
 * left goes one by one to the largest remainders, ties to whoever comes first. The shares never exceed the demands;
 * they sum to `min(supply, Σ demand)`.
 * @param demands whole numbers, in order of precedence.
 */
export function fairShares(demands: readonly number[], supply: number): number[] {
  const total = demands.reduce((sum, demand) => sum + demand, 0);
  if (supply >= total) return [...demands];
  if (supply <= 0) return demands.map(() => 0);
  // BigInt: a product of two quantities may exceed what a double holds exactly.
  const exact = demands.map((demand) => BigInt(demand) * BigInt(supply));
  const shares = exact.map((value) => Number(value / BigInt(total)));
  const remainders = exact.map((value, index) => ({ index, remainder: value % BigInt(total) }));
  remainders.sort(
    (a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder) || a.index - b.index,
  );
  let left = supply - shares.reduce((sum, share) => sum + share, 0);
  for (const { index } of remainders) {
    if (left === 0) break;
    shares[index] = (shares[index] ?? 0) + 1;
    left--;
  }
  return shares;
}
