const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The zone's offset from UTC at an instant, in ms. */
export function zoneOffsetMs(zone: string, atMs: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(new Date(atMs))) part[type] = Number(value);
  const local = Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"] ?? 1, part["hour"] ?? 0, part["minute"] ?? 0);
  return local - Math.floor(atMs / 60_000) * 60_000;
}

/** The instant at which the civil day of `atMs`, moved by `days`, begins. Days of 23 and 25 hours come out right. */
export function dayStart(zone: string, atMs: number, days = 0): number {
  const civil = Math.floor((atMs + zoneOffsetMs(zone, atMs)) / DAY_MS) * DAY_MS + days * DAY_MS;
  const first = civil - zoneOffsetMs(zone, civil);
  return civil - zoneOffsetMs(zone, first);
}

/** `YYYY-MM-DD` of the civil day. */
export function civilDay(zone: string, atMs: number): string {
  return new Date(atMs + zoneOffsetMs(zone, atMs)).toISOString().slice(0, 10);
}

/** The first instant of a civil day given as `YYYY-MM-DD`. */
export function startOfCivilDay(zone: string, day: string): number {
  const noon = Date.parse(`${day}T12:00:00Z`);
  return dayStart(zone, noon - zoneOffsetMs(zone, noon));
}

/** `YYYY-MM-DDTHH:MM` of an instant on the zone's clock, as a `datetime-local` field takes it. */
export function localText(zone: string, atMs: number): string {
  return new Date(atMs + zoneOffsetMs(zone, atMs)).toISOString().slice(0, 16);
}

/** The instant of a `datetime-local` field; the earlier one where the clock shows the time twice. Undefined for no time. */
export function instantOfLocalText(zone: string, text: string): number | undefined {
  const local = Date.parse(`${text}Z`);
  if (Number.isNaN(local)) return undefined;
  const before = local - zoneOffsetMs(zone, local - DAY_MS);
  return before + zoneOffsetMs(zone, before) === local ? before : local - zoneOffsetMs(zone, local + DAY_MS);
}
