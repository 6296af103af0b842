import { DecodeError, type AmityError } from "@amity/bytes";
import type { DataRecord } from "./record.ts";

/**
 * Adds an error for each record whose value information no table lists: a reserved VIF or VIFE. Such records are kept, their values as
 * they were sent; what follows them is sound.
 */
export function noteUnknownValueInfo(payload: Uint8Array, records: readonly DataRecord[], problems: AmityError[]): void {
  // Once for every telegram there is: nothing is made where nothing is wrong.
  for (let index = 0; index < records.length; index++) {
    const record = records[index];
    if (record === undefined || (record.vib.quantity !== "unknown" && record.vib.modifiers.length === 0)) continue;
    const reason = reasonOf(record);
    if (reason === undefined) continue;
    const error = new DecodeError(reason, { offset: valueInfoOffset(payload, record), code: "unknown-vif" });
    problems.push(error.within(`records[${index}]`));
  }
}

function reasonOf({ vib: { quantity, modifiers, codes } }: DataRecord): string | undefined {
  const unknown = modifiers.find(({ name }) => name === "unknown");
  if (quantity !== "unknown" && unknown === undefined) return undefined;
  const listed = codes.map(hex).join(" ");
  if (quantity === "unknown" || unknown === undefined) return `value information ${listed} is not known: the value is kept as it was sent`;
  return `the extension ${hex(unknown.code & 0xff)} of value information ${listed} is not known: it may change what the value means`;
}

/** Behind the DIF and its extensions. */
function valueInfoOffset(payload: Uint8Array, { offset }: DataRecord): number {
  let at = offset;
  while ((payload[at] ?? 0) >= 0x80) at++;
  return at + 1;
}

function hex(code: number): string {
  return code.toString(16).padStart(2, "0");
}
