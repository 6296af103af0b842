import { DecodeError } from "@amity/bytes";
import type { ExplainOptions } from "@amity/dlms";
import { CosemAssembler, FrameAssembler, cosemSegment, type WiredFrame } from "@amity/mbus";
import { explainDlmsOctets } from "./explain-dlms.ts";
import type { ExplainedField } from "./explained-field.ts";

/**
 * Explains DLMS pushed in wired M-Bus frames (IEC 62056-7-3), as consumer ports in Austria, Slovenia or Croatia do: each frame, and
 * the APDU that they carry together. Offsets inside the APDU count from its own first octet.
 */
export function explainCosemOverMbus(octets: Uint8Array, options: ExplainOptions): ExplainedField {
  const line = new FrameAssembler();
  const message = new CosemAssembler();
  const children: ExplainedField[] = [];
  let at = 0;
  for (const part of [...line.push(octets), ...line.flush()]) {
    if (part.kind === "noise") {
      children.push({ name: "noise", offset: at, length: octets.length - at, error: part.error.message });
      break;
    }
    children.push(...explainFrame(part.frame, { at, octets: part.octets.length }, message, options));
    at += part.octets.length;
  }
  return { name: "mbus-cosem", offset: 0, length: octets.length, children };
}

function explainFrame(
  frame: WiredFrame,
  place: { readonly at: number; readonly octets: number },
  message: CosemAssembler,
  options: ExplainOptions,
): ExplainedField[] {
  const segment = cosemSegment(frame);
  const whole = { name: "segment", offset: place.at, length: place.octets };
  if (segment === undefined) return [{ ...whole, name: "frame", error: "carries no piece of an APDU" }];
  const { number, isLast, sourceSap, destinationSap } = segment;
  const value = `${number}${isLast ? ", last" : ""}, from ${sourceSap} to ${destinationSap}`;
  try {
    const complete = message.push(segment);
    const field = { ...whole, value };
    return complete === undefined ? [field] : [field, explainDlmsOctets(complete.apdu, { ...options, form: "apdu" })];
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [{ ...whole, value, error: error.message }];
  }
}
