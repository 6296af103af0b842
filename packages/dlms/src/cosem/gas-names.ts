/** Names of gas quantities (IEC 62056-6-1, A = 7), composed of the quantity (C), its processing (D) and E. */

const STATES = ["at metering conditions", "corrected", "at base conditions"] as const;
const FLOW_STATES = [...STATES, "at standard conditions"] as const;
const PROCESS_STATES = ["at metering conditions", "at base conditions", "at standard conditions"] as const;

/** What the last digit of C means in 1 to 8, 11 to 16, 21 to 26, 31 to 36 and 61 to 66. */
const DIRECTIONS: Readonly<Record<number, string>> = {
  1: "forward undisturbed",
  2: "forward disturbed",
  3: "forward absolute",
  4: "reverse undisturbed",
  5: "reverse disturbed",
  6: "reverse absolute",
  7: "forward absolute (encoder)",
  8: "reverse absolute (encoder)",
};
/** By the tens of C. */
const INDEXES: Readonly<Record<number, string>> = { 0: "meter volume", 1: "converter volume", 2: "logger volume", 3: "mass", 6: "energy" };

const PROCESS_VALUES: Readonly<Record<number, string>> = {
  41: "Absolute temperature",
  42: "Absolute pressure",
  44: "Velocity of sound",
  45: "Density of gas",
  46: "Relative density",
  47: "Gauge pressure",
  48: "Differential pressure",
  49: "Density of air",
};
const FLOW_RATE = 43;

const FACTORS: Readonly<Record<number, string>> = {
  51: "Correction factor",
  52: "Conversion factor",
  53: "Compressibility factor",
  54: "Superior calorific value",
  55: "Gas law deviation coefficient",
};
const ANALYSIS = 70;

/** The name of a gas quantity by its groups C, D and E; `undefined` for what is none. */
export function gasName(c: number, d: number, e: number): string | undefined {
  if (c === FLOW_RATE) return joined("Gas flow rate", flowProcessing(d), "");
  const processValue = PROCESS_VALUES[c];
  if (processValue !== undefined) return joined(processValue, processProcessing(d), "");
  const factor = FACTORS[c];
  if (factor !== undefined) return joined(factor, factorProcessing(d), d === 12 ? "" : averaging(e));
  if (c === ANALYSIS) return joined("Natural gas analysis", `component ${d}`, averaging(e));
  const medium = INDEXES[Math.floor(c / 10)];
  const direction = DIRECTIONS[c % 10];
  if (medium === undefined || direction === undefined || (c > 10 && c % 10 > 6)) return undefined;
  return joined(`Gas ${medium}, ${direction}`, indexProcessing(d), e === 0 ? "" : `rate ${e}`);
}

function joined(quantity: string, processing: string | undefined, detail: string): string | undefined {
  if (processing === undefined) return undefined;
  return [quantity, processing, detail].filter((part) => part !== "").join(", ");
}

/** D of indexes: current ones, differences by measurement period, then by billing period 1 to 4 with their maxima. */
function indexProcessing(d: number): string | undefined {
  if (d <= 2) return `index ${STATES[d] ?? ""}`;
  if (d === 3) return "redundant index at metering conditions";
  if (d < 6 || d > 98) return undefined;
  if (d <= 23) return `difference, measurement period ${Math.floor((d - 6) / 6) + 1}, ${currentOrLast(d - 6)}`;
  const [start, billing] = d <= 41 ? [24, 1] : d <= 62 ? [42, 2] : d <= 80 ? [63, 3] : [81, 4];
  const step = d - start;
  const state = STATES[step % 3] ?? "";
  if (step < 3) return `historical index, billing period ${billing}, ${state}`;
  if (step < 9) return `difference, billing period ${billing}, ${currentOrLast(step - 3)}`;
  const maximum = Math.floor((step - 9) / 3);
  const over = maximum < 3 ? `measurement period ${maximum + 1}` : "billing period 1";
  return `maximum difference over ${over}, billing period ${billing}, ${state}`;
}

function currentOrLast(step: number): string {
  return `${step % 6 < 3 ? "current" : "last"} period ${STATES[step % 3] ?? ""}`;
}

/** D of flow rates. */
function flowProcessing(d: number): string | undefined {
  if (d <= 2) return `instantaneous ${STATES[d] ?? ""}`;
  if (d === 13) return "instantaneous at standard conditions";
  if (d < 15 || d > 70) return undefined;
  const state = FLOW_STATES[(d - 15) % 4] ?? "";
  // Averaging periods 1 and 2 have maxima too, 3 and 4 have none.
  const averages = d < 55 ? ([15, 1 + Math.floor((d - 15) / 20), 20] as const) : ([55, 3 + Math.floor((d - 55) / 8), 8] as const);
  const [start, period, width] = averages;
  const step = Math.floor(((d - start) % width) / 4);
  const relative = ["measurement period 2", "measurement period 3", "billing period 1"][step - 2];
  if (step === 0) return `current average, averaging period ${period}, ${state}`;
  if (step === 1) return `last average, averaging period ${period}, ${state}`;
  return `maximum average, averaging period ${period}, ${relative ?? ""}, ${state}`;
}

/** D of process values. */
function processProcessing(d: number): string | undefined {
  const single = {
    0: "instantaneous at metering conditions",
    2: "instantaneous at base conditions",
    3: "backup value",
    10: "actual value",
  }[d];
  if (single !== undefined) return single;
  if (d === 11) return "preset value";
  if (d === 13) return "instantaneous at standard conditions";
  if (d < 15 || d > 92) return undefined;
  const state = PROCESS_STATES[(d - 15) % 3] ?? "";
  if (d >= 87) return `average ${d < 90 ? "since the last event" : "between the last two events"}, ${state}`;
  const interval = Math.floor((d - 15) / 18) + 1;
  const step = Math.floor(((d - 15) % 18) / 3);
  const what = ["average", "minimum", "maximum"][step % 3] ?? "";
  return `${what}, ${step < 3 ? "current" : "last"} process interval ${interval}, ${state}`;
}

/** D of factors. */
function factorProcessing(d: number): string | undefined {
  return {
    0: "current value at metering conditions",
    2: "current value at base conditions",
    3: "backup value",
    10: "actual value",
    11: "preset value",
    12: "calculation method",
  }[d];
}

/** E of factors and of the analysis: the averaging period. */
function averaging(e: number): string {
  if (e === 0) return "";
  if (e === 1) return "weighted";
  if (e === 27) return "average since the last event";
  if (e === 28) return "average between the last two events";
  if (e < 11 || e > 26) return `E=${e}`;
  return `${e % 2 === 1 ? "current" : "last"} average, averaging period ${Math.floor((e - 11) / 2) + 1}`;
}
