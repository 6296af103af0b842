import { UsageError } from "@amity/bytes";
import { ACK, toOctets } from "../line/characters.ts";
import { isBaudCharacter, type BaudCharacter } from "./identification.ts";

/** What the client wants after the identification (6.3.3): `ACK V Z Y CR LF`. */
export interface OptionSelect {
  /** V: 0 normal, 1 secondary, 2 HDLC. */
  readonly protocol: number;
  readonly baudCharacter: BaudCharacter;
  /** Y: 0 readout, 1 programming, 2 binary (mode E), 6 to 9 the manufacturer's. */
  readonly mode: number;
}

export const MODE_READOUT = 0;
export const MODE_PROGRAMMING = 1;
export const MODE_BINARY = 2;

const ADDRESS_MAX = 32;

/** `/?address!`: an empty address calls whoever is there. @throws UsageError `address`. */
export function encodeSignOn(address = ""): Uint8Array {
  if (!/^[0-9A-Za-z ]*$/.test(address) || address.length > ADDRESS_MAX) {
    throw new UsageError(`"${address}" is no device address: up to ${ADDRESS_MAX} letters and digits`, { code: "address" });
  }
  return toOctets(`/?${address}!\r\n`);
}

/** The address of a request `/?…!`; `undefined` for what is none. */
export function parseSignOn(line: string): string | undefined {
  return /^\/\?([0-9A-Za-z ]{0,32})!$/.exec(line)?.[1];
}

/** Leading zeros of an address do not count, and an empty one means everybody (6.3.2). */
export function isAddressed(requested: string, own: string): boolean {
  return requested === "" || requested.replace(/^0+/, "") === own.replace(/^0+/, "");
}

export function encodeOptionSelect({ protocol, baudCharacter, mode }: OptionSelect): Uint8Array {
  return toOctets(`${String.fromCharCode(ACK)}${protocol}${baudCharacter}${mode}\r\n`);
}

/** Without its ACK and line end; `undefined` for what is none. */
export function parseOptionSelect(line: string): OptionSelect | undefined {
  const match = /^([0-9])([0-9])([0-9])$/.exec(line);
  const [, protocol = "", baudCharacter = "", mode = ""] = match ?? [];
  return isBaudCharacter(baudCharacter) ? { protocol: Number(protocol), baudCharacter, mode: Number(mode) } : undefined;
}
