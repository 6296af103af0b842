/** `YYMMDDhhmmssX` with X = S (summer) or W (winter), DSMR P1 6.4. */
export interface P1Time {
  /** By the meter's clock: `2017-01-02T19:20:02`. */
  readonly local: string;
  /** Absent where the stamp has no letter (versions before 4). */
  readonly isSummer?: boolean;
}

/** Whether a value stands where a time belongs, be it one or not: some meters write the letter small. */
export function isP1Stamp(text: string): boolean {
  return /^\d{12}[SWsw]?$/.test(text);
}

/** `undefined` for what is no time: unused fields hold digits such as 632525252525W. */
export function parseP1Time(text: string): P1Time | undefined {
  if (!isP1Stamp(text)) return undefined;
  const match = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(.?)$/.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", season = ""] = match;
  // Channels that never had a reading say 1970.
  const century = Number(year) >= 70 ? 19 : 20;
  const local = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${local}Z`);
  // A date that does not exist comes back as another one, or not at all.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== local) return undefined;
  return season === "" ? { local } : { local, isSummer: season.toUpperCase() === "S" };
}

/** Offset of winter time where P1 is used, but for Ireland (minutes). */
const CENTRAL_EUROPE_MINUTES = 60;
const HOUR_MS = 3_600_000;

/** The instant (ms since 1970 UTC); `undefined` where the stamp does not say whether it is summer. */
export function instantOf({ local, isSummer }: P1Time, winterOffsetMinutes = CENTRAL_EUROPE_MINUTES): number | undefined {
  if (isSummer === undefined) return undefined;
  return Date.parse(`${local}Z`) - winterOffsetMinutes * 60_000 - (isSummer ? HOUR_MS : 0);
}

/** The stamp of an instant, for meters. */
export function formatP1Time(instantMs: number, isSummer: boolean, winterOffsetMinutes = CENTRAL_EUROPE_MINUTES): string {
  const local = new Date(instantMs + winterOffsetMinutes * 60_000 + (isSummer ? HOUR_MS : 0));
  return local.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14) + (isSummer ? "S" : "W");
}
