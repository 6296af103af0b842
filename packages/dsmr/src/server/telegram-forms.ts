import {
  breaker,
  channels,
  clock,
  currents,
  demands,
  equipment,
  failures,
  hourlyChannels,
  literal,
  message,
  milli,
  ofPhases,
  powers,
  reactivePowers,
  tariffEnergies,
  tariffIndicator,
  totalEnergies,
  voltages,
  type NumberFormat,
  type Part,
} from "./telegram-parts.ts";

/** How a version of the standard, or a country, has its telegrams. */
export interface TelegramForm {
  readonly title: string;
  /** How often a meter sends (ms). */
  readonly everyMs: number;
  readonly hasCrc: boolean;
  /** Sent ciphered wherever it is in use. */
  readonly isCiphered: boolean;
  readonly parts: readonly Part[];
}

const ENERGY = { digits: 9, decimals: 3 } as const;
const OLD_ENERGY = { digits: 8, decimals: 3 } as const;
const POWER = { digits: 5, decimals: 3 } as const;
const SWEDISH_ENERGY = { digits: 11, decimals: 3 } as const;
const SWEDISH_POWER = { digits: 7, decimals: 3 } as const;

const DUTCH_CHANNELS = channels({ identifier: "96.1.0", gas: "24.2.1", hasValve: false });

function phasePowers(first: 21 | 22 | 23 | 24, format: NumberFormat, unit: string): Part {
  const names = { 21: "importW", 22: "exportW", 23: "importVar", 24: "exportVar" } as const;
  return ofPhases(first, (phase) => milli(phase[names[first]] ?? 0, format), unit);
}

/** Version 4 has import and export of a phase side by side. */
const pairedPhasePowers: Part = (meter) => {
  const [imported, exported] = [phasePowers(21, POWER, "kW")(meter), phasePowers(22, POWER, "kW")(meter)];
  return imported.flatMap((line, index) => [line, ...exported.slice(index, index + 1)]);
};

/** DSMR P1 2.2 to 5.0.2 and the national forms of it: the lines in their order, numbers in their width. */
export const P1_FORMS = {
  "2.2": {
    title: "DSMR 2.2",
    everyMs: 10_000,
    hasCrc: false,
    isCiphered: false,
    parts: [
      equipment("0-0:96.1.1"),
      tariffEnergies(OLD_ENERGY),
      tariffIndicator,
      powers({ digits: 6, decimals: 2 }),
      literal("0-0:17.0.0", "0999.00", "kW"),
      breaker,
      literal("0-0:96.13.1", ""),
      message,
      hourlyChannels(1, true),
    ],
  },
  "3": {
    title: "DSMR 3.0",
    everyMs: 10_000,
    hasCrc: false,
    isCiphered: false,
    parts: [
      equipment("0-0:96.1.1"),
      tariffEnergies(OLD_ENERGY),
      tariffIndicator,
      powers({ digits: 5, decimals: 2 }),
      literal("0-0:17.0.0", "999", "A"),
      breaker,
      literal("0-0:96.13.1", ""),
      message,
      hourlyChannels(2, false),
    ],
  },
  "4": {
    title: "DSMR 4.2",
    everyMs: 10_000,
    hasCrc: true,
    isCiphered: false,
    parts: [
      literal("1-3:0.2.8", "42"),
      clock,
      equipment("0-0:96.1.1"),
      tariffEnergies(ENERGY),
      tariffIndicator,
      powers(POWER),
      failures,
      literal("0-0:96.13.1", ""),
      message,
      currents(3, 0),
      pairedPhasePowers,
      DUTCH_CHANNELS,
    ],
  },
  "5": {
    title: "DSMR 5.0.2",
    everyMs: 1_000,
    hasCrc: true,
    isCiphered: false,
    parts: [
      literal("1-3:0.2.8", "50"),
      clock,
      equipment("0-0:96.1.1"),
      tariffEnergies(ENERGY),
      tariffIndicator,
      powers(POWER),
      failures,
      message,
      voltages,
      currents(3, 0),
      phasePowers(21, POWER, "kW"),
      phasePowers(22, POWER, "kW"),
      DUTCH_CHANNELS,
    ],
  },
  be: {
    title: "Belgium (e-MUCS P1 1.7.1)",
    everyMs: 1_000,
    hasCrc: true,
    isCiphered: false,
    parts: [
      literal("0-0:96.1.4", "50217"),
      equipment("0-0:96.1.1"),
      clock,
      tariffEnergies(ENERGY),
      tariffIndicator,
      demands,
      powers(POWER),
      phasePowers(21, POWER, "kW"),
      phasePowers(22, POWER, "kW"),
      voltages,
      currents(5, 2),
      breaker,
      literal("0-0:17.0.0", "999.9", "kW"),
      literal("1-0:31.4.0", "999", "A"),
      message,
      channels({ identifier: "96.1.1", gas: "24.2.3", hasValve: true }),
    ],
  },
  lu: {
    title: "Luxembourg (Smarty)",
    everyMs: 10_000,
    hasCrc: true,
    isCiphered: true,
    parts: [
      literal("1-3:0.2.8", "42"),
      clock,
      equipment("0-0:42.0.0"),
      totalEnergies(ENERGY, "kvarh"),
      powers(POWER),
      reactivePowers(POWER, "kvar"),
      literal("0-0:17.0.0", "99.999", "kVA"),
      breaker,
      message,
      DUTCH_CHANNELS,
    ],
  },
  se: {
    title: "Sweden (branch recommendation for customer interfaces)",
    everyMs: 10_000,
    hasCrc: true,
    isCiphered: false,
    parts: [
      clock,
      totalEnergies(SWEDISH_ENERGY, "kvarh"),
      powers(SWEDISH_POWER),
      reactivePowers(SWEDISH_POWER, "kvar"),
      phasePowers(21, SWEDISH_POWER, "kW"),
      phasePowers(22, SWEDISH_POWER, "kW"),
      phasePowers(23, SWEDISH_POWER, "kvar"),
      phasePowers(24, SWEDISH_POWER, "kvar"),
      voltages,
      currents(4, 1),
    ],
  },
} as const satisfies Readonly<Record<string, TelegramForm>>;

export type P1Form = keyof typeof P1_FORMS;
