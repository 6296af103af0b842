/** A cheap stand-in for households: deterministic energy for any meter and quarter hour. Fixture data, not a model. */
const QUARTER_MS = 900_000;

export function hash(a: number, b: number): number {
  let mixed = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
}

export interface Home {
  readonly seed: number;
  readonly solar: boolean;
  readonly ev: boolean;
}

const HOURLY = [
  0.32, 0.28, 0.26, 0.25, 0.26, 0.34, 0.62, 0.95, 0.82, 0.62, 0.55, 0.56, 0.6, 0.55, 0.52, 0.58, 0.78, 1.18, 1.55, 1.6, 1.42, 1.1, 0.74,
  0.46,
];

function shapeAt(hour: number): number {
  const low = Math.floor(hour) % 24;
  const part = hour - Math.floor(hour);
  return (HOURLY[low] ?? 0) * (1 - part) + (HOURLY[(low + 1) % 24] ?? 0) * part;
}

/** Import and export of one quarter hour in Wh. `offsetMs` is the zone's offset from UTC. */
export function quarterHour(home: Home, startMs: number, offsetMs: number): { importWh: number; exportWh: number } {
  const slot = Math.floor(startMs / QUARTER_MS);
  const hour = ((((startMs + offsetMs) / 3_600_000) % 24) + 24) % 24;
  const day = Math.floor((startMs + offsetMs) / 86_400_000);
  const size = 0.5 + 1.1 * hash(home.seed, 1);
  const shift = (hash(home.seed, 2) - 0.5) * 2;
  let watts = 620 * size * shapeAt((hour + shift + 24) % 24) * (0.72 + 0.56 * hash(home.seed, slot));
  if (hash(home.seed ^ 77, slot) > 0.955) watts += 1_400 * hash(home.seed ^ 78, slot);
  const chargesFrom = 18 + 5 * hash(home.seed ^ 5, day);
  if (home.ev && hash(home.seed ^ 6, day) > 0.35 && hour > chargesFrom && hour < chargesFrom + 2.5) watts += 6_800;
  const cloud = 0.45 + 0.55 * hash(4242, day) * (0.7 + 0.3 * hash(99, slot));
  const sun = Math.max(0, Math.sin(((hour - 5.6) / 13.6) * Math.PI));
  const solar = home.solar ? 4_200 * (0.7 + 0.5 * hash(home.seed, 3)) * sun ** 1.35 * cloud : 0;
  const net = watts - solar;
  return { importWh: Math.round(Math.max(0, net) / 4), exportWh: Math.round(Math.max(0, -net) / 4) };
}
