import { UsageError } from "@amity/bytes";
import type { FleetRegistration, RegistrationProblem } from "@amity/api";

/** An entry of a fleet as it was written, before anything is judged. */
export interface FleetEntry {
  /** Line of the file, or place in its list, from 1. */
  readonly line: number;
  readonly kind: "device" | "concentrator";
  readonly content: unknown;
}

const ENTRIES_MAX = 1_000_000;
const COLUMNS = [
  "meter",
  "protocol",
  "address",
  "listen",
  "concentrator",
  "station",
  "host",
  "channel",
  "usage_point",
  "commodity",
  "zone",
  "status",
] as const;

/**
 * Reads a fleet from CSV or JSON. JSON: a list of devices, or `{ devices, concentrators }`, as `POST /api/v1/devices` takes them. CSV: a
 * head of `meter`, `protocol`, `address` (`host:port`), `listen` (`host:port`), `concentrator` with `station`, `host` with `channel`,
 * `usage_point`, `commodity`, `zone`, `status`, and any `setting.NAME` and `key.NAME`; a row of protocol `concentrator` is one.
 * @throws UsageError for a file that is neither.
 */
export function readFleetFile(text: string): { readonly entries: FleetEntry[]; readonly problems: RegistrationProblem[] } {
  const start = text.replace(/^\uFEFF/, "").trimStart();
  return start.startsWith("{") || start.startsWith("[")
    ? { entries: jsonEntries(start), problems: [] }
    : csvEntries(text.replace(/^\uFEFF/, ""));
}

function jsonEntries(text: string): FleetEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the file is no JSON: ${error instanceof Error ? error.message : String(error)}`, { code: "fleet-file" });
  }
  const isList = Array.isArray(parsed);
  const { devices = [], concentrators = [] } = isList ? { devices: parsed } : (parsed as Record<string, unknown>);
  if (!Array.isArray(devices) || !Array.isArray(concentrators))
    throw new UsageError("the file holds neither a list of devices nor { devices, concentrators }", { code: "fleet-file" });
  if (devices.length + concentrators.length > ENTRIES_MAX) throw new UsageError(`more than ${ENTRIES_MAX} entries`, { code: "fleet-file" });
  return entriesOf({ devices, concentrators });
}

/** The entries of a registration over HTTP. */
export function entriesOf({ devices, concentrators }: FleetRegistration): FleetEntry[] {
  return [
    ...concentrators.map((content: unknown, index): FleetEntry => ({ line: index + 1, kind: "concentrator", content })),
    ...devices.map((content: unknown, index): FleetEntry => ({ line: index + 1, kind: "device", content })),
  ];
}

function csvEntries(text: string): { entries: FleetEntry[]; problems: RegistrationProblem[] } {
  const [head, ...rows] = rowsOf(text);
  const names = (head?.cells ?? []).map((name) => name.trim());
  const strange = names.find((name) => !(COLUMNS as readonly string[]).includes(name) && !/^(?:setting|key)\.\w+$/.test(name));
  if (strange !== undefined || !names.includes("meter") || !names.includes("protocol")) {
    const reason = strange === undefined ? "the first line does not name meter and protocol" : `column "${strange}" is not known`;
    throw new UsageError(reason, { code: "fleet-file", advice: `columns are ${COLUMNS.join(", ")}, setting.NAME, key.NAME` });
  }
  if (rows.length > ENTRIES_MAX) throw new UsageError(`more than ${ENTRIES_MAX} lines`, { code: "fleet-file" });
  const entries: FleetEntry[] = [];
  const problems: RegistrationProblem[] = [];
  for (const { line, cells } of rows) {
    if (cells.every((cell) => cell.trim() === "") || cells[0]?.startsWith("#") === true) continue;
    if (cells.length > names.length) {
      problems.push({ line, field: "", reason: `${cells.length} cells, the first line names ${names.length}` });
      continue;
    }
    const row = new Map(names.map((name, index) => [name, (cells[index] ?? "").trim()]));
    entries.push({ line, ...entryOfRow(row) });
  }
  return { entries, problems };
}

function entryOfRow(row: ReadonlyMap<string, string>): Pick<FleetEntry, "kind" | "content"> {
  const given = (name: string): string | undefined => (row.get(name) === "" ? undefined : row.get(name));
  const optional = (name: string, as: string): Record<string, string> => {
    const value = given(name);
    return value === undefined ? {} : { [as]: value };
  };
  const keys = prefixed(row, "key.", (text) => text);
  if (given("protocol") === "concentrator") {
    const content = { concentratorId: given("meter"), ...socketOf(given("address")), keys, ...optional("status", "status") };
    return { kind: "concentrator", content };
  }
  const content = {
    meterId: given("meter"),
    protocol: given("protocol"),
    route: routeOf(given),
    settings: prefixed(row, "setting.", settingOf),
    keys,
    ...optional("usage_point", "usagePoint"),
    ...optional("commodity", "commodity"),
    ...optional("zone", "zone"),
    ...optional("status", "status"),
  };
  return { kind: "device", content };
}

/** The one way that a row names; what is missing in it is for the judge to say. */
function routeOf(given: (name: string) => string | undefined): unknown {
  const ways = [
    ...(given("address") === undefined ? [] : [{ kind: "direct", ...socketOf(given("address")) }]),
    ...(given("listen") === undefined ? [] : [{ kind: "listen", ...socketOf(given("listen")) }]),
    ...(given("concentrator") === undefined
      ? []
      : [
          given("protocol") === "wmbus"
            ? { kind: "wireless", concentratorId: given("concentrator"), address: given("station") }
            : { kind: "concentrator", concentratorId: given("concentrator"), meterAddress: given("station") },
        ]),
    ...(given("host") === undefined ? [] : [{ kind: "behind", hostMeterId: given("host"), channel: Number(given("channel")) }]),
  ];
  return ways.length === 1 ? ways[0] : `${ways.length} ways to it: one of address, listen, concentrator, host`;
}

function socketOf(text: string | undefined): { host?: string; port?: number } {
  const found = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text ?? "");
  return found?.[1] === undefined ? {} : { host: found[1], port: Number(found[2]) };
}

function settingOf(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  // A device address such as 0047 is a name, not a number.
  return /^(?:0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

function prefixed<T>(row: ReadonlyMap<string, string>, prefix: string, read: (text: string) => T): Record<string, T> {
  const found = [...row].filter(([name, text]) => name.startsWith(prefix) && text !== "");
  return Object.fromEntries(found.map(([name, text]) => [name.slice(prefix.length), read(text)]));
}

/** Rows of RFC 4180, with the line that each begins on. */
function rowsOf(text: string): { line: number; cells: string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = "";
  let line = 1;
  let begun = 1;
  let isQuoted = false;
  const end = (): void => {
    rows.push({ line: begun, cells: [...cells, cell] });
    cells = [];
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\n") line++;
    if (isQuoted) {
      if (character === '"' && text[at + 1] === '"') {
        cell += character;
        at++;
      } else if (character === '"') isQuoted = false;
      else cell += character;
    } else if (character === '"' && cell === "") isQuoted = true;
    else if (character === "," || character === ";") {
      cells.push(cell);
      cell = "";
    } else if (character === "\n") {
      end();
      begun = line;
    } else if (character !== "\r") cell += character;
  }
  if (cell !== "" || cells.length > 0) end();
  return rows;
}
