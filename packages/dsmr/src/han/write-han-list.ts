import { encodeDataNotification, encodeDateTime, encodeFrame, stampOf, type DlmsData } from "@amity/dlms";
import type { P1Meter } from "../server/p1-meter.ts";
import { HAN_FORMS, type HanEntry, type HanForm, type HanFormName, type HanList } from "./han-form.ts";

/** The body of a push: the list of a form with what the meter measured. */
export function writeHanList(meter: P1Meter, name: HanFormName, list: HanList): DlmsData {
  const form: HanForm = HAN_FORMS[name];
  const { entries, clockAt, hasHead } = form.lists[list];
  const values = entries.flatMap((of) => of(meter)).map((entry) => written(entry, meter, form));
  if (clockAt !== undefined) values.splice(clockAt < 0 ? values.length + clockAt : clockAt, 0, clockOf(meter, form));
  const head = hasHead ? form.head(meter) : [];
  return { type: form.isArray ? "array" : "structure", value: [...head, ...values.flat()] };
}

/** A push as it leaves the port: a data-notification in one HDLC frame. */
export function encodeHanPush(meter: P1Meter, name: HanFormName, list: HanList, invokeId: number): Uint8Array {
  const { destination, source } = HAN_FORMS[name];
  const dateTime = dateTimeOf(meter);
  const apdu = encodeDataNotification({ invokeId, dateTime, body: writeHanList(meter, name, list) });
  const information = Uint8Array.of(...LLC, ...apdu);
  return encodeFrame({ destination, source, control: { kind: "ui", pollFinal: true }, segmented: false, information });
}

/** LLC header of commands (IEC 62056-46, 5.3). */
const LLC = [0xe6, 0xe7, 0x00] as const;

function written({ quantity, of, scaler, unit, type }: HanEntry, meter: P1Meter, { notation, isArray, channel }: HanForm): DlmsData[] {
  const value: DlmsData = { type, value: of(meter) };
  if (notation === "placed") return [value];
  const [groupC = 0, groupD = 0] = quantity.split(".").map(Number);
  const named: DlmsData[] = [code(1, channel, groupC, groupD, 0, 255), value];
  if (notation === "named") return named;
  const described: DlmsData[] = [...named, structure({ type: "integer", value: scaler }, { type: "enum", value: unit })];
  return isArray ? [structure(...described)] : described;
}

function clockOf(meter: P1Meter, { notation, isArray, channel }: HanForm): DlmsData[] {
  const clock: DlmsData = { type: "octet-string", value: dateTimeOf(meter) };
  if (isArray) return [structure(code(0, channel, 1, 0, 0, 255), clock)];
  return notation === "named" ? [code(0, channel, 1, 0, 0, 255), clock] : [clock];
}

function dateTimeOf({ instantMs, isSummer }: P1Meter): Uint8Array {
  return encodeDateTime(stampOf(instantMs, { deviationMinutes: isSummer ? -120 : -60, isDaylightSaving: isSummer }));
}

function code(...value: number[]): DlmsData {
  return { type: "octet-string", value: Uint8Array.from(value) };
}

function structure(...value: DlmsData[]): DlmsData {
  return { type: "structure", value };
}
