/** Place by place: the object, its scaler and unit; no unit where a text, a time or a state stands. */
export type PlacedLayout = readonly (readonly [obis: string, scaler: number, unit: string])[];

/** Where nobody knows what stands. */
export const UNNAMED = "";

const unnamed = [UNNAMED, 0, ""] as const;
const LOGICAL_DEVICE = ["0-0:42.0.0*255", 0, ""] as const;
const IDENTIFIER = ["0-0:96.1.0*255", 0, ""] as const;
const BREAKER = ["0-0:96.3.10*255", 0, ""] as const;
const CLOCK = ["0-0:1.0.0*255", 0, ""] as const;
const ACTIVE = [
  ["1-0:1.7.0*255", 0, "W"],
  ["1-0:2.7.0*255", 0, "W"],
] as const;
const POWERS = [...ACTIVE, ["1-0:3.7.0*255", 0, "var"], ["1-0:4.7.0*255", 0, "var"]] as const;
const REACTIVE_ENERGIES = [
  ["1-0:3.8.0*255", 0, "varh"],
  ["1-0:4.8.0*255", 0, "varh"],
] as const;
const ENERGIES = [["1-0:1.8.0*255", 0, "Wh"], ["1-0:2.8.0*255", 0, "Wh"], ...REACTIVE_ENERGIES] as const;
const TARIFFS: PlacedLayout = [1, 2].flatMap((quantity) =>
  [0, 1, 2].map((tariff) => [`1-0:${quantity}.8.${tariff}*255`, 0, "Wh"] as const),
);

function phases(first: number, scaler: number, unit: string): PlacedLayout {
  return [0, 20, 40].map((step) => [`1-0:${first + step}.7.0*255`, scaler, unit] as const);
}

const KAIFA_HEAD = [["1-1:0.2.129*255", 0, ""], IDENTIFIER, ["0-0:96.1.7*255", 0, ""], ...POWERS] as const;
const KAIFA_ONE_PHASE = [...KAIFA_HEAD, ["1-0:31.7.0*255", -3, "A"], ["1-0:32.7.0*255", -1, "V"]] as const;
const KAIFA_THREE_PHASES = [...KAIFA_HEAD, ...phases(31, -3, "A"), ...phases(32, -1, "V")];
const ISKRA_HEAD = [LOGICAL_DEVICE, IDENTIFIER] as const;
const ISKRA_VOLTS = phases(32, -1, "V");
const ISKRA_AMPERES = phases(31, -2, "A");

/** Lists whose values are told by their place, as their makers and recordings have them. */
export const PLACED_LAYOUTS: readonly PlacedLayout[] = [
  // Kaifa, Norway: every 2.5 s, every 10 s, every hour.
  POWERS.slice(0, 1),
  KAIFA_ONE_PHASE,
  KAIFA_THREE_PHASES,
  [...KAIFA_ONE_PHASE, CLOCK, ...ENERGIES],
  [...KAIFA_THREE_PHASES, CLOCK, ...ENERGIES],
  // Iskra, Slovenia: of now, by firmware and number of phases.
  [...ISKRA_HEAD, ...POWERS, ...ISKRA_VOLTS, ...ISKRA_AMPERES, ...phases(21, 0, "W"), ...phases(22, 0, "W")],
  [LOGICAL_DEVICE, unnamed, ...ISKRA_VOLTS, ...ISKRA_AMPERES, ...POWERS],
  [...ISKRA_HEAD, ...POWERS, ["1-0:32.7.0*255", -1, "V"], unnamed, unnamed],
  [
    ...ISKRA_HEAD,
    ...POWERS,
    ["1-0:32.7.0*255", -1, "V"],
    ["1-0:31.7.0*255", -2, "A"],
    ["1-0:21.7.0*255", 0, "W"],
    ["1-0:22.7.0*255", 0, "W"],
  ],
  // Iskra, Slovenia: energies.
  [...ISKRA_HEAD, BREAKER, ["0-0:96.14.0*255", 0, ""], ...TARIFFS, ...REACTIVE_ENERGIES],
  [LOGICAL_DEVICE, ...ACTIVE, ...TARIFFS],
  [IDENTIFIER, unnamed, ["1-0:1.8.0*255", 0, "Wh"], ["1-0:2.8.0*255", 0, "Wh"]],
  // Iskra, Croatia: energies of tariffs and quadrants, powers, voltages and currents; limits and the breaker at the end.
  [
    IDENTIFIER,
    unnamed,
    unnamed,
    ...TARIFFS,
    ...[5, 6, 7, 8].map((quadrant) => [`1-0:${quadrant}.8.0*255`, 0, "varh"] as const),
    ...ACTIVE,
    unnamed,
    ...phases(21, 0, "W"),
    ...phases(22, 0, "W"),
    ...ISKRA_VOLTS,
    ...ISKRA_AMPERES,
    unnamed,
    unnamed,
    unnamed,
    unnamed,
    BREAKER,
  ],
];
