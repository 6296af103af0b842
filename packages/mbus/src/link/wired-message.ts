import { readApplication, type Application, type ApplicationContext } from "../application/read-application.ts";
import { decodeWiredFrame, type WiredFrame } from "./wired-frame.ts";

/** A wired frame and, where it carries one, its message. Record offsets count in the whole frame. */
export interface WiredMessage {
  readonly frame: WiredFrame;
  readonly application: Application | undefined;
}

/** Decodes a whole wired frame with its message. @throws DecodeError where the frame itself is broken. */
export function decodeWiredMessage(octets: Uint8Array, context: ApplicationContext = {}): WiredMessage {
  const frame = decodeWiredFrame(octets);
  if (frame.kind !== "long") return { frame, application: undefined };
  return { frame, application: readApplication(octets, 6, octets.length - 2, context) };
}
