import { ByteWriter, DecodeError } from "@amity/bytes";
import type { WiredFrame } from "../link/wired-frame.ts";
import { FrameAssembler } from "../link/frame-assembler.ts";

/** A piece of a COSEM APDU in a wired frame (IEC 62056-7-3, 7.2): many consumer ports push DLMS this way. */
export interface CosemSegment {
  /** Bits 0 to 3 of the CI field. */
  readonly number: number;
  /** Bit 4 of the CI field: the APDU is complete with this one. */
  readonly isLast: boolean;
  /** Service access points of sender and receiver: 1 and 103 for a push to the consumer. */
  readonly sourceSap: number;
  readonly destinationSap: number;
  readonly data: Uint8Array;
}

/** An APDU that was put together. */
export interface CosemMessage {
  readonly sourceSap: number;
  readonly destinationSap: number;
  readonly apdu: Uint8Array;
}

const CI_MAX = 0x1f;
const LAST = 0x10;
const NUMBERS = 16;
/** Behind the CI field: the two access points. */
const HEAD_OCTETS = 2;
/** An APDU longer than this is not put together. */
const APDU_OCTETS_MAX = 64 * 1024;

/** The segment in a frame; `undefined` where the frame carries something else. */
export function cosemSegment(frame: WiredFrame): CosemSegment | undefined {
  if (frame.kind !== "long" || frame.controlInformation > CI_MAX || frame.data.length < HEAD_OCTETS) return undefined;
  const { controlInformation, data } = frame;
  return {
    number: controlInformation & 0x0f,
    isLast: (controlInformation & LAST) !== 0,
    sourceSap: data[0] ?? 0,
    destinationSap: data[1] ?? 0,
    data: data.subarray(HEAD_OCTETS),
  };
}

/** Whether the octets begin with a frame that carries a piece of a COSEM APDU. */
export function isCosemOverMbus(octets: Uint8Array): boolean {
  const [first] = new FrameAssembler().push(octets.subarray(0, 264));
  return first?.kind === "frame" && cosemSegment(first.frame) !== undefined;
}

/** Puts segments together. One object serves one line; a new APDU begins with segment 0. */
export class CosemAssembler {
  readonly #octets = new ByteWriter({ capacity: 512 });
  #next = 0;

  /**
   * Takes the next segment: the APDU where it was the last one.
   * @throws DecodeError `segment` (a segment is missing: what came before is dropped), `too-long`.
   */
  push(segment: CosemSegment): CosemMessage | undefined {
    // Numbers go round: a zero where zero is due goes on, any other begins anew.
    if (segment.number === 0 && this.#next !== 0) this.#restart();
    if (segment.number !== this.#next) {
      const reason = `segment ${segment.number} of an APDU came where ${this.#next} was due`;
      this.#restart();
      throw new DecodeError(reason, { offset: 0, code: "segment" });
    }
    if (this.#octets.length + segment.data.length > APDU_OCTETS_MAX) {
      this.#restart();
      throw new DecodeError(`an APDU of more than ${APDU_OCTETS_MAX} octets`, { offset: 0, code: "too-long" });
    }
    this.#octets.bytes(segment.data);
    this.#next = (this.#next + 1) % NUMBERS;
    if (!segment.isLast) return undefined;
    const apdu = this.#octets.finish().slice();
    this.#restart();
    return { sourceSap: segment.sourceSap, destinationSap: segment.destinationSap, apdu };
  }

  #restart(): void {
    this.#octets.clear();
    this.#next = 0;
  }
}

/** Cuts an APDU into the data of long frames: CI field and octets behind it, as a meter sends them. */
export function cosemSegments(
  { sourceSap, destinationSap, apdu }: CosemMessage,
  dataOctetsMax = 245,
): readonly {
  readonly controlInformation: number;
  readonly data: Uint8Array;
}[] {
  const count = Math.max(1, Math.ceil(apdu.length / dataOctetsMax));
  return Array.from({ length: count }, (_, index) => ({
    controlInformation: (index % NUMBERS) | (index === count - 1 ? LAST : 0),
    data: Uint8Array.of(sourceSap, destinationSap, ...apdu.subarray(index * dataOctetsMax, (index + 1) * dataOctetsMax)),
  }));
}
