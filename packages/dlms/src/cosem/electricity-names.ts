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
  100: "Reactive power, inductive",
  101: "Reactive power L1, inductive",
  102: "Reactive power L2, inductive",
  103: "Reactive power L3, inductive",
  104: "Reactive power, capacitive",
  105: "Reactive power L1, capacitive",
  106: "Reactive power L2, capacitive",
  107: "Reactive power L3, capacitive",
  112: "Distortion power",
  113: "Distortion power L1",
  114: "Distortion power L2",
  115: "Distortion power L3",
  124: "Voltage L1 to L2",
  125: "Voltage L2 to L3",
  126: "Voltage L3 to L1",
};
const LOSSES = 83;
const DISTORTION = [112, 113, 114, 115];
/** Voltages against neutral or each other, and D of what is counted below the limit. */
const VOLTAGES = [12, 32, 52, 72, 124, 125, 126];
const DIPS = 32;

const PROCESSINGS: Readonly<Record<number, string>> = {
  0: "billing period average",
  1: "cumulative minimum",
  2: "cumulative maximum demand",
  3: "minimum",
  4: "current average demand",
  5: "last average demand",
  6: "maximum demand",
  7: "instantaneous",
  11: "cumulative minimum 2",
  12: "cumulative maximum 2",
  13: "minimum 2",
  14: "current average 2",
  15: "last average 2",
  16: "maximum 2",
  21: "cumulative minimum 3",
  22: "cumulative maximum 3",
  23: "minimum 3",
  24: "current average 3",
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
  49: "average in the recording interval 1",
  50: "average in the recording interval 2",
  51: "minimum in the recording interval 1",
  52: "minimum in the recording interval 2",
  53: "maximum in the recording interval 1",
  54: "maximum in the recording interval 2",
  55: "test average",
  56: "current average 4",
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
  if (c < 1 || c > 126) return undefined;
  if (c === 81 && d === 7) return e === 255 ? "Phase angles, summary" : angleName(e);
  if (d === DIPS && VOLTAGES.includes(c)) {
    const dip = dipName(e);
    if (dip !== undefined) return `${quantityName(c, false) ?? "Voltage"}, dips ${dip}`;
  }
  const integral = INTEGRALS[d];
  const quantity = quantityName(c, integral !== undefined);
  const processing = integral ?? PROCESSINGS[d];
  if (quantity === undefined || processing === undefined) return undefined;
  const parts = [
    quantity,
    processing,
    c === LOSSES ? lossName(e) : DISTORTION.includes(c) ? (["import", "export"][e] ?? `E=${e}`) : detail(d, e),
  ];
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
  if (d !== 7 && d !== 24 && d !== 56) return e <= 63 ? `rate ${e}` : `E=${e}`;
  if (e === 124) return "total harmonic distortion";
  if (e === 125) return "total demand distortion";
  if (e === 126) return "all harmonics";
  if (e === 127) return "all harmonics to the nominal value";
  return e <= 120 ? `harmonic ${e}` : `E=${e}`;
}

const ANGLES = ["U(L1)", "U(L2)", "U(L3)", "", "I(L1)", "I(L2)", "I(L3)", "I(L0)"];

/** E of C = 81: from the first to the second, ten times the one plus the other. */
function angleName(e: number): string | undefined {
  const to = ANGLES[Math.floor(e / 10)];
  const from = ANGLES[e % 10];
  return to && from ? `Phase angle ${to} to ${from}, instantaneous` : undefined;
}

const DIP_DEPTHS = ["10 to 15 %", "15 to 30 %", "30 to 60 %", "60 to 90 %", "90 to 99 %"];
const DIP_TIMES = ["10 to 100 ms", "100 to 500 ms", "0.5 to 1 s", "1 to 3 s", "3 to 20 s", "20 to 60 s"];

/** E of voltage dips: the UNIPEDE class by depth and duration; `undefined` where it is none. */
function dipName(e: number): string | undefined {
  if (e === 255) return "in all classes";
  // Class 0 has the code that counts all sags: that is what meters use it for.
  if (e === 0) return undefined;
  const depth = DIP_DEPTHS[Math.floor(e / 10)];
  const time = DIP_TIMES[e % 10];
  return depth === undefined || time === undefined ? undefined : `of ${depth} for ${time}`;
}

const LOSS_KINDS = ["active line", "active transformer", "active", "reactive line", "reactive transformer", "reactive"];
const LOSS_SUMS: Readonly<Record<number, string>> = {
  19: "total transformer losses with normalized iron resistance",
  20: "total line losses with normalized copper resistance",
  21: "compensated active, gross import",
  22: "compensated active, net import",
  23: "compensated active, gross export",
  24: "compensated active, net export",
  25: "compensated reactive, gross import",
  26: "compensated reactive, net import",
  27: "compensated reactive, gross export",
  28: "compensated reactive, net export",
};

/** E of C = 83: the kinds of losses for the sum (1 to 18) and, with A²h and V²h, for L1 (from 31), L2 (51) and L3 (71). */
function lossName(e: number): string {
  const sum = LOSS_SUMS[e];
  if (sum !== undefined) return sum;
  const phase = e > 30 ? Math.floor((e - 31) / 20) + 1 : 0;
  const step = phase === 0 ? e - 1 : (e - 31) % 20;
  const suffix = phase === 0 ? "" : ` L${phase}`;
  if (step === 18) return `A²h${suffix}`;
  if (step === 19) return `V²h${suffix}`;
  const kind = LOSS_KINDS[Math.floor(step / 3)];
  if (step < 0 || phase > 3 || kind === undefined) return `E=${e}`;
  return `${kind} losses${[" import", " export", ""][step % 3] ?? ""}${suffix}`;
}
