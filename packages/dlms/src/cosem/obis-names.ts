import { parseObis, type Obis } from "../data/obis.ts";
import { COUNTRIES } from "./country-names.ts";
import { electricityName } from "./electricity-names.ts";
import { mediumName } from "./media-names.ts";
import { OBIS_PATTERNS } from "./obis-patterns.ts";
import { SERVICE_PATTERNS } from "./service-patterns.ts";

/** Words that a person may write in place of a code. */
export const OBIS_SHORT_NAMES = {
  clock: "0-0:1.0.0.255",
  "logical-device-name": "0-0:42.0.0.255",
  "serial-number": "0-0:96.1.0.255",
  firmware: "1-0:0.2.0.255",
  association: "0-0:40.0.0.255",
  "sap-assignment": "0-0:41.0.0.255",
  "security-setup": "0-0:43.0.0.255",
  "invocation-counter": "0-0:43.1.0.255",
  "active-energy-import": "1-0:1.8.0.255",
  "active-energy-export": "1-0:2.8.0.255",
  "reactive-energy-import": "1-0:3.8.0.255",
  "reactive-energy-export": "1-0:4.8.0.255",
  "active-power-import": "1-0:1.7.0.255",
  "active-power-export": "1-0:2.7.0.255",
  "active-power-net": "1-0:16.7.0.255",
  "maximum-demand-import": "1-0:1.6.0.255",
  "voltage-l1": "1-0:32.7.0.255",
  "voltage-l2": "1-0:52.7.0.255",
  "voltage-l3": "1-0:72.7.0.255",
  "current-l1": "1-0:31.7.0.255",
  "current-l2": "1-0:51.7.0.255",
  "current-l3": "1-0:71.7.0.255",
  "power-factor": "1-0:13.7.0.255",
  frequency: "1-0:14.7.0.255",
  "load-profile": "1-0:99.1.0.255",
  "load-profile-2": "1-0:99.2.0.255",
  "billing-profile": "0-0:98.1.0.255",
  "standard-event-log": "0-0:99.98.0.255",
  "fraud-event-log": "0-0:99.98.1.255",
  "disconnector-event-log": "0-0:99.98.2.255",
  "power-quality-event-log": "0-0:99.98.4.255",
  "communication-event-log": "0-0:99.98.5.255",
  disconnector: "0-0:96.3.10.255",
  limiter: "0-0:17.0.0.255",
  "activity-calendar": "0-0:13.0.0.255",
  "special-days": "0-0:11.0.0.255",
  "current-tariff": "0-0:96.14.0.255",
  "image-transfer": "0-0:44.0.0.255",
  "push-setup": "0-0:25.9.0.255",
  "error-register": "0-0:97.97.0.255",
  "alarm-register": "0-0:97.98.0.255",
} as const satisfies Record<string, string>;

/** The standard's name of a code, e.g. `Active energy import (+A), rate 2`; `undefined` where it has none. */
export function obisName(obis: Obis): string | undefined {
  const groups = obis.split(/[-:.]/).map(Number);
  const pattern = PATTERNS.find(({ wanted }) => wanted.every(([low, high], index) => isWithin(groups[index], low, high)));
  if (pattern !== undefined) return filled(pattern.name, groups);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 255] = groups;
  if (c === COUNTRY_SPECIFIC) {
    const country = COUNTRIES[d];
    return country === undefined ? undefined : `Object of ${country}, ${d}.${e}`;
  }
  if (b > CHANNEL_MAX) return undefined;
  const name = a === 1 ? electricityName(c, d, e) : mediumName(a, c, d, e);
  if (name === undefined || f === 255) return name;
  return `${name}, billing period ${f <= 99 ? f : `-${f - 100}`}`;
}

const COUNTRY_SPECIFIC = 94;
const CHANNEL_MAX = 64;

/** The code that a person means: a code in any form, or one of `OBIS_SHORT_NAMES`. @throws DecodeError `not-obis`. */
export function resolveObis(text: string): Obis {
  const word = text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, "-");
  const known: string | undefined = Object.hasOwn(OBIS_SHORT_NAMES, word)
    ? OBIS_SHORT_NAMES[word as keyof typeof OBIS_SHORT_NAMES]
    : undefined;
  return parseObis(known ?? text);
}

function isWithin(group: number | undefined, low: number, high: number): boolean {
  return group !== undefined && group >= low && group <= high;
}

/** Puts the groups into a name: `{E}`, `{E+1}`, `{D-10}`. */
function filled(name: string, groups: readonly number[]): string {
  return name.replace(/\{([A-F])([+-]\d+)?\}/g, (_, group: string, added?: string) =>
    String((groups["ABCDEF".indexOf(group)] ?? 0) + Number(added ?? 0)),
  );
}

/** `*`, a number, or the two ends of a range. */
function rangeOf(group: string): readonly [low: number, high: number] {
  if (group === "*") return [0, 255];
  const [low = 0, high = low] = group.split("~").map(Number);
  return [low, high];
}

const PATTERNS = [...OBIS_PATTERNS, ...SERVICE_PATTERNS].map(([pattern, name]) => ({
  name,
  wanted: pattern.split(/[-:.]/).map(rangeOf),
}));
