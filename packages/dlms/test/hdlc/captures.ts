import { existsSync, readdirSync, readFileSync } from "node:fs";
import { decodeFrame, type HdlcFrame } from "../../src/hdlc/frame.ts";

const VECTORS = new URL("../../../../../shared/vectors/dlms/", import.meta.url);

/** Whether the folder of captures lies beside the checkout. */
export const HAS_VECTORS = existsSync(VECTORS);

export interface CapturedFrame {
  readonly from: "client" | "server";
  readonly octets: Uint8Array;
  readonly frame: HdlcFrame;
}

/** The HDLC exchanges that were captured between other clients and servers, by file name. */
export function exchanges(): { name: string; frames: CapturedFrame[] }[] {
  if (!HAS_VECTORS) return [];
  const folder = new URL("exchanges/", VECTORS);
  const names = readdirSync(folder).filter((name) => /^gxc?-(h-.*|modee)\.txt$/.test(name));
  return names.map((name) => ({ name, frames: framesOf(readFileSync(new URL(name, folder), "latin1")) }));
}

/** Push frames of real meters. */
export function pushFrames(): { source: string; frame: string; apdu: string; segmented: boolean }[] {
  return JSON.parse(readFileSync(new URL("push-hdlc-real-meters.json", VECTORS), "utf8")).vectors;
}

/** Hex strings in another project's tests, by a part of the file's name. */
export function hexOf(file: string, part: string): string[] {
  const all: { file: string; hex: string }[] = JSON.parse(readFileSync(new URL(file, VECTORS), "utf8")).vectors;
  return all.filter((vector) => vector.file.includes(part)).map((vector) => vector.hex);
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

export function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex").toUpperCase();
}

function framesOf(text: string): CapturedFrame[] {
  const found: CapturedFrame[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*[\d.]+ ([CS])>[CS] (7E[0-9A-F]+7E)\s*$/.exec(line);
    if (match === null) continue;
    const octets = hex(match[2]!);
    found.push({ from: match[1] === "C" ? "client" : "server", octets, frame: decodeFrame(octets) });
  }
  return found;
}

/** One plain Uint8Array of all pieces. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
