import { joinedOctets } from "@amity/bytes";
/** Octets of one direction without a gap. */
export interface StreamRun {
  readonly octets: Uint8Array;
  /** Octets of the stream that were not captured before it. */
  readonly missingBefore: number;
}

interface Segment {
  /** Place in the stream: octets since its beginning, or since the first one that was captured. */
  readonly at: number;
  readonly octets: Uint8Array;
}

/** One direction keeps so much; what comes behind is counted. */
const STREAM_OCTETS_MAX = 16 * 1024 * 1024;
/** A gap larger than any window is no gap: numbers of another connection. */
const DISTANCE_MAX = 1 << 30;

/** One direction of a TCP connection, put together from segments that come in any order and more than once. */
export class TcpStream {
  readonly #segments: Segment[] = [];
  #base: number | undefined;
  #isFromOpening = false;
  #octets = 0;
  #beyond = 0;

  /** Octets that came after the limit. */
  get beyond(): number {
    return this.#beyond;
  }

  /** The segment that opens the connection (SYN): the stream begins behind its number. */
  open(sequence: number): void {
    this.#base = (sequence + 1) >>> 0;
    this.#isFromOpening = true;
  }

  /** Whether this is the stream that such a segment opened: it is repeated where its answer was lost. */
  isOpenedBy(sequence: number): boolean {
    return this.#isFromOpening && this.#base === (sequence + 1) >>> 0;
  }

  /** @returns false where the number belongs to no stream that this could be */
  take(sequence: number, octets: Uint8Array): boolean {
    this.#base ??= sequence;
    // Numbers wrap at 2^32: the nearer way round is meant.
    const at = (sequence - this.#base) | 0;
    if (Math.abs(at) > DISTANCE_MAX) return false;
    if (this.#octets + octets.length > STREAM_OCTETS_MAX) this.#beyond += octets.length;
    else {
      this.#octets += octets.length;
      this.#segments.push({ at, octets });
    }
    return true;
  }

  /** The stream in order: repeated octets once, a run for each stretch without a gap. */
  runs(): StreamRun[] {
    const segments = [...this.#segments].sort((a, b) => a.at - b.at);
    const runs: StreamRun[] = [];
    let parts: Uint8Array[] = [];
    let missingBefore = 0;
    let next = this.#isFromOpening ? 0 : (segments[0]?.at ?? 0);
    const end = (): void => {
      if (parts.length > 0) runs.push({ octets: joinedOctets(...parts), missingBefore });
      parts = [];
    };
    for (const { at, octets } of segments) {
      if (at > next) {
        end();
        missingBefore = at - next;
        next = at;
      }
      const known = next - at;
      if (known >= octets.length) continue;
      parts.push(octets.subarray(known));
      next = at + octets.length;
    }
    end();
    return runs;
  }
}
