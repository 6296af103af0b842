import { DecodeError, toHex } from "@amity/bytes";
import {
  clockColumn,
  data,
  dataClasses,
  decodeDateTime,
  decodeInstant,
  describeColumns,
  encodeInstant,
  entrySelection,
  formatCell,
  formatScaled,
  instantOf,
  obisName,
  parseCaptureObjects,
  rangeSelection,
  readObject,
  className,
  unitOf,
  type AccessSelection,
  type CaptureColumn,
  type ClockReading,
  type DlmsClient,
  type DlmsData,
  type ObjectListEntry,
  type ProfileColumn,
  type ScalerUnit,
} from "@amity/dlms";

/** An object as the meter lists it, with its rights (logical names) or without (short names). */
export type ListedObject = Pick<ObjectListEntry, "classId" | "version" | "instanceId">;

/** What was read of one object. */
export interface MeterReading {
  readonly obis: string;
  readonly name: string | undefined;
  readonly classId: number;
  readonly class: string;
  /** Plain value: numbers as sent (before the scaler), text, or hex. */
  readonly value?: unknown;
  readonly scaler?: number;
  readonly unit?: string;
  /** The value as people read it. */
  readonly text?: string;
  /** Profiles: heads and cells as people read them; `columns` in the order of the buffer. */
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly string[])[];
  /** Profiles: the same cells exactly. Numbers are as sent; times scaler and in unit where the column has them. */
  readonly cells?: readonly (readonly MeterCell[])[];
  /** The meter's own refusal. */
  readonly error?: string;
  /** What is wrong with the meter's answer: it cannot be read. */
  readonly fault?: string;
}

/** One value of a profile, exactly. */
export interface MeterCell {
  readonly value: unknown;
  readonly scaler?: number;
  readonly unit?: string;
}

/** What of profiles is wanted, and how this meter's stamps are to be read. */
export interface ReadView {
  readonly span: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** Rows by number, 1 the oldest, `to` 0 the newest; counts where no span is wanted. */
  readonly entries?: { readonly from: number; readonly to: number } | undefined;
  readonly clock: ClockReading;
}

const CLOCK_CLASS = 8;
const PROFILE_CLASS = 7;
const REGISTER_CLASSES: ReadonlySet<number> = new Set([3, 4, 5]);
/** Attribute 3 holds scaler and unit of registers (4 of demand registers). */
const SCALER_ATTRIBUTE: Readonly<Record<number, number>> = { 3: 3, 4: 3, 5: 4 };

/** Reads the value of an object in the way of its class; a refusal or a malformed answer is part of the result, beside the good ones. */
export async function readMeterObject(client: DlmsClient, entry: ListedObject, view: ReadView): Promise<MeterReading> {
  const { instanceId, classId } = entry;
  const base = { obis: instanceId, name: obisName(instanceId), classId, class: className(classId) };
  try {
    return { ...base, ...(classId === PROFILE_CLASS ? await readProfile(client, entry, view) : await readValue(client, entry, view)) };
  } catch (error) {
    if (error instanceof DecodeError) return { ...base, fault: error.message };
    throw error;
  }
}

async function readValue(client: DlmsClient, entry: ListedObject, view: ReadView): Promise<Partial<MeterReading>> {
  const { instanceId, classId } = entry;
  const outcome = await client.get({ classId, instanceId, attributeId: 2 });
  if (outcome.kind === "refused") return { error: outcome.result };
  if (classId === CLOCK_CLASS) return clockValue(outcome.data, view.clock);
  if (REGISTER_CLASSES.has(classId)) return registerValue(outcome.data, await readScaler(client, entry));
  return { value: plainValue(outcome.data), text: plainText(outcome.data) };
}

async function readScaler(
  client: DlmsClient,
  { classId, instanceId }: Pick<ListedObject, "classId" | "instanceId">,
): Promise<ScalerUnit | undefined> {
  const outcome = await client.get({ classId, instanceId, attributeId: SCALER_ATTRIBUTE[classId] ?? 3 });
  if (outcome.kind === "refused") return undefined;
  return readObject(dataClasses.register, new Map([[3, outcome.data]])).values.scalerUnit;
}

function registerValue(value: DlmsData, scalerUnit: ScalerUnit | undefined): Partial<MeterReading> {
  const raw = plainValue(value);
  if ((typeof raw !== "number" && typeof raw !== "bigint") || scalerUnit === undefined) return { value: raw, text: plainText(value) };
  return { value: raw, scaler: scalerUnit.scaler, unit: unitOf(scalerUnit.unit).symbol, text: formatScaled(raw, scalerUnit) };
}

function clockValue(value: DlmsData, reading: ClockReading): Partial<MeterReading> {
  if (value.type !== "octet-string" && value.type !== "date-time") return { value: plainValue(value), text: plainText(value) };
  const stamp = decodeDateTime(value.value);
  const instantMs = instantOf(stamp, reading);
  const text = instantMs === undefined ? toHex(value.value) : new Date(instantMs).toISOString();
  return { value: text, text: `${text}${stamp.status?.isInvalid === true ? " (invalid)" : ""}` };
}

async function readProfile(client: DlmsClient, entry: ListedObject, view: ReadView): Promise<Partial<MeterReading>> {
  const { classId, instanceId } = entry;
  const { clock } = view;
  const captured = await client.get({ classId, instanceId, attributeId: 3 });
  if (captured.kind === "refused") return { error: captured.result };
  const objects = parseCaptureObjects(captured.data);
  const scalers = await readScalers(client, objects);
  const columns = describeColumns(objects, scalers);
  const selection = await selectionOf(client, objects, view);
  const buffer = await client.get({ classId, instanceId, attributeId: 2 }, selection);
  if (buffer.kind === "refused") return { error: buffer.result };
  const rows = buffer.data.type === "array" || buffer.data.type === "compact-array" ? buffer.data.value : [];
  const texts: string[][] = [];
  const cells: MeterCell[][] = [];
  for (const row of rows) {
    if (row.type !== "structure") continue;
    texts.push(row.value.map((cell, index) => cellText(columns[index], cell, clock)));
    cells.push(
      row.value.map((cell, index) => exactCell(columns[index], cell, { clock, scaler: scalers.get(objects[index]?.instanceId ?? "") })),
    );
  }
  return { columns: columns.map(({ name }) => name), rows: texts, cells };
}

async function readScalers(client: DlmsClient, columns: readonly CaptureColumn[]): Promise<Map<string, ScalerUnit>> {
  const scalers = new Map<string, ScalerUnit>();
  for (const { classId, instanceId } of columns) {
    if (!REGISTER_CLASSES.has(classId)) continue;
    const scaler = await readScaler(client, { classId, instanceId });
    if (scaler !== undefined) scalers.set(instanceId, scaler);
  }
  return scalers;
}

async function selectionOf(
  client: DlmsClient,
  columns: readonly CaptureColumn[],
  { span, entries }: ReadView,
): Promise<AccessSelection | undefined> {
  if (span !== undefined) return rangeOf(client, columns, span);
  return entries === undefined ? undefined : entrySelection(entries.from, entries.to);
}

/** The range in the meter's own way of writing time: the deviation that its clock shows now. */
async function rangeOf(
  client: DlmsClient,
  columns: readonly CaptureColumn[],
  span: { fromMs: number; toMs: number },
): Promise<AccessSelection | undefined> {
  const restricting = clockColumn(columns);
  if (restricting === undefined) return undefined;
  const clock = await client.get({ classId: CLOCK_CLASS, instanceId: restricting.instanceId, attributeId: 2 });
  const isStamp = clock.kind === "data" && (clock.data.type === "octet-string" || clock.data.type === "date-time");
  const deviationMinutes = isStamp ? (decodeDateTime(clock.data.value).deviationMinutes ?? 0) : 0;
  const stamp = (instantMs: number): DlmsData => data.octets(encodeInstant(instantMs, { deviationMinutes }));
  return rangeSelection(stamp(span.fromMs), stamp(span.toMs), [], restricting);
}

function exactCell(
  column: ProfileColumn | undefined,
  cell: DlmsData,
  { clock, scaler }: { clock: ClockReading; scaler: ScalerUnit | undefined },
): MeterCell {
  if (column?.kind === "clock") return { value: cellText(column, cell, clock) };
  const value = plainValue(cell);
  const isNumber = typeof value === "number" || typeof value === "bigint";
  return isNumber && scaler !== undefined ? { value, scaler: scaler.scaler, unit: unitOf(scaler.unit).symbol } : { value };
}

function cellText(column: ProfileColumn | undefined, cell: DlmsData, reading: ClockReading): string {
  if (column === undefined) return plainText(cell);
  if (column.kind === "clock" && (cell.type === "octet-string" || cell.type === "date-time")) {
    const instantMs = decodeInstant(cell.value, reading);
    if (instantMs !== undefined) return new Date(instantMs).toISOString();
  }
  return formatCell(column, cell);
}

/** Nested values as plain JSON; octets as text where they are printable, as hex otherwise. */
function plainValue(value: DlmsData): unknown {
  switch (value.type) {
    case "array":
    case "structure":
    case "compact-array":
      return value.value.map(plainValue);
    case "null-data":
    case "dont-care":
      return null;
    case "bit-string":
      return toHex(value.value.octets);
    case "octet-string":
    case "date-time":
    case "date":
    case "time":
      return octetsText(value.value);
    default:
      return value.value;
  }
}

function plainText(value: DlmsData): string {
  const plain = plainValue(value);
  return typeof plain === "string"
    ? plain
    : JSON.stringify(plain, (_key, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
}

function octetsText(octets: Uint8Array): string {
  const isPrintable = octets.length > 0 && octets.every((octet) => octet >= 0x20 && octet < 0x7f);
  return isPrintable ? new TextDecoder().decode(octets) : toHex(octets);
}
