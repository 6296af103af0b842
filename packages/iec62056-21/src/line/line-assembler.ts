import { DecodeError, FaultRun, HeldOctets } from "@amity/bytes";
import { LINE_MAX, parseIdentification } from "../message/identification.ts";
import { parseOptionSelect, parseSignOn } from "../message/sign-on.ts";
import { ACK, BANG, CR, EOT, ETX, LF, NAK, SLASH, SOH, STX, blockCheck, toText } from "./characters.ts";
import type { LinePart } from "./line-part.ts";

type Place = Pick<LinePart, "offset" | "octets">;
type Content = LinePart extends infer P ? (P extends LinePart ? Omit<P, keyof Place> : never) : never;

export interface AssemblerOptions {
  /** Largest message (octets). Default 1 MiB: a load profile of months in one block. */
  readonly messageOctetsMax?: number;
}

const MESSAGE_OCTETS_MAX = 1024 * 1024;

/**
 * Finds messages in a stream, however it is cut: sign-on and identification lines, option selects, commands and data
 * blocks, bare data up to `!`. Octets that begin nothing (wake-up, line noise) are passed over.
 */
export class LineAssembler {
  readonly #limit: number;
  readonly #held = new HeldOctets(256);
  readonly #faults = new FaultRun();
  /** Where looking for the end of the current message goes on. */
  #scanned = 0;
  /** Octets of the stream before the buffer. */
  #taken = 0;
  /** True where an ACK stands alone (the answer to a block); false where an option select follows it. */
  isAckAlone = true;

  constructor(options: AssemblerOptions = {}) {
    this.#limit = options.messageOctetsMax ?? MESSAGE_OCTETS_MAX;
  }

  /** Octets of a message that is not whole yet. */
  get pending(): number {
    return this.#held.length;
  }

  push(chunk: Uint8Array): LinePart[] {
    const parts: LinePart[] = [];
    for (let at = 0; at < chunk.length; at += SLICE_OCTETS) {
      this.#held.append(chunk.subarray(at, at + SLICE_OCTETS));
      for (let part = this.#next(); part !== undefined; part = this.#next()) parts.push(part);
    }
    return parts;
  }

  /** Silence: an unfinished message is given up. */
  flush(): LinePart[] {
    if (this.#held.length === 0) return [];
    if (this.#held.length === 1 && this.#held.buffer[0] === ACK) return [this.#part(1, { kind: "ack" })];
    return [this.#damaged(this.#held.length, () => "the line fell silent inside a message", "truncated", this.#held.length)];
  }

  #next(): LinePart | undefined {
    this.#skipNoise();
    if (this.#held.length === 0) return undefined;
    const part = this.#complete();
    if (part !== undefined || this.#held.length <= this.#limit) return part;
    return this.#damaged(this.#held.length, () => `a message of more than ${this.#limit} octets`, "limit", 0);
  }

  #complete(): LinePart | undefined {
    switch (this.#held.buffer[0]) {
      case NAK:
        return this.#part(1, { kind: "nak" });
      case ACK:
        return this.isAckAlone ? this.#part(1, { kind: "ack" }) : this.#optionSelect();
      case SLASH:
        return this.#line();
      case SOH:
      case STX:
        return this.#block();
      default:
        return this.#bareData();
    }
  }

  /** Between messages only what can begin one counts. */
  #skipNoise(): void {
    let skip = 0;
    for (; skip < this.#held.length; skip++) {
      const octet = this.#held.buffer[skip] ?? 0;
      if (octet > 0x20 && octet < 0x7f) break;
      if (octet === SOH || octet === STX || octet === ACK || octet === NAK) break;
    }
    if (skip > 0) this.#take(skip);
  }

  #optionSelect(): LinePart | undefined {
    if (this.#held.length < 2) return undefined;
    const second = this.#held.buffer[1] ?? 0;
    if (second < 0x30 || second > 0x39) return this.#part(1, { kind: "ack" });
    const end = this.#lineEnd();
    if (end < 0) return this.#tooLong();
    const option = parseOptionSelect(toText(this.#held.buffer, 1, end).replace(/\r$/, ""));
    if (option === undefined) return this.#damaged(end + 1, () => "no option select", "option-select", 0);
    return this.#part(end + 1, { kind: "option-select", option });
  }

  #line(): LinePart | undefined {
    const end = this.#lineEnd();
    if (end < 0) return this.#tooLong();
    const line = toText(this.#held.buffer, 0, end).replace(/\r+$/, "");
    const address = parseSignOn(line);
    if (address !== undefined) return this.#part(end + 1, { kind: "sign-on", address });
    const identification = parseIdentification(line);
    if (identification !== undefined) return this.#part(end + 1, { kind: "identification", identification });
    return this.#damaged(end + 1, () => "neither request nor identification", "identification", 0);
  }

  /** Index of the LF, -1 where it has not come yet. */
  #lineEnd(): number {
    const end = this.#held.buffer.indexOf(LF, this.#scanned);
    const isHere = end >= 0 && end < this.#held.length;
    this.#scanned = isHere ? 0 : this.#held.length;
    return isHere ? end : -1;
  }

  #tooLong(): LinePart | undefined {
    if (this.#held.length <= LINE_MAX) return undefined;
    return this.#damaged(this.#held.length, () => `a line of more than ${LINE_MAX} characters`, "limit", 0);
  }

  /** `SOH … ETX BCC` or `STX … ETX BCC`; EOT in place of ETX announces more. */
  #block(): LinePart | undefined {
    const buffer = this.#held.buffer;
    let end = Math.max(1, this.#scanned);
    while (end < this.#held.length && buffer[end] !== ETX && buffer[end] !== EOT) end += 1;
    this.#scanned = end;
    if (end + 1 >= this.#held.length) return undefined;
    const isPartial = buffer[end] === EOT;
    const expected = blockCheck(buffer, 1, end + 1);
    const found = (buffer[end + 1] ?? 0) & 0x7f;
    if (found !== expected) {
      return this.#damaged(end + 2, () => `block check ${hex(found)}, computed ${hex(expected)}`, "bcc", end + 1);
    }
    if (buffer[0] === STX) {
      return this.#part(end + 2, {
        kind: "data",
        text: toText(buffer, 1, end),
        textOffset: this.#taken + 1,
        isPartial,
        isFramed: true,
      });
    }
    const name = toText(buffer, 1, Math.min(3, end));
    if (!/^[A-Z][0-9]$/.test(name)) return this.#damaged(end + 2, () => "a command is a letter and a digit", "command", 1);
    const data = buffer[3] === STX && end >= 4 ? { data: toText(buffer, 4, end) } : {};
    return this.#part(end + 2, { kind: "command", command: { name, ...data, ...(isPartial ? { isPartial } : {}) } });
  }

  /** Modes A and D: no STX, no BCC; `!` and a line end close the data. DSMR appends a CRC between the two. */
  #bareData(): LinePart | undefined {
    const buffer = this.#held.buffer;
    for (let at = this.#scanned; at < this.#held.length; at++) {
      const octet = buffer[at];
      // Anything that begins a block ends what was noise or an echo.
      if (octet === STX || octet === SOH) return this.#damaged(at, () => "octets before a block", "noise", 0);
      if (octet !== LF) continue;
      // The option select, confirmed by the meter in the client's own words.
      if (at <= 4 && /^\d{3}\r?$/.test(toText(buffer, 0, at))) return this.#damaged(at + 1, () => "an echo", "noise", 0);
      const start = lineStart(buffer, at);
      const bang = lastBang(buffer, start, at);
      this.#scanned = at + 1;
      if (bang < 0) continue;
      const textOffset = this.#taken;
      return this.#part(at + 1, { kind: "data", text: toText(buffer, 0, bang + 1), textOffset, isPartial: false, isFramed: false });
    }
    this.#scanned = this.#held.length;
    return undefined;
  }

  #part(octets: number, content: Content): LinePart {
    // Content and place together make the part again. Not by spreading: of objects of many shapes that costs more than all else.
    if (content.kind !== "damaged") this.#faults.end();
    const place: { offset: number; octets: Uint8Array } = content as Content & Place;
    place.offset = this.#taken;
    place.octets = this.#take(octets);
    return place as LinePart;
  }

  #damaged(octets: number, reason: () => string, code: string, at: number): LinePart {
    const error = this.#faults.error(code, () => new DecodeError(reason(), { offset: this.#taken + at, code }));
    const first = this.#held.buffer[0] ?? 0;
    const isData = (first === STX || first > 0x20) && first !== SLASH && code !== "noise";
    if (!isData) return this.#part(octets, { kind: "damaged", error });
    const start = first === STX ? 1 : 0;
    let end = start;
    while (end < octets && this.#held.buffer[end] !== ETX && this.#held.buffer[end] !== EOT) end += 1;
    const textOffset = this.#taken + start;
    return this.#part(octets, { kind: "damaged", error, text: toText(this.#held.buffer, start, end), textOffset });
  }

  #take(octets: number): Uint8Array {
    this.#taken += octets;
    this.#scanned = 0;
    return this.#held.take(octets);
  }
}

const SLICE_OCTETS = 16 * 1024;

function lineStart(buffer: Uint8Array, end: number): number {
  let start = end;
  while (start > 0 && buffer[start - 1] !== LF) start -= 1;
  return start;
}

/** `!` at the end of a line, or at its start with a checksum behind it; -1 where the line does not close the data. */
function lastBang(buffer: Uint8Array, start: number, end: number): number {
  if (buffer[start] === BANG) return start;
  let at = end - 1;
  while (at > start && buffer[at] === CR) at -= 1;
  return buffer[at] === BANG ? at : -1;
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}
