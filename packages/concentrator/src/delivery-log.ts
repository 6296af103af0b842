import { ByteReader, ByteWriter, LinkError, UsageError } from "@amity/bytes";
import type { Files } from "@amity/runtime";
import { crc32 } from "./crc32.ts";
import { readSegment, recordOctets, writeRecord, type SequencedRecord } from "./segment.ts";

export interface DeliveryLogLimits {
  /** A segment is closed when it has grown to this. */
  readonly segmentOctetsMax: number;
  /** All segments together: past it, as on a full disk, nothing new is stored. */
  readonly capacityOctets: number;
}

export const DEFAULT_LOG_LIMITS: DeliveryLogLimits = { segmentOctetsMax: 256 * 1024, capacityOctets: 256 * 1024 * 1024 };

interface Segment {
  readonly path: string;
  first: number;
  last: number;
  octets: number;
}

const FOLDER = "deliveries";
const ACKNOWLEDGED = "acknowledged";

/**
 * What the concentrator holds for the head-end: an append-only log in segments. A record counts as stored only when its
 * octets are synced; it is dropped only when the head-end has acknowledged it. Every start begins a new segment, so a tail
 * torn by a power cut is never written behind.
 */
export class DeliveryLog {
  readonly #files: Files;
  readonly #limits: DeliveryLogLimits;
  #segments: Segment[] = [];
  #nextNumber = 1;
  #nextSequence = 1;
  #acknowledged = 0;
  #open: Segment | undefined;
  #waiting: { data: Uint8Array; resolve: (sequence: number) => void; reject: (error: unknown) => void }[] = [];
  #flushing = false;
  /** Told when something was stored: whoever waits for deliveries may look. */
  onStored: () => void = () => {};
  #cached: { path: string; octets: number; records: SequencedRecord[] } | undefined;

  private constructor(files: Files, limits: DeliveryLogLimits) {
    this.#files = files;
    this.#limits = limits;
  }

  /**
   * Opens the log and recovers from whatever the last life left. `replay` sees every record that is still held, oldest first.
   */
  static async open(
    files: Files,
    limits: DeliveryLogLimits,
    replay: (record: SequencedRecord) => void,
  ): Promise<{ readonly log: DeliveryLog; /** Segments that ended in a torn record. */ readonly torn: number }> {
    const log = new DeliveryLog(files, limits);
    return { log, torn: await log.#recover(replay) };
  }

  /** Everything up to this number was acknowledged by the head-end. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The newest record that is stored; equal to `acknowledged` when nothing waits. */
  get newest(): number {
    return Math.max(this.#segments.at(-1)?.last ?? 0, this.#acknowledged);
  }

  /** The oldest record still held. */
  get oldest(): number {
    return this.#acknowledged + 1;
  }

  get octets(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.octets, 0);
  }

  /**
   * Stores a record and resolves with its number once it is synced; records that arrive meanwhile share the next sync.
   * @throws LinkError `disk-full`: nothing stored before is touched, the same call may succeed once there is room.
   */
  append(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ data, resolve, reject });
      if (!this.#flushing) void this.#flush();
    });
  }

  /** Records `from` to `to` (both included) that are held and not acknowledged. */
  async read(from: number, to: number): Promise<SequencedRecord[]> {
    const found: SequencedRecord[] = [];
    for (const segment of this.#segments) {
      if (segment.last < from || segment.first > to) continue;
      for (const record of await this.#records(segment)) {
        if (record.sequence >= from && record.sequence <= to && record.sequence > this.#acknowledged && record.sequence <= segment.last) {
          found.push(record);
        }
      }
    }
    return found;
  }

  /**
   * The head-end has everything up to `sequence`: it may be forgotten. Acknowledging less again changes nothing. On a full disk
   * the mark itself may not fit: then room is made first, and at worst the same is delivered again after a restart.
   * `beforeDrop` runs before segments are removed, so that what is known only from them can be kept elsewhere.
   * @throws UsageError for a number that was never given out, LinkError when the disk fails otherwise.
   */
  async acknowledge(sequence: number, beforeDrop: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    if (sequence > this.newest) throw new UsageError(`${sequence} was never delivered, the newest is ${this.newest}`, { code: "sequence" });
    if (sequence <= this.#acknowledged) return;
    const isMarked = await unlessFull(() => this.#files.replace(ACKNOWLEDGED, encodeAcknowledged(sequence)));
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    const done = this.#segments.filter((segment) => segment.last <= this.#acknowledged && segment !== this.#open);
    if (done.length === 0) return;
    await unlessFull(beforeDrop);
    for (const segment of done) await this.#files.remove(segment.path);
    this.#segments = this.#segments.filter((segment) => !done.includes(segment));
    if (!isMarked) await unlessFull(() => this.#files.replace(ACKNOWLEDGED, encodeAcknowledged(this.#acknowledged)));
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 64);
      const records = batch.map((entry, index) => ({ sequence: this.#nextSequence + index, data: entry.data }));
      try {
        await this.#write(records);
        this.#nextSequence += records.length;
        for (const [index, entry] of batch.entries()) entry.resolve(records[index]?.sequence ?? 0);
        this.onStored();
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    this.#flushing = false;
  }

  async #write(records: readonly SequencedRecord[]): Promise<void> {
    const writer = new ByteWriter({ capacity: records.reduce((sum, record) => sum + recordOctets(record.data.length), 0) });
    for (const record of records) writeRecord(record, writer);
    const octets = writer.finish();
    if (this.octets + octets.length > this.#limits.capacityOctets) {
      throw new LinkError(`the delivery log has reached its ${this.#limits.capacityOctets} octets`, {
        code: "disk-full",
        advice: "the head-end has not acknowledged for long: restore the upstream link; nothing stored is lost",
      });
    }
    const first = records[0]?.sequence ?? 0;
    const segment = this.#open ?? this.#newSegment(first);
    try {
      await this.#files.append(segment.path, octets);
    } catch (error) {
      // What was written may end in a torn record: nothing may follow it.
      this.#open = undefined;
      throw error;
    }
    segment.octets += octets.length;
    segment.last = records.at(-1)?.sequence ?? segment.last;
    if (!this.#segments.includes(segment)) this.#segments.push(segment);
    this.#open = segment.octets >= this.#limits.segmentOctetsMax ? undefined : segment;
  }

  #newSegment(first: number): Segment {
    const path = `${FOLDER}/${String(this.#nextNumber++).padStart(10, "0")}.log`;
    return { path, first, last: first - 1, octets: 0 };
  }

  async #records(segment: Segment): Promise<SequencedRecord[]> {
    if (this.#cached?.path === segment.path && this.#cached.octets === segment.octets) return this.#cached.records;
    const octets = segment.octets;
    const { records } = readSegment((await this.#files.read(segment.path)) ?? new Uint8Array(0));
    this.#cached = { path: segment.path, octets, records };
    return records;
  }

  async #recover(replay: (record: SequencedRecord) => void): Promise<number> {
    let torn = 0;
    this.#acknowledged = decodeAcknowledged(await this.#files.read(ACKNOWLEDGED));
    let last = this.#acknowledged;
    for (const name of await this.#files.list(FOLDER)) {
      const path = `${FOLDER}/${name}`;
      this.#nextNumber = Math.max(this.#nextNumber, (Number.parseInt(name, 10) || 0) + 1);
      const content = (await this.#files.read(path)) ?? new Uint8Array(0);
      // A record that was torn or refused is written again under the same number in a later segment: the first sound one counts.
      const { records, isTorn } = readSegment(content);
      if (isTorn) torn++;
      for (const record of records) replay(record);
      const first = records[0];
      const newest = records.at(-1);
      if (first === undefined || newest === undefined || newest.sequence <= this.#acknowledged) {
        await this.#files.remove(path);
        continue;
      }
      this.#segments.push({ path, first: first.sequence, last: newest.sequence, octets: content.length });
      last = Math.max(last, newest.sequence);
    }
    this.#nextSequence = last + 1;
    return torn;
  }
}

/** Does something on the disk; `false` when there was no room for it. */
async function unlessFull(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof LinkError && error.code === "disk-full") return false;
    throw error;
  }
}

function encodeAcknowledged(sequence: number): Uint8Array {
  const body = new ByteWriter().u64(BigInt(sequence)).finish();
  return new ByteWriter().bytes(body).u32(crc32(body)).finish();
}

function decodeAcknowledged(content: Uint8Array | undefined): number {
  if (content === undefined || content.length !== 12) return 0;
  const reader = new ByteReader(content);
  const sequence = Number(reader.u64());
  // A damaged mark means delivering again, never losing.
  return reader.u32() === crc32(content, 0, 8) ? sequence : 0;
}
