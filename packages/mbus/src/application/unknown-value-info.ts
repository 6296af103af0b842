import { DecodeError } from "@amity/bytes";
import type { DataRecord } from "./record.ts";

/**
 * An error for each record whose value information no table lists: a reserved VIF or VIFE. Such records are kept, their values as they
 * were sent; what follows them is sound.
 */
export function unknownValueInfo(payload: Uint8Array, records: readonly DataRecord[]): DecodeError[] {
  const problems: DecodeError[] = [];
  for (const [index, record] of records.entries()) {
    const { quantity, modifiers, codes } = record.vib;
    const unknown = modifiers.find(({ name }) => name === "unknown");
    if (quantity !== "unknown" && unknown === undefined) continue;
    const listed = codes.map(hex).join(" ");
    const reason =
      quantity === "unknown" || unknown === undefined
        ? `value information ${listed} is not known: the value is kept as it was sent`
        : `the extension ${hex(unknown.code & 0xff)} of value information ${listed} is not known: it may change what the value means`;
    problems.push(new DecodeError(reason, { offset: valueInfoOffset(payload, record), code: "unknown-vif" }).within(`records[${index}]`));
  }
  return problems;
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
