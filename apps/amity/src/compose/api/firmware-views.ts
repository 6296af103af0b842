import type { Firmware, Firmwares, FirmwareUploadQuery } from "@amity/api";
import { UsageError } from "@amity/bytes";
import { firmwareOf, type FirmwareEntry } from "@amity/headend";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { instantText } from "./cursor.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** The firmware images that there are, newest first. */
export async function firmwaresOf({ registry }: UtilityParts): Promise<Firmwares> {
  return { items: (await registry.firmwares()).map(firmwareShape) };
}

/** Keeps an image; the same one again is no other. */
export async function addFirmware(
  { registry, world }: UtilityParts,
  { identification, firmware, sha256, signature, note }: FirmwareUploadQuery,
  octets: Uint8Array,
  by: Principal,
): Promise<WriteOutcome<Firmware>> {
  try {
    const upload = {
      identification,
      octets,
      ...(firmware === undefined ? {} : { firmware }),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(signature === undefined ? {} : { signature }),
      ...(note === undefined ? {} : { note }),
    };
    const image = firmwareOf(upload, { by: by.user, atMs: world.clock.nowMs() });
    const added = await registry.addFirmware(image);
    if (added === "different")
      return { kind: "conflict", detail: `${identification} is the name of another image already; images are never replaced` };
    const kept = added === "known" ? ((await registry.firmware(identification)) ?? image) : image;
    return { kind: "done", value: firmwareShape(kept) };
  } catch (error) {
    if (error instanceof UsageError) return { kind: "invalid", detail: error.message, errors: [] };
    throw error;
  }
}

function firmwareShape(entry: FirmwareEntry): Firmware {
  const { identification, firmware, size, sha256, signature, note, addedBy, addedAtMs } = entry;
  const signed = signature === undefined ? {} : { signature };
  return { identification, firmware, size, sha256, ...signed, note, addedBy, addedAt: instantText(addedAtMs) };
}
