import { UsageError } from "@amity/bytes";
import { BANG, CR, ETX, EOT, LF, SOH, STX, blockCheck, toOctets } from "../line/characters.ts";

/** A command of programming mode (6.4): letter and type, with a data set where it has one. */
export interface Command {
  /** `P0`, `P1`, `P2`, `R1` to `R6`, `W1` to `W6`, `E2`, `B0`. */
  readonly name: string;
  /** The data set: `address(value*unit)`; for passwords `(password)`. */
  readonly data?: string;
  /** Ends with EOT: more blocks follow. */
  readonly isPartial?: boolean;
}

/** What commands mean, for explanations. */
export const COMMAND_MEANINGS: Readonly<Record<string, string>> = {
  P0: "operand for the password, or the meter's greeting",
  P1: "password in clear",
  P2: "password computed from the operand",
  R1: "read, ASCII",
  R2: "read, formatted",
  R3: "read part of, ASCII",
  R4: "read part of, formatted",
  R5: "read, national (VDEW: load profile)",
  R6: "read part of, national (VDEW: load profile in blocks)",
  W1: "write, ASCII",
  W2: "write, formatted",
  W3: "write part of, ASCII",
  W4: "write part of, formatted",
  W5: "write, national",
  W6: "write part of, national",
  E2: "execute, formatted",
  B0: "sign off",
  B1: "reserved",
};

const DATA_MAX = 4096;

/** `SOH name STX data ETX BCC`. @throws UsageError for a name or data that cannot be sent. */
export function encodeCommand({ name, data, isPartial = false }: Command): Uint8Array {
  if (!/^[A-Z][0-9]$/.test(name)) throw new UsageError(`"${name}" is no command`, { code: "command" });
  checkText(data ?? "");
  const end = isPartial ? EOT : ETX;
  const body = data === undefined ? toOctets(name) : Uint8Array.of(...toOctets(name), STX, ...toOctets(data));
  const block = Uint8Array.of(SOH, ...body, end);
  return Uint8Array.of(...block, blockCheck(block, 1));
}

/** `STX text ETX BCC`, or with EOT where more blocks follow. @throws UsageError for text with control characters of the line. */
export function encodeData(text: string, isPartial = false): Uint8Array {
  checkText(text, Number.POSITIVE_INFINITY);
  const body = toOctets(text);
  const block = new Uint8Array(body.length + 3);
  block[0] = STX;
  block.set(body, 1);
  block[body.length + 1] = isPartial ? EOT : ETX;
  block[body.length + 2] = blockCheck(block, 1, body.length + 2);
  return block;
}

/** Data end of a readout: `!` CR LF before ETX. */
export const READOUT_END = String.fromCharCode(BANG, CR, LF);

function checkText(text: string, limit = DATA_MAX): void {
  for (const character of text) {
    if ([SOH, STX, ETX, EOT].includes(character.charCodeAt(0))) {
      throw new UsageError("control characters of the line cannot be sent as data", { code: "data" });
    }
  }
  if (text.length > limit) throw new UsageError(`${text.length} characters exceed the limit of ${limit}`, { code: "limit" });
}
