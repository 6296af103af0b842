import { UsageError } from "@amity/bytes";

/** What happened between two readings of one cumulative register. */
export type RegisterAdvance =
  | { readonly kind: "advanced"; readonly quantity: bigint }
  /** The register passed its highest value and began again at zero. */
  | { readonly kind: "rolledOver"; readonly quantity: bigint }
  /** It went back by more than a rollover explains: a reset, an exchange, a wrong reading. Never a quantity. */
  | { readonly kind: "wentBack"; readonly by: bigint };

/**
 * The quantity between two readings of a cumulative register, rollover-safe.
 * `modulus` is the first value that the register cannot show (10^digits for a dial, 2^32 for a counter); `quantityMax` is
 * the most that can honestly have passed between the two readings: only within it is a step back taken for a rollover.
 * Default for `quantityMax`: half the modulus. Without a modulus the register never rolls over.
 * @throws UsageError if a reading is negative or not below the modulus.
 */
export function registerAdvance(
  previous: bigint,
  current: bigint,
  limits: { modulus?: bigint; quantityMax?: bigint } = {},
): RegisterAdvance {
  const { modulus } = limits;
  for (const value of [previous, current]) {
    if (value < 0n || (modulus !== undefined && value >= modulus)) {
      throw new UsageError(`a reading of ${value} is outside the register (modulus ${modulus ?? "none"})`, { code: "register-range" });
    }
  }
  if (current >= previous) return { kind: "advanced", quantity: current - previous };
  if (modulus === undefined) return { kind: "wentBack", by: previous - current };
  const quantity = modulus - previous + current;
  if (quantity <= (limits.quantityMax ?? modulus / 2n)) return { kind: "rolledOver", quantity };
  return { kind: "wentBack", by: previous - current };
}
