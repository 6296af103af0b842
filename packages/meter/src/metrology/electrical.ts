import { hash32, smoothNoise } from "../household/hash.ts";

/** Momentary values of one phase: V in tenths, A in hundredths. */
export interface PhaseValues {
  readonly deciVolts: number;
  readonly centiAmperes: number;
}

export interface MomentaryValues {
  /** Import and export active power (W), inductive and capacitive reactive power (var). */
  readonly importW: number;
  readonly exportW: number;
  readonly inductiveVar: number;
  readonly capacitiveVar: number;
  readonly phases: readonly PhaseValues[];
  /** Power factor in thousandths. */
  readonly powerFactorPerMille: number;
  readonly frequencyMilliHertz: number;
}

/**
 * Voltage and current that go with the powers of this moment. The voltage falls with the neighbourhood's evening and with the meter's own
 * load, rises with what it feeds in, and wanders; so it tells a distant house from a near one.
 */
export function momentaryValues(seed: number, instantMs: number, powers: ArrayLike<number>, phases: 1 | 3): MomentaryValues {
  const [importW = 0, exportW = 0, inductiveVar = 0, capacitiveVar = 0] = [powers[0], powers[1], powers[2], powers[3]];
  const activeW = importW - exportW;
  const reactiveVar = inductiveVar - capacitiveVar;
  const apparent = Math.hypot(activeW, reactiveVar);
  const minute = Math.floor(instantMs / 60_000);
  const ohms = 0.15 + (seed % 97) / 240;
  const neighbours = 4 * smoothNoise(0x51ab, 1, minute, 97) + 1.2 * smoothNoise(seed, 2, minute, 3);
  const share = phases === 3 ? [0.46, 0.33, 0.21] : [1];
  return {
    importW,
    exportW,
    inductiveVar,
    capacitiveVar,
    phases: share.map((part, phase) => {
      const volts = 232.5 + neighbours + phase * 0.7 - (ohms * activeW * part) / 232;
      return { deciVolts: Math.round(volts * 10), centiAmperes: Math.round(((apparent * part) / volts) * 100) };
    }),
    powerFactorPerMille: apparent === 0 ? 1_000 : Math.round((1_000 * Math.abs(activeW)) / apparent),
    frequencyMilliHertz: 50_000 + (hash32(0xf2e9, minute, 0) % 61) - 30,
  };
}
