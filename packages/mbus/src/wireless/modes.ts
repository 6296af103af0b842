/** What a transmission mode of EN 13757-4 looks like on air. */
export interface RadioMode {
  readonly description: string;
  readonly frequencyMhz: number;
  /** Chips (or bits where the code is NRZ) a second. */
  readonly chipsPerSecond: number;
  readonly code: "manchester" | "threeOfSix" | "nrz";
  readonly formats: readonly ("a" | "b")[];
  /** Chips of preamble and synchronization in front of the frame. */
  readonly headerChips: number;
  /** After a meter's transmission the other side must begin to answer within this window (ms): EN 13757-4, 11.6. */
  readonly responseWindowMs?: { readonly from: number; readonly to: number };
}

/** Modes and directions (EN 13757-4:2013, tables 2 to 12). `Up` is meter to other. */
export const RADIO_MODES = {
  S1: {
    description: "stationary, unidirectional",
    frequencyMhz: 868.3,
    chipsPerSecond: 32768,
    code: "manchester",
    formats: ["a"],
    headerChips: 576,
  },
  S2: {
    description: "stationary, bidirectional",
    frequencyMhz: 868.3,
    chipsPerSecond: 32768,
    code: "manchester",
    formats: ["a"],
    headerChips: 48,
    responseWindowMs: { from: 3, to: 50 },
  },
  T1: {
    description: "frequent transmit, unidirectional",
    frequencyMhz: 868.95,
    chipsPerSecond: 100000,
    code: "threeOfSix",
    formats: ["a"],
    headerChips: 48,
  },
  T2Up: {
    description: "frequent transmit, meter to other",
    frequencyMhz: 868.95,
    chipsPerSecond: 100000,
    code: "threeOfSix",
    formats: ["a"],
    headerChips: 48,
    responseWindowMs: { from: 2, to: 3 },
  },
  T2Down: {
    description: "frequent transmit, other to meter",
    frequencyMhz: 868.3,
    chipsPerSecond: 32768,
    code: "manchester",
    formats: ["a"],
    headerChips: 48,
  },
  C1: {
    description: "compact, unidirectional",
    frequencyMhz: 868.95,
    chipsPerSecond: 100000,
    code: "nrz",
    formats: ["a", "b"],
    headerChips: 64,
  },
  C2Up: {
    description: "compact, meter to other",
    frequencyMhz: 868.95,
    chipsPerSecond: 100000,
    code: "nrz",
    formats: ["a", "b"],
    headerChips: 64,
    responseWindowMs: { from: 99.5, to: 100.5 },
  },
  C2Down: {
    description: "compact, other to meter",
    frequencyMhz: 869.525,
    chipsPerSecond: 50000,
    code: "nrz",
    formats: ["a", "b"],
    headerChips: 64,
  },
  R2: {
    description: "frequent receive",
    frequencyMhz: 868.33,
    chipsPerSecond: 4800,
    code: "manchester",
    formats: ["a"],
    headerChips: 96,
    responseWindowMs: { from: 3, to: 50 },
  },
  N1: {
    description: "narrowband 169 MHz, unidirectional",
    frequencyMhz: 169.40625,
    chipsPerSecond: 4800,
    code: "nrz",
    formats: ["a", "b"],
    headerChips: 32,
  },
  N2: {
    description: "narrowband 169 MHz, bidirectional",
    frequencyMhz: 169.40625,
    chipsPerSecond: 4800,
    code: "nrz",
    formats: ["a", "b"],
    headerChips: 32,
    responseWindowMs: { from: 99.5, to: 2100 },
  },
} as const satisfies Record<string, RadioMode>;
export type RadioModeName = keyof typeof RADIO_MODES;

/** The mode in which the other side answers a meter that sends in `mode`: T2 and C2 have a downlink of their own. */
export function downlinkOf(mode: RadioModeName): RadioModeName {
  return mode === "T2Up" ? "T2Down" : mode === "C2Up" ? "C2Down" : mode;
}

/** Milliseconds that a frame of `octets` (CRCs included) occupies the channel. */
export function timeOnAirMs(mode: RadioModeName, octets: number): number {
  const { code, chipsPerSecond, headerChips } = RADIO_MODES[mode];
  const chipsPerOctet = code === "manchester" ? 16 : code === "threeOfSix" ? 12 : 8;
  return ((headerChips + octets * chipsPerOctet) * 1000) / chipsPerSecond;
}
