import { formatDataSet } from "../message/data-set.ts";
import { formatProfileTime, type ProfileBlock, type ProfileTime } from "./load-profile.ts";

/** What a bit of the status word says (VDEW 2.1; the upper octet as EMH and LEM have it). Bits that are not here differ by manufacturer. */
export const LOG_STATUS = [
  { bit: 0x0001, flag: "fatalError" },
  { bit: 0x0002, flag: "clockReserveExhausted" },
  { bit: 0x0004, flag: "disturbedValue" },
  { bit: 0x0008, flag: "seasonChanged" },
  { bit: 0x0010, flag: "demandReset" },
  { bit: 0x0020, flag: "clockSet" },
  { bit: 0x0040, flag: "powerUp" },
  { bit: 0x0080, flag: "powerDown" },
  { bit: 0x0100, flag: "configurationChanged" },
  { bit: 0x2000, flag: "logCleared" },
  { bit: 0x4000, flag: "profileCleared" },
] as const;
export type LogFlag = (typeof LOG_STATUS)[number]["flag"];

/** One entry of `P.98` or `P.99`. */
export interface LogEntry {
  /** `P.98`. */
  readonly log: string;
  readonly time: ProfileTime;
  /** The status word; `undefined` where it is no hexadecimal number. */
  readonly status: number | undefined;
  readonly flags: readonly LogFlag[];
  /** Bits of the status word that have no name here. */
  readonly otherBits: number;
  /** What the entry holds besides: the clock before it was set (`0.9.1`, `0.9.2`), an event code (`C.11.0`). */
  readonly elements: readonly { readonly code: string; readonly value: string }[];
}

const HEX = /^[0-9A-Fa-f]{1,8}$/;
const LOG = /^(?:\d+-\d+:)?P\.(?:9[89]|2\d\d)$/i;

/** The entries of every log among parsed blocks, in order. Blocks of load profiles are left out. */
export function logEntries(blocks: readonly ProfileBlock[]): LogEntry[] {
  return blocks.filter(({ profile }) => LOG.test(profile)).map(entryOf);
}

function entryOf({ profile, start, status, channels, rows }: ProfileBlock): LogEntry {
  const word = HEX.test(status) ? Number.parseInt(status, 16) : undefined;
  const named = LOG_STATUS.filter(({ bit }) => ((word ?? 0) & bit) !== 0);
  const values = rows[0]?.values ?? [];
  return {
    log: profile,
    time: start,
    status: word,
    flags: named.map(({ flag }) => flag),
    otherBits: named.reduce((rest, { bit }) => rest & ~bit, word ?? 0) >>> 0,
    elements: channels.flatMap(({ code }, index) => {
      const value = values[index]?.value;
      return value === undefined ? [] : [{ code, value }];
    }),
  };
}

/** The other direction, for meters: an entry as a line. */
export function formatLogEntry(entry: Pick<LogEntry, "log" | "time" | "status" | "elements">): string {
  const { log, time, status = 0, elements } = entry;
  const head = [formatProfileTime(time), status.toString(16).toUpperCase().padStart(8, "0"), "", String(elements.length)];
  const values = [...head, ...elements.flatMap(({ code }) => [code, ""]), ...elements.map(({ value }) => value)];
  return `${formatDataSet({ address: log, values: values.map((value) => ({ value })) })}\r\n`;
}
