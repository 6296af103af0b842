import { DecodeError } from "@amity/bytes";
import type { FormatStore } from "./compact-frame.ts";
import { readFormatFrame } from "./format-frame.ts";
import type { Application } from "./read-application.ts";

/** Full frames without transport header, and format frames, teach `formats` how compact ones are to be read. Unsound messages teach nothing. */
export function learnLayouts(application: Application, formats: FormatStore): void {
  const { payload, payloadOffset, records } = application;
  if (application.problems.some(({ code }) => code !== "unknown-vif")) return;
  if (application.controlInformation === 0x78 && records.length > 0 && application.manufacturerData === undefined)
    formats.learn(payload, records);
  if (application.kind !== "formatFrame") return;
  try {
    formats.add(readFormatFrame(payload, payloadOffset, payload.length));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}
