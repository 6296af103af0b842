/** Names of electricity's quantities (IEC 62056-6-1, A = 1), composed of the quantity (C), its processing (D) and E. */

interface Quantity {
  readonly power: string;
  readonly energy: string;
}

/** C = 1 to 10 and 15 to 20, for the sum; 20, 40 and 60 more for L1, L2 and L3. */
const POWERS: Readonly<Record<number, Quantity>> = {
  1: { power: "Active power import (+P)", energy: "Active energy import (+A)" },
  2: { power: "Active power export (-P)", energy: "Active energy export (-A)" },
  3: { power: "Reactive power import (+Q)", energy: "Reactive energy import (+R)" },
  4: { power: "Reactive power export (-Q)", energy: "Reactive energy export (-R)" },
  5: { power: "Reactive power QI", energy: "Reactive energy QI" },
  6: { power: "Reactive power QII", energy: "Reactive energy QII" },
  7: { power: "Reactive power QIII", energy: "Reactive energy QIII" },
  8: { power: "Reactive power QIV", energy: "Reactive energy QIV" },
  9: { power: "Apparent power import (+S)", energy: "Apparent energy import (+S)" },
  10: { power: "Apparent power export (-S)", energy: "Apparent energy export (-S)" },
  15: { power: "Active power, sum of import and export", energy: "Active energy, sum of import and export" },
  16: { power: "Active power, net (import less export)", energy: "Active energy, net (import less export)" },
  17: { power: "Active power QI", energy: "Active energy QI" },
  18: { power: "Active power QII", energy: "Active energy QII" },
  19: { power: "Active power QIII", energy: "Active energy QIII" },
  20: { power: "Active power QIV", energy: "Active energy QIV" },
};

const CURRENT = 11;
const VOLTAGE = 12;
const POWER_FACTOR = 13;
const FREQUENCY = 14;

/** C from 82 on, and what 11 to 14 are in the sum and in each phase. */
const OTHERS: Readonly<Record<number, string>> = {
  81: "Phase angle",
  82: "Unitless quantity (pulses)",
  83: "Transformer and line losses",
  84: "Power factor, export",
  85: "Power factor L1, export",
  86: "Power factor L2, export",
  87: "Power factor L3, export",
  88: "Ampere-squared hours",
  89: "Volt-squared hours",
  90: "Current, sum of all phases",
  91: "Current, neutral",
  92: "Voltage, neutral",
};

const PROCESSINGS: Readonly<Record<number, string>> = {
  0: "billing period average",
  1: "cumulative minimum",
  2: "cumulative maximum demand",
  3: "minimum",
  4: "current average demand",
  5: "last average demand",
  6: "maximum demand",
  7: "instantaneous",
  13: "minimum 2",
  14: "current average 2",
  15: "last average 2",
  16: "maximum 2",
  24: "average in the recording interval 1",
  25: "last average 3",
  26: "maximum 3",
  27: "average in the recording interval 1",
  28: "average in the recording interval 2",
  31: "under limit threshold",
  32: "under limit occurrences",
  33: "under limit duration",
  34: "under limit magnitude",
  35: "over limit threshold",
  36: "over limit occurrences",
  37: "over limit duration",
  38: "over limit magnitude",
  39: "missing threshold",
  40: "missing occurrences",
  41: "missing duration",
  42: "missing magnitude",
  43: "time threshold for under limit",
  44: "time threshold for over limit",
  45: "time threshold for missing",
  46: "contracted value",
  55: "test average",
};

/** Time integrals: D and what is added to the energy's name. */
const INTEGRALS: Readonly<Record<number, string>> = {
  8: "",
  9: "billing period",
  10: "total of integral 3",
  17: "integral 7",
  18: "integral 8",
  19: "integral 9",
  20: "integral 10",
  29: "in the recording interval 1",
  30: "in the recording interval 2",
  58: "test",
};

/** The name of an electricity quantity by its groups C, D and E; `undefined` for what is none. */
export function electricityName(c: number, d: number, e: number): string | undefined {
  if (c < 1 || c > 92) return undefined;
  if (c === 81 && d === 7) return angleName(e);
  const integral = INTEGRALS[d];
  const quantity = quantityName(c, integral !== undefined);
  const processing = integral ?? PROCESSINGS[d];
  if (quantity === undefined || processing === undefined) return undefined;
  const parts = [quantity, processing, detail(d, e)];
  return parts.filter((part) => part !== "").join(", ");
}

function quantityName(c: number, isIntegral: boolean): string | undefined {
  const other = OTHERS[c];
  if (other !== undefined || c > 80) return other;
  const phase = Math.floor((c - 1) / 20);
  const suffix = phase === 0 ? "" : ` L${phase}`;
  const base = ((c - 1) % 20) + 1;
  const power = POWERS[base];
  if (power !== undefined) return `${isIntegral ? power.energy : power.power}${suffix}`;
  const any = phase === 0 ? ", any phase" : suffix;
  if (base === CURRENT) return `Current${any}`;
  if (base === VOLTAGE) return `Voltage${any}`;
  if (base === POWER_FACTOR) return `Power factor${suffix}`;
  return base === FREQUENCY ? `Supply frequency${suffix}` : undefined;
}

/** E: the tariff rate; the harmonic for instantaneous currents, voltages and powers. */
function detail(d: number, e: number): string {
  if (e === 0 || e === 255) return "";
  if (d !== 7 && d !== 24) return e <= 63 ? `rate ${e}` : `E=${e}`;
  if (e === 124) return "total harmonic distortion";
  if (e === 125) return "total demand distortion";
  if (e === 126) return "all harmonics";
  return e <= 120 ? `harmonic ${e}` : `E=${e}`;
}

const ANGLES = ["U(L1)", "U(L2)", "U(L3)", "", "I(L1)", "I(L2)", "I(L3)", "I(L0)"];

/** E of C = 81: from the first to the second, ten times the one plus the other. */
function angleName(e: number): string | undefined {
  const to = ANGLES[Math.floor(e / 10)];
  const from = ANGLES[e % 10];
  return to && from ? `Phase angle ${to} to ${from}, instantaneous` : undefined;
}
