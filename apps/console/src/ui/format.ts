/** Numbers, quantities and times as the console writes them: thin spaces, 24 hours, the utility's zone. */
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const THREE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export function count(value: number): string {
  return WHOLE.format(value);
}

export function compact(value: number): string {
  if (value < 100_000) return WHOLE.format(value);
  if (value < 1e9) return `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} M`;
  return `${(value / 1e9).toFixed(2)} G`;
}

/** Never rounds up to 100 %: a hole stays visible. */
export function percent(share: number, digits = 1): string {
  const scale = 10 ** digits;
  return `${(Math.floor(share * 100 * scale) / scale).toFixed(digits)} %`;
}

/** Cubic metres, or litres where there is less than one. */
function volume(cubicMetres: number, per: string): [string, string] {
  const size = Math.abs(cubicMetres);
  if (size < 1) return [WHOLE.format(cubicMetres * 1000), `L${per}`];
  return [size < 100 ? cubicMetres.toFixed(2) : WHOLE.format(cubicMetres), `m\u00b3${per}`];
}

/** A quantity with its prefix chosen by size: `[number, unit]`. Volumes are given in `m3` (`m3/h`) or `L`. */
export function scaled(value: number, unit: string): [string, string] {
  if (unit === "m3" || unit === "m3/h") return volume(value, unit.slice(2));
  if (unit === "L") return volume(value / 1000, "");
  if (unit === "degC") return [value.toFixed(1), "\u00b0C"];
  const size = Math.abs(value);
  if (size >= 1e9) return [THREE.format(value / 1e9), `G${unit}`];
  if (size >= 1e6) return [(value / 1e6).toFixed(2), `M${unit}`];
  if (size >= 1e4) return [(value / 1e3).toFixed(size >= 1e5 ? 0 : 1), `k${unit}`];
  if (size >= 1e3) return [(value / 1e3).toFixed(2), `k${unit}`];
  return [WHOLE.format(value), unit];
}

export function quantity(value: number, unit: string): string {
  return scaled(value, unit).join(" ");
}

const UNIT_SIGNS: Readonly<Record<string, string>> = { m3: "m\u00b3", degC: "\u00b0C" };

/** An integer with a power of ten, exactly: no float on the way. */
export function exact(value: string, scaler: number, unit: string): string {
  const negative = value.startsWith("-");
  const digits = negative ? value.slice(1) : value;
  const padded = scaler < 0 ? digits.padStart(1 - scaler, "0") : digits + "0".repeat(scaler);
  const whole = scaler < 0 ? padded.slice(0, scaler) : padded;
  const part = scaler < 0 ? `.${padded.slice(scaler)}` : "";
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return `${negative ? "−" : ""}${grouped}${part}${unit === "none" ? "" : ` ${UNIT_SIGNS[unit] ?? unit}`}`;
}

export function money(amount: string, currency: string): string {
  const [whole = "0", part = "00"] = amount.split(".");
  return `${currency} ${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",")}.${part}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
  formats.set(key, known);
  return known;
}

export function clockTime(at: number | string, zone: string): string {
  return format(zone, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}
export function shortDay(at: number | string, zone: string): string {
  return format(zone, { day: "numeric", month: "short" }).format(new Date(at));
}
export function weekDay(at: number | string, zone: string): string {
  return format(zone, { weekday: "short", day: "numeric", month: "short" }).format(new Date(at));
}
export function dateTime(at: number | string, zone: string): string {
  return `${shortDay(at, zone)} ${clockTime(at, zone)}`;
}
export function longDateTime(at: number | string, zone: string): string {
  return format(zone, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(new Date(at));
}

/** How long ago, in the two largest words that matter. */
export function ago(at: string | undefined, nowMs: number): string {
  if (at === undefined) return "never";
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
  if (seconds < 60) return "just now";
  return `${span(seconds)} ago`;
}

export function span(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.round((seconds % 86_400) / 3_600)} h`;
}

/** `missingMinutes` as "Missing minutes": names of rules' numbers are shown as they are called there. */
export function inWords(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, (_match, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}`;
}
