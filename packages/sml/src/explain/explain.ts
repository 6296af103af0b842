import { ByteReader, DecodeError, toHex, type Explained } from "@amity/bytes";
import { UNREAD_BODIES } from "../message/bodies.ts";
import { bodyByTag, type SmlBody } from "../message/message.ts";
import { decodeSml } from "../message/file.ts";
import { listReadings, octetsText, type SmlReading } from "../message/readings.ts";
import type { Shape } from "../tlv/sml-codec.ts";
import { smlValue, type SmlValue } from "../tlv/sml-value.ts";
import { TL_TYPE, readTl, typeName } from "../tlv/tl-field.ts";
import { HEAD_OCTETS, decodeTransport, isEscape, type TransportFrame } from "../transport/transport-frame.ts";

/** Lists in lists deeper than this are not drawn. */
const DEPTH_MAX = 48;
const LEAF: Shape = { kind: "leaf" };
const MESSAGE: Shape = {
  kind: "record",
  fields: [
    ["transactionId", LEAF],
    ["groupNo", LEAF],
    ["abortOnError", LEAF],
    ["messageBody", { kind: "choice", arms: new Map() }],
    ["crc16", LEAF],
    ["endOfSmlMsg", LEAF],
  ],
};

/** True where the octets begin like a transport frame or a bare SML file. */
export function isSml(octets: Uint8Array): boolean {
  return (isEscape(octets, 0) && octets[4] === 1) || (octets[0] === 0x76 && (octets[1] ?? 0xff) < 0x10);
}

/**
 * Explains a transport frame or a bare SML file, element by element with offsets. Never throws for what is in the octets:
 * what cannot be read is said in `error`.
 */
export function explainSml(octets: Uint8Array): Explained {
  if (!isEscape(octets, 0)) return { ...explainFile(octets, (position) => position), offset: 0 };
  const whole = { name: "sml", offset: 0, length: octets.length };
  try {
    const frame = decodeTransport(octets);
    return { ...whole, children: explainFrame(octets, frame) };
  } catch (error) {
    const payload = octets.subarray(Math.min(HEAD_OCTETS, octets.length));
    return { ...whole, error: textOf(error), children: [explainFile(payload, (position) => HEAD_OCTETS + position)] };
  }
}

function explainFrame(octets: Uint8Array, frame: TransportFrame): Explained[] {
  const { crc, crcOffset } = frame;
  const sum = toHex(octets.subarray(crcOffset));
  return [
    { name: "start", offset: 0, length: HEAD_OCTETS, value: "transport protocol 1" },
    explainFile(frame.payload, frame.offsetOf),
    { name: "end", offset: crcOffset - 6, length: 6, value: `${frame.fillOctets} fill octet(s)` },
    {
      name: "crc",
      offset: crcOffset,
      length: 2,
      ...(crc === "wrong" ? { value: sum, error: "the frame's CRC is wrong" } : { value: `${sum} (${crc})` }),
    },
  ];
}

function explainFile(payload: Uint8Array, place: (position: number) => number): Explained {
  const { messages, problems } = decodeSml(payload);
  const children: Explained[] = [];
  const ends = [...messages.map(({ offset }) => offset), payload.length];
  messages.forEach(({ offset, body, crc, crcOffset }, index) => {
    const walk = new Walk(new ByteReader(payload, { start: offset, end: ends[index + 1] ?? payload.length }), place);
    const plain = walk.element("message", MESSAGE, 0);
    const tree = body.kind === "getListResponse" ? withReadings(plain, listReadings(body.value)) : plain;
    const mark = crc === "wrong" ? { error: `the CRC at byte ${place(crcOffset)} is wrong` } : {};
    children.push({ ...tree, value: bodyName(body), ...mark });
  });
  const broken = problems.find(({ code }) => code !== "crc");
  if (broken !== undefined) children.push(explainBroken(payload, messages.length === 0 ? 0 : endOf(children, payload), place, broken));
  return { name: "file", offset: place(0), length: payload.length, children };
}

/** Writes beside each entry of the list what it says as a whole. */
function withReadings(node: Explained, readings: readonly SmlReading[]): Explained {
  const children = node.children?.map((child, index) => {
    const reading = node.name === "valList" ? readings[index] : undefined;
    return reading === undefined ? withReadings(child, readings) : { ...child, value: readingText(reading) };
  });
  return children === undefined ? node : { ...node, children };
}

/** As it was sent: what was put right stands beside it. */
function readingText({ obis, text, unit, sent }: SmlReading): string {
  const dimension = unit === undefined ? "" : ` ${unit}`;
  if (sent === undefined) return `${obis} = ${text}${dimension}`;
  return `${obis} = ${sent.text}${dimension} as sent; ${text}${dimension} where the known fault of this meter is put right`;
}

/** Position after the last sound message. */
function endOf(children: readonly Explained[], payload: Uint8Array): number {
  return Math.min(
    payload.length,
    children.reduce((sum, { length }) => sum + length, 0),
  );
}

/** What can be read of a message that could not be decoded. */
function explainBroken(payload: Uint8Array, start: number, place: (position: number) => number, problem: DecodeError): Explained {
  const error = textOf(problem, place);
  const walk = new Walk(new ByteReader(payload, { start }), place);
  return { ...walk.element("message", MESSAGE, 0), error };
}

/** Walks elements and names them by their shape; reading stops at the first element that is none. */
class Walk {
  readonly #reader: ByteReader;
  readonly #place: (position: number) => number;
  #isBroken = false;

  constructor(reader: ByteReader, place: (position: number) => number) {
    this.#reader = reader;
    this.#place = place;
  }

  element(name: string, shape: Shape, depth: number): Explained {
    const reader = this.#reader;
    const start = reader.position;
    const at = this.#place(start);
    try {
      const first = reader.peek();
      if (first === 0 || first === 1) {
        reader.skip(1);
        return { name, offset: at, length: 1, value: first === 0 ? "end" : "absent" };
      }
      const isList = first !== undefined && ((first >> 4) & 7) === TL_TYPE.list;
      if (!isList) return this.#leaf(name, shape, start);
      const { length } = readTl(reader);
      if (depth >= DEPTH_MAX) throw reader.fail(`lists nest deeper than ${DEPTH_MAX}`, "limit");
      const children: Explained[] = [];
      this.#items(children, length, shape, depth);
      return { name, offset: at, length: this.#place(reader.position) - at, children };
    } catch (error) {
      this.#isBroken = true;
      return { name, offset: at, length: this.#place(reader.position) - at, error: textOf(error, this.#place) };
    }
  }

  #items(children: Explained[], count: number, shape: Shape, depth: number): void {
    let tag: number | undefined;
    for (let index = 0; index < count && !this.#isBroken; index++) {
      const [name, inner] = this.#named(shape, index, tag);
      if (shape.kind === "choice" && index === 0) tag = this.#peekNumber();
      children.push(this.element(name, inner, depth + 1));
    }
  }

  /** Name and shape of the n-th element inside; a choice is told by the tag before it. */
  #named(shape: Shape, index: number, tag: number | undefined): readonly [string, Shape] {
    if (shape.kind === "record") return shape.fields[index] ?? [`[${index}]`, LEAF];
    if (shape.kind === "list") return [shape.name, shape.item()];
    if (shape.kind === "choice" && index === 0) return ["tag", LEAF];
    if (shape.kind === "choice" && tag !== undefined) {
      const arm = shape.arms.size === 0 ? bodyArm(tag) : shape.arms.get(tag);
      return arm === undefined ? [`choice 0x${tag.toString(16)}`, LEAF] : [arm.name, arm.shape];
    }
    return [`[${index}]`, LEAF];
  }

  #peekNumber(): number | undefined {
    const ahead = new ByteReader(this.#reader.data, { start: this.#reader.position, end: this.#reader.position + this.#reader.remaining });
    try {
      const value = smlValue.decode(ahead);
      return value.kind === "unsigned" ? Number(value.value) : undefined;
    } catch {
      return undefined;
    }
  }

  #leaf(name: string, shape: Shape, start: number): Explained {
    const reader = this.#reader;
    const { type } = readTl(new ByteReader(reader.data, { start, end: start + reader.remaining }));
    const value = smlValue.decode(reader);
    const at = this.#place(start);
    return { name, offset: at, length: this.#place(reader.position) - at, value: leafText(value, type, shape) };
  }
}

function bodyArm(tag: number): { name: string; shape: Shape } | undefined {
  const body = bodyByTag(tag);
  return body === undefined ? undefined : { name: body.kind, shape: body.codec.shape };
}

function leafText(value: SmlValue, type: number, shape: Shape): string {
  const raw = value.kind === "octets" ? toHex(value.octets) : value.kind === "list" ? typeName(type) : String(value.value);
  const meaning = shape.kind === "leaf" ? shape.meaning?.(raw) : undefined;
  if (meaning !== undefined) return `${raw} (${meaning})`;
  if (value.kind !== "octets") return raw;
  const text = octetsText(value.octets);
  return text === raw ? raw : `${raw} "${text}"`;
}

function bodyName(body: SmlBody): string {
  if (body.kind !== "unknown") return body.kind;
  return UNREAD_BODIES.get(body.tag) ?? `unknown 0x${body.tag.toString(16)}`;
}

function textOf(error: unknown, place: (position: number) => number = (position) => position): string {
  if (error instanceof DecodeError) return `${error.reason} at byte ${place(error.offset)}${error.path === "" ? "" : ` in ${error.path}`}`;
  throw error;
}
