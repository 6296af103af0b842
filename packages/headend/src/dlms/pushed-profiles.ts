import { captureObjectsOf, isRegisterValue } from "@amity/concentrator";
import { encodeData, type DlmsData } from "@amity/dlms";
import type { IntervalSeries, MeterId, RegisterReading } from "@amity/model";
import { intervalsOfRows } from "./interval-runs.ts";
import { readProfileBuffer } from "./profile-buffer.ts";
import { layoutOf } from "./profile-layout.ts";

const SCALER_UNIT_TYPES = ["integer", "enum"];

/**
 * The rows of profiles that a push brings with their own description, in this order of its object list: capture objects (class 7,
 * attribute 3), capture period (4), scaler and unit of each captured register (class 3, attribute 3), buffer (2). Buffers without
 * description are passed over: nothing says what their columns are.
 * @throws DecodeError for a buffer that is not as it is described.
 */
export function profilesOfPush(
  meterId: MeterId,
  body: DlmsData,
): { readonly intervals: readonly IntervalSeries[]; readonly registers: readonly RegisterReading[] } {
  const cells = body.type === "structure" ? body.value : [];
  const read = cells.flatMap((_, index) => described(cells.slice(index)) ?? []).map((rows) => intervalsOfRows(meterId, rows));
  return { intervals: read.flatMap(({ intervals }) => intervals), registers: read.flatMap(({ registers }) => registers) };
}

/** The rows of a profile whose description begins here; `undefined`: none does. */
function described([captured, period, ...rest]: readonly DlmsData[]): ReturnType<typeof readProfileBuffer> | undefined {
  if (captured === undefined || !isCaptureList(captured) || period?.type !== "double-long-unsigned") return undefined;
  const objects = captureObjectsOf(captured);
  const registers = objects.filter(isRegisterValue).length;
  const scales = rest.slice(0, registers);
  const buffer = rest[registers];
  if (!scales.every(isScalerUnit) || (buffer?.type !== "array" && buffer?.type !== "compact-array")) return undefined;
  let next = 0;
  const scalerUnits = objects.map((object) => (isRegisterValue(object) ? scales[next++] : undefined));
  return readProfileBuffer(encodeData(buffer), layoutOf(objects, scalerUnits, period.value));
}

function isCaptureList(value: DlmsData): boolean {
  if (value.type !== "array" || value.value.length === 0) return false;
  const types = (one: DlmsData): string => (one.type === "structure" ? one.value.map(({ type }) => type).join() : "");
  return value.value.every((one) => types(one).startsWith("long-unsigned,octet-string,integer"));
}

function isScalerUnit(value: DlmsData): boolean {
  return value.type === "structure" && value.value.map(({ type }) => type).join() === SCALER_UNIT_TYPES.join();
}
