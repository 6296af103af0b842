import { ByteReader, ByteWriter, PeerError, type Codec } from "@amity/bytes";
import { confirmedServiceError, exceptionResponse, type ExceptionResponse } from "./exceptions.ts";

/**
 * One service as a conversation without input or output: it yields plain APDUs to send and is resumed with the plain
 * APDU that came back. Whoever drives it protects, sends, waits and unprotects.
 */
export type Exchange<T> = Generator<Uint8Array, T, Uint8Array>;

/** What the one who asked can do about an exception that is about ciphering. */
const ADVICE: { readonly [serviceError: string]: { readonly advice: string } | undefined } = {
  "deciphering-error": { advice: "check the encryption and authentication keys, the suite and the system title" },
  "invocation-counter-error": { advice: "begin above the counter that the server has seen" },
};

/** The server answered with exception-response: the request was not carried out. */
export class ExceptionResponseError extends PeerError {
  readonly response: ExceptionResponse;

  constructor(response: ExceptionResponse) {
    const counter = response.invocationCounter === undefined ? "" : `, its counter is ${response.invocationCounter}`;
    super(`the server answered with an exception: ${response.stateError}, ${response.serviceError}${counter}`, {
      code: "exception-response",
      ...ADVICE[response.serviceError],
    });
    this.response = response;
  }
}

/** Tag octet, then the value. */
export function encodeApdu<T>(tag: number, codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(tag);
  codec.encode(value, writer);
  return writer.finish();
}

/** The body of an expected answer. @throws ExceptionResponseError, PeerError `confirmed-service-error`, `unexpected-apdu`; DecodeError. */
export function decodeAnswer<T>(answer: Uint8Array, tag: number, codec: Codec<T>): T {
  const reader = new ByteReader(answer);
  const found = reader.u8();
  if (found === tag) {
    const value = codec.decode(reader);
    reader.expectEnd("APDU");
    return value;
  }
  if (found === 0xd8) throw new ExceptionResponseError(exceptionResponse.decode(reader));
  if (found === 0x0e) {
    const { service, error } = confirmedServiceError.decode(reader);
    throw new PeerError(`the server answered ${service} with ${error.kind}: ${error.value}`, { code: "confirmed-service-error" });
  }
  throw new PeerError(`an APDU ${found.toString(16).padStart(2, "0")} came where ${tag.toString(16)} was expected`, {
    code: "unexpected-apdu",
  });
}

const EMPTY_BLOCKS_MAX = 8;

/** Octets put together from blocks, bounded. */
export class BlockBuffer {
  readonly #writer: ByteWriter;
  readonly #limit: number;
  #next = 1;
  #empty = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#writer = new ByteWriter({ limit });
  }

  get length(): number {
    return this.#writer.length;
  }

  /** @throws PeerError `block-number`, `too-long`. */
  append(blockNumber: number, octets: Uint8Array): void {
    if (blockNumber !== this.#next)
      throw new PeerError(`block ${blockNumber} came where ${this.#next} was expected`, { code: "block-number" });
    if (this.#writer.length + octets.length > this.#limit)
      throw new PeerError(`more than ${this.#limit} octets in blocks`, { code: "too-long" });
    // Blocks of nothing would go on for ever.
    if (octets.length === 0 && ++this.#empty > EMPTY_BLOCKS_MAX)
      throw new PeerError("block after block is empty", { code: "empty-blocks" });
    this.#writer.bytes(octets);
    this.#next++;
  }

  /** The number that the next block must have. */
  get expected(): number {
    return this.#next;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}
