import { ByteReader, ByteWriter, SecurityError } from "@amity/bytes";
import type { InvocationCounter, ReceivedCounter } from "@amity/dlms";
import type { Files } from "@amity/runtime";
import { crc32 } from "./crc32.ts";

const PATH = "counters";
/** Numbers reserved at once, and how many may be left when the next reservation is begun. */
const BLOCK = 4_096;
const REFILL_AT = 1_024;

/**
 * Invocation counters of a device that keep their promise over a crash: what is on disk is always ahead of what was used.
 * After a restart outgoing numbers are skipped, never repeated; incoming ones below the kept mark are refused, and the
 * refusal tells the other side where to go on.
 */
export class CounterFile {
  readonly #files: Files;
  #sentNext: number;
  #sentEnd: number;
  #receivedLast: number;
  #receivedMark: number;
  #isWriting = false;

  private constructor(files: Files, sentNext: number, receivedMark: number) {
    this.#files = files;
    this.#sentNext = sentNext;
    this.#sentEnd = sentNext;
    this.#receivedLast = receivedMark;
    this.#receivedMark = receivedMark;
  }

  /** Reads the counters and reserves the first block. @throws LinkError when the disk refuses. */
  static async open(files: Files): Promise<CounterFile> {
    const { sentNext, receivedMark } = decode(await files.read(PATH));
    const counters = new CounterFile(files, sentNext, receivedMark);
    await counters.#write();
    return counters;
  }

  get sent(): InvocationCounter {
    return { next: () => this.#next() };
  }

  get received(): ReceivedCounter {
    const lastOf = (): number => this.#receivedLast;
    return {
      get last() {
        return lastOf();
      },
      accept: (counter) => {
        this.#receivedLast = counter;
        if (counter + REFILL_AT > this.#receivedMark) this.#refill();
      },
    };
  }

  #next(): number {
    if (this.#sentNext >= this.#sentEnd) {
      this.#refill();
      throw new SecurityError("no reserved invocation counter is left", {
        code: "counter-reserve",
        advice: "the disk does not take the reservation",
      });
    }
    if (this.#sentEnd - this.#sentNext < REFILL_AT) this.#refill();
    return this.#sentNext++;
  }

  #refill(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    // A refused write leaves the present reserve; the next use tries again.
    this.#write().then(
      () => (this.#isWriting = false),
      () => (this.#isWriting = false),
    );
  }

  async #write(): Promise<void> {
    const sentEnd = this.#sentNext + BLOCK;
    const receivedMark = this.#receivedLast + (this.#receivedLast > 0 ? BLOCK : 0);
    await this.#files.replace(PATH, encode(sentEnd, receivedMark));
    this.#sentEnd = sentEnd;
    this.#receivedMark = receivedMark;
  }
}

function encode(sentNext: number, receivedMark: number): Uint8Array {
  const body = new ByteWriter().u64(BigInt(sentNext)).u64(BigInt(receivedMark)).finish();
  return new ByteWriter().bytes(body).u32(crc32(body)).finish();
}

function decode(content: Uint8Array | undefined): { sentNext: number; receivedMark: number } {
  if (content === undefined) return { sentNext: 1, receivedMark: 0 };
  const reader = new ByteReader(content);
  const counters = { sentNext: Number(reader.u64()), receivedMark: Number(reader.u64()) };
  if (reader.u32() === crc32(content, 0, 16)) return counters;
  throw new SecurityError("the file of invocation counters is damaged: going on could repeat one", {
    code: "counter-file",
    advice: "give the concentrator new keys, then remove the file",
  });
}
