import { z } from "zod";
import { Identifier, Instant } from "./time.ts";

/** A firmware image for meters, without its octets. */
export const Firmware = z
  .object({
    identification: z.string().describe("What the meter is told that it is"),
    firmware: z.string().describe("What the meter calls its firmware once it runs this one"),
    size: z.int(),
    sha256: z.string(),
    signature: z.string().optional().describe("What the meter must say that the image is signed by, hexadecimal"),
    note: z.string(),
    addedBy: z.string(),
    addedAt: Instant,
  })
  .meta({ id: "Firmware" });
export type Firmware = z.infer<typeof Firmware>;

export const Firmwares = z.object({ items: z.array(Firmware) }).meta({ id: "Firmwares" });
export type Firmwares = z.infer<typeof Firmwares>;

/** What is said of an image beside its octets, which are the body. */
export const FirmwareUploadQuery = z.object({
  identification: Identifier.describe("Plain text, or octets as 0x and hexadecimal digits"),
  firmware: z.string().min(1).max(64).optional().describe("What the meter will call it, where that is not its identification"),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "64 hexadecimal digits")
    .optional()
    .describe("What the octets must hash to"),
  signature: z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2}){1,512}$/, "hexadecimal digits")
    .optional()
    .describe("What the meter must say that the image is signed by"),
  note: z.string().max(400).optional(),
});
export type FirmwareUploadQuery = z.infer<typeof FirmwareUploadQuery>;

/** Octets of an image that one upload takes. */
export const FIRMWARE_BODY_OCTETS_MAX = 16 * 1024 * 1024;
