/** Energy that nobody accounts for: what went in less loads and modelled losses (ERCOT: generation - (load + losses)). Any one unit. */
export function unaccountedForEnergy(generation: number, loads: number, losses: number): number {
  return generation - loads - losses;
}

/**
 * Shares unaccounted energy among participants by load, to the last count: the shares add up to the rounded whole, and
 * what rounding leaves goes to the largest remainders (ties by name).
 */
export function allocateUnaccounted(counts: number, loads: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const total = [...loads.values()].reduce((sum, load) => sum + Math.max(0, load), 0);
  if (total === 0) return new Map([...loads.keys()].map((name) => [name, 0]));
  const exact = [...loads].map(([name, load]) => ({ name, share: (counts * Math.max(0, load)) / total }));
  const shares = new Map(exact.map(({ name, share }) => [name, Math.floor(share)]));
  let left = Math.round(counts) - [...shares.values()].reduce((sum, share) => sum + share, 0);
  const byRemainder = exact.toSorted(
    (a, b) => b.share - Math.floor(b.share) - (a.share - Math.floor(a.share)) || (a.name < b.name ? -1 : 1),
  );
  for (const { name } of byRemainder) {
    if (left <= 0) break;
    shares.set(name, (shares.get(name) ?? 0) + 1);
    left -= 1;
  }
  return shares;
}
