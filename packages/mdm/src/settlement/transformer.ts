/** Power factor that is taken where no reactive energy is metered. */
export const DEFAULT_POWER_FACTOR = 0.95;

export interface TransformerLoading {
  readonly kva: number;
  /** Of the nameplate. */
  readonly percent: number;
}

/** Apparent power of a transformer: sqrt(kW^2 + kvar^2), or by the default power factor without kvar. */
export function transformerLoading(load: { kw: number; kvar?: number; nameplateKva: number; powerFactor?: number }): TransformerLoading {
  const kva = load.kvar === undefined ? Math.abs(load.kw) / (load.powerFactor ?? DEFAULT_POWER_FACTOR) : Math.hypot(load.kw, load.kvar);
  return { kva, percent: (100 * kva) / load.nameplateKva };
}
