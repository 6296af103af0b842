import { DecodeError, UsageError } from "@amity/bytes";
import {
  companionClock,
  companionObject,
  findClass,
  obisName,
  parseObis,
  parseObjectList,
  parseShortNameList,
  resolveObis,
} from "@amity/dlms";
import type { Companion, DlmsClient, Obis } from "@amity/dlms";
import { companionChoice, withCompanionDefaults } from "./companion-defaults.ts";
import { readMeterObject, type ListedObject, type MeterReading } from "./meter-object.ts";
import { parseMeterUrl, type MeterUrl } from "./meter-url.ts";
import { openMeter } from "./open-meter.ts";
import { printJson, printLine, EXIT } from "./output.ts";

export interface ReadOptions {
  readonly companion?: string;
  readonly role?: string;
  readonly from?: string;
  readonly to?: string;
  readonly entries?: string;
  readonly timeout: number;
  readonly trace?: boolean;
  readonly json?: boolean;
}

const ASSOCIATION = parseObis("0-0:40.0.0");
const ASSOCIATION_LN = 15;
const ASSOCIATION_SN = 12;
/** Classes that a read without names goes through: data, registers, clock, disconnect control. */
const DEFAULT_CLASSES: ReadonlySet<number> = new Set([1, 3, 4, 5, 8, 70]);

/** `amity read`: opens an association, reads what was asked (or everything identified), prints it. */
export async function read(url: string, what: readonly string[], options: ReadOptions): Promise<void> {
  const choice = companionChoice(options.companion, options.role);
  const meter = parseMeterUrl(choice === undefined ? url : withCompanionDefaults(url, choice));
  const view = { span: spanOf(options), entries: entriesOf(options), clock: choice === undefined ? {} : companionClock(choice.companion) };
  const wanted = what.map((text) =>
    text === "associations" || text === "objects" ? "objects" : { text, name: nameOf(text, choice?.companion) },
  );
  const client = await openMeter(meter, {
    timeoutMs: options.timeout,
    trace: options.trace === true,
    companionClient: choice?.client,
  });
  try {
    const objects = await objectsOf(client, meter);
    const readings: MeterReading[] = [];
    const listed = wanted.includes("objects") ? objects : undefined;
    const names = wanted.flatMap((one) => (one === "objects" ? [] : [one]));
    const chosen =
      what.length === 0 ? objects.filter(({ classId }) => DEFAULT_CLASSES.has(classId)) : names.map((one) => entryOf(objects, one));
    for (const entry of chosen) readings.push(await readMeterObject(client, entry, view));
    print(
      { meter: `${meter.host}:${meter.port}`, ...(listed === undefined ? {} : { objects: listed.map(objectShape) }), readings },
      options,
    );
    const isRefused = readings.some(({ error }) => error !== undefined);
    // Reading everything meets refusals; an answer that cannot be read is never right.
    if (readings.some(({ fault }) => fault !== undefined) || (isRefused && what.length > 0)) process.exitCode = EXIT.partial;
  } finally {
    await client.release();
  }
}

function spanOf({ from, to }: ReadOptions): { fromMs: number; toMs: number } | undefined {
  if (from === undefined && to === undefined) return undefined;
  const [fromMs, toMs] = [from === undefined ? 0 : Date.parse(from), to === undefined ? 4_102_444_800_000 : Date.parse(to)];
  if (Number.isNaN(fromMs) || Number.isNaN(toMs))
    throw new UsageError("--from and --to are ISO 8601 times", { code: "time", advice: "e.g. 2026-11-01T00:00:00Z" });
  if (toMs < fromMs) throw new UsageError("--to is earlier than --from", { code: "time" });
  return { fromMs, toMs };
}

/** `FROM` or `FROM-TO`; a row that is not there is none. */
function entriesOf({ entries, from, to }: ReadOptions): { from: number; to: number } | undefined {
  if (entries === undefined) return undefined;
  const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(entries) ?? [];
  if (first === undefined || from !== undefined || to !== undefined)
    throw new UsageError("--entries is FROM-TO, without --from and --to", {
      code: "entries",
      advice: "e.g. 1-96; 90-0 goes to the newest",
    });
  return { from: Number(first), to: Number(last) };
}

function nameOf(text: string, companion: Companion | undefined): Obis {
  try {
    const known = companion === undefined ? undefined : companionObject(companion, text);
    return resolveObis(known ?? (text === "profile" ? "load-profile" : text));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new UsageError(`"${text}" is neither an OBIS code nor a known name`, {
      code: "name",
      advice: "e.g. 1-0:1.8.0.255, clock, active-energy-import, profile, objects",
      cause: error,
    });
  }
}

function entryOf(objects: readonly ListedObject[], { text, name }: { text: string; name: Obis }): ListedObject {
  const entry = objects.find(({ instanceId }) => instanceId === name);
  if (entry !== undefined) return entry;
  throw new UsageError(`the meter shows no object ${text} (${name}) to this client`, {
    code: "no-object",
    advice: 'read "objects" to see what there is',
  });
}

/** What the meter shows to this client. A list by short names tells nothing of rights. */
async function objectsOf(client: DlmsClient, { shortNames }: MeterUrl): Promise<ListedObject[]> {
  const list = { instanceId: ASSOCIATION, attributeId: 2 };
  if (!shortNames) return parseObjectList(await required(client, { ...list, classId: ASSOCIATION_LN }));
  return parseShortNameList(await required(client, { ...list, classId: ASSOCIATION_SN }));
}

async function required(
  client: DlmsClient,
  attribute: { classId: number; instanceId: Obis; attributeId: number },
): Promise<Parameters<typeof parseObjectList>[0]> {
  const outcome = await client.get(attribute);
  if (outcome.kind === "data") return outcome.data;
  throw new UsageError(`the meter refuses its object list: ${outcome.result}`, {
    code: "refused",
    advice: "another client may be allowed: client=N",
  });
}

interface ObjectShape {
  readonly obis: string;
  readonly classId: number;
  readonly version: number;
  readonly class: string | undefined;
  readonly name: string | undefined;
}

function objectShape({ classId, version, instanceId }: ListedObject): ObjectShape {
  return { obis: instanceId, classId, version, class: findClass(classId, version)?.name, name: obisName(instanceId) };
}

function print(result: { meter: string; objects?: readonly ObjectShape[]; readings: readonly MeterReading[] }, options: ReadOptions): void {
  if (options.json === true) {
    printJson(result);
    return;
  }
  for (const object of result.objects ?? [])
    printLine(
      `${object.obis.padEnd(20)} class ${String(object.classId).padEnd(4)} v${object.version}  ${object.name ?? object.class ?? ""}`,
    );
  for (const { obis, name, columns, rows, ...reading } of result.readings) {
    printLine(`${obis.padEnd(20)} ${(name ?? "").padEnd(44)} ${outcomeText(reading) ?? `${rows?.length ?? 0} rows`}`);
    if (columns !== undefined) printLine(`  ${columns.join(" | ")}`);
    for (const row of rows ?? []) printLine(`  ${row.join(" | ")}`);
  }
}

function outcomeText({ text, error, fault }: Pick<MeterReading, "text" | "error" | "fault">): string | undefined {
  if (error !== undefined) return `refused: ${error}`;
  return fault === undefined ? text : `unreadable: ${fault}`;
}
