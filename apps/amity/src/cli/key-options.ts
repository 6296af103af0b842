import { AmityError, fromHex, UsageError } from "@amity/bytes";

const KEY_OCTETS: readonly number[] = [8, 16, 32];
const SYSTEM_TITLE_OCTETS = 8;

/** A key given as hex: 16 octets (AES-128), 32 (AES-256), or 8 (DES, old M-Bus meters). @throws UsageError naming the option, never the key. */
export function keyOption(hex: string, option: string): Uint8Array {
  const octets = octetsOf(hex, option);
  if (KEY_OCTETS.includes(octets.length)) return octets;
  throw new UsageError(`${option} has ${octets.length} octets`, {
    code: "key-length",
    advice: "16 octets as hex, 32 in suite 2, 8 for DES of old M-Bus meters",
  });
}

/** @throws UsageError. */
export function systemTitleOption(hex: string): Uint8Array {
  const octets = octetsOf(hex, "--system-title");
  if (octets.length === SYSTEM_TITLE_OCTETS) return octets;
  throw new UsageError(`--system-title has ${octets.length} octets`, { code: "system-title", advice: "8 octets as hex" });
}

function octetsOf(hex: string, option: string): Uint8Array {
  try {
    return fromHex(hex);
  } catch (error) {
    if (!(error instanceof AmityError)) throw error;
    // The cause would quote a digit of the key.
    throw new UsageError(`${option} is not hex`, { code: "not-hex", advice: "two hex digits an octet" });
  }
}
