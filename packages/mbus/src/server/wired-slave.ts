import { ByteWriter } from "@amity/bytes";
import { BAUD_BY_CI } from "../application/control-information.ts";
import { readRecords } from "../application/read-records.ts";
import type { DataRecord, MeterTime } from "../application/record.ts";
import { writeRecords, type RecordInput } from "../application/write-records.ts";
import { isSelectedBy, PRIMARY_ADDRESS, readLongAddress, type MeterAddress } from "../link/address.ts";
import { CONTROL, encodeWiredFrame, WIRED_DATA_MAX, type WiredFrame } from "../link/wired-frame.ts";
import type { MeterKey } from "../transport/meter-key.ts";
import { sealMessage } from "../transport/seal-payload.ts";

/** What a simulated meter gives to its M-Bus face, and takes from it. */
export interface SlaveModel {
  /** Records of the readout; `application` is the subcode of the last application reset or select (0: all). */
  readout(application: number): readonly RecordInput[];
  /** Octets behind DIF 0F of the last telegram. */
  manufacturerData?(): Uint8Array;
  status?(): number;
  /** Alarm octet for REQ_UD1, 0 where there is none. */
  alarm?(): number;
  setClock?(time: MeterTime): void;
  /** Any other record written by SND_UD. */
  write?(record: DataRecord): void;
  addressChanged?(primaryAddress: number, meter: MeterAddress): void;
}

export interface SlaveOptions {
  readonly meter: MeterAddress;
  readonly primaryAddress?: number;
  readonly baud?: number;
  /** Encrypts responses in security mode 5. */
  readonly key?: MeterKey;
  /** Octets of application data in one telegram (long header included), at most 252: shorter splits the readout. */
  readonly telegramOctetsMax?: number;
  /** Eight digits for enhanced selection; the identification where absent. */
  readonly fabricationNumber?: string;
}

/** Long header and the encryption's frame and padding. */
const OVERHEAD_CLEAR = 12;
const OVERHEAD_SEALED = 12 + 2 + 15;

/** One meter on the bus (EN 13757-2 and -3): frames in, the frame it sends out. Pure: no clock, no line. */
export class WiredSlave {
  readonly #model: SlaveModel;
  readonly #key: MeterKey | undefined;
  readonly #octetsMax: number;
  readonly #fabricationNumber: string;
  #meter: MeterAddress;
  #primary: number;
  #baud: number;
  #isSelected = false;
  /** FCB of the last REQ_UD2 answered; `undefined` after SND_NKE or a selection. */
  #lastFcb: boolean | undefined;
  #lastResponse: Uint8Array | undefined;
  /** Telegrams of the readout under way that have not been sent. */
  #pending: Uint8Array[] = [];
  #accessNumber = 0;
  #application = 0;
  #error: number | undefined;

  constructor(model: SlaveModel, options: SlaveOptions) {
    this.#model = model;
    this.#meter = options.meter;
    this.#primary = options.primaryAddress ?? PRIMARY_ADDRESS.unconfigured;
    this.#baud = options.baud ?? 2400;
    this.#key = options.key;
    this.#fabricationNumber = options.fabricationNumber ?? options.meter.id;
    const max = Math.min(options.telegramOctetsMax ?? WIRED_DATA_MAX, WIRED_DATA_MAX);
    this.#octetsMax = max - (options.key === undefined ? OVERHEAD_CLEAR : OVERHEAD_SEALED) - 1;
  }

  get meter(): MeterAddress {
    return this.#meter;
  }
  get primaryAddress(): number {
    return this.#primary;
  }
  get baud(): number {
    return this.#baud;
  }
  get isSelected(): boolean {
    return this.#isSelected;
  }

  /** Octets to send, or `undefined` where the meter stays silent. */
  handle(frame: WiredFrame): Uint8Array | undefined {
    if (frame.kind === "ack") return undefined;
    const isSelection = frame.kind === "long" && frame.controlInformation === 0x52 && frame.address === PRIMARY_ADDRESS.networkLayer;
    if (isSelection) return this.#select(frame.data);
    if (!this.#isMeant(frame.address)) return undefined;
    const answer = this.#obey(frame);
    return frame.address === PRIMARY_ADDRESS.broadcast ? undefined : answer;
  }

  #isMeant(address: number): boolean {
    if (address === PRIMARY_ADDRESS.networkLayer) return this.#isSelected;
    return address === this.#primary || address === PRIMARY_ADDRESS.broadcastWithReply || address === PRIMARY_ADDRESS.broadcast;
  }

  #select(selection: Uint8Array): Uint8Array | undefined {
    this.#isSelected = selection.length >= 8 && isSelectedBy(this.#meter, selection) && this.#matchesRest(selection);
    this.#forget();
    return this.#isSelected ? ack() : undefined;
  }

  /** Enhanced selection (EN 13757-7, 7.6.3): records behind the eight octets have to match; here the fabrication number can. */
  #matchesRest(selection: Uint8Array): boolean {
    return readRecords(selection, 8).records.every(
      ({ vib, value }) => vib.quantity === "fabricationNumber" && typeof value === "string" && isLike(this.#fabricationNumber, value),
    );
  }

  #obey(frame: Exclude<WiredFrame, { kind: "ack" }>): Uint8Array | undefined {
    const control = frame.control & ~(CONTROL.fcb | CONTROL.fcv);
    if (control === 0x40 && frame.kind === "short") {
      if (frame.address === PRIMARY_ADDRESS.networkLayer || frame.address === PRIMARY_ADDRESS.broadcast) this.#isSelected = false;
      this.#forget();
      return ack();
    }
    if (control === 0x4b) return this.#respond((frame.control & CONTROL.fcb) !== 0);
    if (control === 0x4a) return this.#respondAlarm();
    if (control === 0x43 && frame.kind === "long") return this.#take(frame);
    return undefined;
  }

  #forget(): void {
    this.#lastFcb = undefined;
    this.#lastResponse = undefined;
    this.#pending = [];
  }

  /** The same FCB asks for the last telegram again, the other one for the next. */
  #respond(fcb: boolean): Uint8Array {
    if (this.#lastFcb === fcb && this.#lastResponse !== undefined) return this.#lastResponse;
    if (this.#error !== undefined) {
      const code = this.#error;
      this.#error = undefined;
      return this.#keep(fcb, this.#frame(0x70, Uint8Array.of(code)));
    }
    if (this.#pending.length === 0) this.#pending = this.#telegrams();
    return this.#keep(fcb, this.#pending.shift() ?? this.#frame(0x70, Uint8Array.of(0)));
  }

  #keep(fcb: boolean, response: Uint8Array): Uint8Array {
    this.#lastFcb = fcb;
    this.#lastResponse = response;
    return response;
  }

  #telegrams(): Uint8Array[] {
    const parts: Uint8Array[] = [];
    const writer = new ByteWriter();
    for (const record of this.#model.readout(this.#application)) {
      const octets = writeRecords([record]).finish();
      if (writer.length > 0 && writer.length + octets.length > this.#octetsMax) {
        parts.push(writer.u8(0x1f).finish());
        writer.clear();
      }
      writer.bytes(octets);
    }
    const tail = this.#model.manufacturerData?.();
    if (tail !== undefined && writer.length + tail.length <= this.#octetsMax) writer.u8(0x0f).bytes(tail);
    parts.push(writer.finish());
    return parts.map((content) => this.#seal(content));
  }

  #seal(content: Uint8Array): Uint8Array {
    this.#accessNumber = (this.#accessNumber + 1) & 0xff;
    const message = sealMessage({
      meter: this.#meter,
      header: "long",
      accessNumber: this.#accessNumber,
      status: this.#model.status?.() ?? 0,
      content,
      ...(this.#key === undefined ? {} : { security: { mode: 5, key: this.#key } as const }),
    });
    return this.#frame(message[0] ?? 0x72, message.subarray(1));
  }

  #respondAlarm(): Uint8Array {
    const alarm = this.#model.alarm?.() ?? 0;
    return alarm === 0 ? ack() : this.#frame(0x71, Uint8Array.of(alarm));
  }

  #take(frame: Extract<WiredFrame, { kind: "long" }>): Uint8Array {
    const ci = frame.controlInformation;
    const baud = BAUD_BY_CI[ci];
    if (baud !== undefined) {
      // The acknowledgement still goes out at the old speed: the bus asks for `baud` afterwards.
      this.#baud = baud;
      return ack();
    }
    if (ci === 0x50) {
      this.#application = frame.data[0] ?? 0;
      this.#forget();
    } else if (ci === 0x51) this.#takeRecords(frame.data);
    else this.#error = 0x01;
    return ack();
  }

  #takeRecords(data: Uint8Array): void {
    // A global readout request (DIF 7F) and a selection for readout change nothing here: everything is read out anyway.
    if ((data[0] ?? 0) === 0x7f) return;
    const list = readRecords(data);
    if (list.problem !== undefined) this.#error = 0x04;
    for (const record of list.records) this.#takeRecord(data, record);
  }

  #takeRecord(data: Uint8Array, record: DataRecord): void {
    const { quantity } = record.vib;
    const at = record.offset + record.headerOctets;
    if (quantity === "busAddress" && typeof record.value === "number" && record.value <= PRIMARY_ADDRESS.slaveMax) {
      this.#primary = record.value;
      this.#model.addressChanged?.(this.#primary, this.#meter);
    } else if (
      quantity === "enhancedIdentification" &&
      (record.octets - record.headerOctets === 8 || record.octets - record.headerOctets === 4)
    ) {
      const full = record.octets - record.headerOctets === 8;
      const sent = new Uint8Array(8);
      sent.set(data.subarray(at, at + (full ? 8 : 4)));
      const next = readLongAddress(sent, 0);
      this.#meter = full ? next : { ...this.#meter, id: next.id };
      this.#model.addressChanged?.(this.#primary, this.#meter);
    } else if (quantity === "dateTime" && record.value !== null && typeof record.value === "object" && record.value.kind === "dateTime") {
      this.#model.setClock?.(record.value);
    } else this.#model.write?.(record);
  }

  #frame(controlInformation: number, data: Uint8Array): Uint8Array {
    return encodeWiredFrame({ kind: "long", control: CONTROL.rspUd, address: this.#primary, controlInformation, data });
  }
}

/** Digits of the pattern that are F match anything. */
function isLike(own: string, pattern: string): boolean {
  return Array.from(pattern).every((digit, index) => digit === "f" || digit === own[index]);
}

function ack(): Uint8Array {
  return encodeWiredFrame({ kind: "ack" });
}
