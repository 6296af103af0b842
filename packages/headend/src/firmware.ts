import { fromHex, toHex, UsageError } from "@amity/bytes";
import { digest } from "@amity/crypto";

/** A firmware image without its octets. */
export interface FirmwareEntry {
  /** What the meter is told that it is: text, or octets as `0x...`. One name, one image. */
  readonly identification: string;
  /** What the meter calls its firmware once it runs this one. */
  readonly firmware: string;
  readonly size: number;
  /** Of the whole image, hexadecimal. */
  readonly sha256: string;
  /** What the meter must say that the image is signed by, hexadecimal; absent: whatever it verifies. */
  readonly signature?: string;
  readonly note: string;
  readonly addedBy: string;
  readonly addedAtMs: number;
}

export interface FirmwareImage extends FirmwareEntry {
  readonly octets: Uint8Array;
}

/** Firmware images for meters, uploaded once. */
export interface FirmwareShelf {
  /** Keeps an image; `different` where its identification stands for other octets, another name or signature: those are never replaced. */
  addFirmware(image: FirmwareImage): Promise<"added" | "known" | "different">;
  firmware(identification: string): Promise<FirmwareImage | undefined>;
  /** Newest first, at most 500. */
  firmwares(): Promise<readonly FirmwareEntry[]>;
}

export const FIRMWARE_OCTETS_MAX = 16 * 1024 * 1024;
export const FIRMWARES_LISTED_MAX = 500;
const IDENTIFICATION_OCTETS_MAX = 64;
const NAME_CHARACTERS_MAX = 64;
const NOTE_CHARACTERS_MAX = 400;

/** What somebody says of an image that he brings. */
export interface FirmwareUpload {
  readonly identification: string;
  readonly octets: Uint8Array;
  /** Where it is not called by its identification. */
  readonly firmware?: string;
  /** What the octets must hash to, hexadecimal: told apart from a file that was damaged on its way. */
  readonly sha256?: string;
  readonly signature?: string;
  readonly note?: string;
}

/** Checks an upload and makes an image of it. @throws UsageError `bad-firmware`. */
export function firmwareOf(upload: FirmwareUpload, { by, atMs }: { readonly by: string; readonly atMs: number }): FirmwareImage {
  const { identification, octets, firmware = identification, signature, note = "" } = upload;
  const length = identificationOctets(identification).length;
  if (length === 0 || length > IDENTIFICATION_OCTETS_MAX) throw bad(`an identification has 1 to ${IDENTIFICATION_OCTETS_MAX} octets`);
  if (!/^[\x20-\x7e]+$/.test(firmware) || firmware.length > NAME_CHARACTERS_MAX)
    throw bad(`a firmware's name is 1 to ${NAME_CHARACTERS_MAX} plain characters`);
  if (octets.length === 0 || octets.length > FIRMWARE_OCTETS_MAX) throw bad(`an image has 1 to ${FIRMWARE_OCTETS_MAX} octets`);
  if (note.length > NOTE_CHARACTERS_MAX) throw bad(`a note has at most ${NOTE_CHARACTERS_MAX} characters`);
  if (signature !== undefined && !/^(?:[0-9a-f]{2}){1,512}$/i.test(signature)) throw bad("a signature is 1 to 512 octets, hexadecimal");
  const sha256 = toHex(digest("sha256", octets));
  if (upload.sha256 !== undefined && upload.sha256.toLowerCase() !== sha256)
    throw bad(`the image hashes to ${sha256}, not to ${upload.sha256}`, "it was damaged on its way, or is another one");
  return {
    identification,
    firmware,
    octets,
    size: octets.length,
    sha256,
    ...(signature === undefined ? {} : { signature: signature.toLowerCase() }),
    note,
    addedBy: by,
    addedAtMs: atMs,
  };
}

/** What stands on the wire for an identification. @throws UsageError `bad-firmware`. */
export function identificationOctets(identification: string): Uint8Array {
  if (/^0x(?:[0-9a-f]{2})+$/i.test(identification)) return fromHex(identification.slice(2));
  if (/^[\x21-\x7e][\x20-\x7e]*$/.test(identification)) return new TextEncoder().encode(identification);
  throw bad("an identification is plain text, or octets as 0x and hexadecimal digits");
}

/** Whether an image is the one that is kept under its identification. */
export function isSameFirmware(known: FirmwareEntry, image: FirmwareEntry): boolean {
  return known.sha256 === image.sha256 && known.firmware === image.firmware && known.signature === image.signature;
}

function bad(message: string, advice?: string): UsageError {
  return new UsageError(message, { code: "bad-firmware", ...(advice === undefined ? {} : { advice }) });
}
