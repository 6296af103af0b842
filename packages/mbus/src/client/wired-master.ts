import { PeerError, UsageError } from "@amity/bytes";
import type { Connection } from "@amity/runtime";
import type { ApplicationContext } from "../application/read-application.ts";
import type { MeterTime } from "../application/record.ts";
import { BAUD_BY_CI } from "../application/control-information.ts";
import { writeRecords, type RecordInput } from "../application/write-records.ts";
import { longAddressOctets, PRIMARY_ADDRESS, patternOctets, type MeterAddress, type SecondaryPattern } from "../link/address.ts";
import { CONTROL } from "../link/wired-frame.ts";
import { decodeWiredMessage, type WiredMessage } from "../link/wired-message.ts";
import { WiredExchange, type ExchangeOptions, type ExchangeResult } from "./wired-exchange.ts";

/** Who is spoken to: a primary address, or a meter by its secondary address. */
export type WiredTarget = number | SecondaryPattern;

/** Outcome of a readout: every telegram of it, or how far it came. */
export type ReadoutResult =
  | { readonly kind: "complete"; readonly messages: readonly WiredMessage[] }
  | {
      readonly kind: "incomplete";
      readonly reason: "silence" | "collision" | "not-selected" | "limit";
      readonly messages: readonly WiredMessage[];
    };

export interface MasterOptions extends ExchangeOptions {
  /** For encrypted meters. */
  readonly keys?: ApplicationContext["keys"];
  /** Told when the line's speed has to change (a serial port; gateways have their own ways). */
  readonly setBaud?: (baud: number) => void;
  /** Telegrams of one readout. Default 16. */
  readonly telegramsMax?: number;
}

/** A master on a wired bus, over TCP gateway or serial line (EN 13757-2, EN 13757-3). */
export class WiredMaster {
  readonly #exchange: WiredExchange;
  readonly #options: MasterOptions;
  /** FCB of the next REQ_UD2 by primary address; set after SND_NKE. */
  readonly #fcb = new Map<number, boolean>();

  constructor(connection: Connection, options: MasterOptions) {
    this.#exchange = new WiredExchange(connection, options);
    this.#options = options;
  }

  /** SND_NKE: resets the link, and at FDh (253) takes a selection back. True where it was acknowledged. */
  async initialize(address: number, attemptsMax?: number): Promise<boolean> {
    const result = await this.#exchange.run({ kind: "short", control: CONTROL.sndNke, address }, attemptsMax);
    this.#fcb.set(address, true);
    return result.kind === "ack";
  }

  /** Selects by secondary address. A collision means: several meters match. */
  async select(pattern: SecondaryPattern, attemptsMax?: number): Promise<"selected" | "none" | "collision"> {
    const data = patternOctets(pattern);
    const result = await this.#exchange.run(
      { kind: "long", control: CONTROL.sndUd, address: PRIMARY_ADDRESS.networkLayer, controlInformation: 0x52, data },
      attemptsMax,
    );
    this.#fcb.set(PRIMARY_ADDRESS.networkLayer, true);
    if (result.kind === "silence") return "none";
    return result.kind === "ack" ? "selected" : "collision";
  }

  /** Reads everything a meter has to say: link reset or selection, then REQ_UD2 until no telegram follows. @throws LinkError, DecodeError. */
  async readout(target: WiredTarget): Promise<ReadoutResult> {
    const address = await this.#address(target);
    if (address === undefined) return { kind: "incomplete", reason: "not-selected", messages: [] };
    if (typeof target === "number") await this.initialize(address);
    const messages: WiredMessage[] = [];
    for (let count = this.#options.telegramsMax ?? 16; count > 0; count--) {
      const result = await this.request(address);
      if (result.kind !== "response") {
        const reason = result.kind === "collision" ? "collision" : "silence";
        return { kind: "incomplete", reason, messages };
      }
      const message = decodeWiredMessage(result.octets, { keys: this.#options.keys });
      messages.push(message);
      if (message.application?.moreFollows !== true) return { kind: "complete", messages };
    }
    return { kind: "incomplete", reason: "limit", messages };
  }

  /** One REQ_UD2; the FCB toggles after every answer. */
  async request(address: number, attemptsMax?: number): Promise<ExchangeResult> {
    const fcb = this.#fcb.get(address) ?? true;
    const control = 0x4b | CONTROL.fcv | (fcb ? CONTROL.fcb : 0);
    const result = await this.#exchange.run({ kind: "short", control, address }, attemptsMax);
    if (result.kind === "response") this.#fcb.set(address, !fcb);
    return result;
  }

  /** REQ_UD1: the alarm octet, 0 where the meter has none, `undefined` where it stays silent. */
  async readAlarm(target: WiredTarget): Promise<number | undefined> {
    const address = await this.#address(target);
    if (address === undefined) return undefined;
    const result = await this.#exchange.run({ kind: "short", control: CONTROL.reqUd1, address });
    if (result.kind === "ack") return 0;
    if (result.kind !== "response") return undefined;
    return decodeWiredMessage(result.octets, { keys: this.#options.keys }).application?.alarm;
  }

  /** SND_UD with records (CI 51). True where the meter acknowledged; what it made of them is for a readout to say. */
  async write(target: WiredTarget, records: readonly RecordInput[]): Promise<boolean> {
    return this.#send(target, 0x51, writeRecords(records).finish());
  }

  async setPrimaryAddress(target: WiredTarget, address: number): Promise<boolean> {
    if (!Number.isInteger(address) || address < 0 || address > PRIMARY_ADDRESS.slaveMax) {
      throw new UsageError(`a primary address is 0 to ${PRIMARY_ADDRESS.slaveMax}, not ${address}`, { code: "range" });
    }
    return this.write(target, [{ coding: "int8", codes: [0x7a], value: address }]);
  }

  /** Sets identification, manufacturer, version and type in one (EN 13757-3, 7.3.3). */
  async setSecondaryAddress(target: WiredTarget, meter: MeterAddress): Promise<boolean> {
    const octets = longAddressOctets(meter);
    return this.write(target, [{ coding: "int64", codes: [0x79], value: { kind: "octets", octets } }]);
  }

  /** The meter's local time; seconds are sent where `time` has them (data type I). */
  async setClock(target: WiredTarget, time: MeterTime): Promise<boolean> {
    return this.write(target, [{ coding: time.second < 0 ? "int32" : "int48", codes: [0x6d], value: time }]);
  }

  /** CI 50, with a subcode that selects the application where given. */
  async resetApplication(target: WiredTarget, subcode?: number): Promise<boolean> {
    return this.#send(target, 0x50, subcode === undefined ? new Uint8Array(0) : Uint8Array.of(subcode));
  }

  /** Switches meter and line; the meter is asked at the new speed and, where it is silent, the line goes back. @throws PeerError `baud-lost`. */
  async switchBaud(target: WiredTarget, baud: number): Promise<boolean> {
    const entry = Object.entries(BAUD_BY_CI).find(([, value]) => value === baud);
    if (entry === undefined) throw new UsageError(`${baud} Bd is no speed of the bus`, { code: "baud" });
    const address = await this.#address(target);
    if (address === undefined || !(await this.#send(address, Number(entry[0]), new Uint8Array(0)))) return false;
    const before = this.#exchange.baud;
    this.#line(baud);
    if (await this.initialize(address)) return true;
    this.#line(before);
    if (await this.initialize(address)) return false;
    throw new PeerError("the meter answers at neither the old nor the new speed", {
      code: "baud-lost",
      advice: "meters fall back to their old speed after a while: try again then",
    });
  }

  #line(baud: number): void {
    this.#exchange.baud = baud;
    this.#options.setBaud?.(baud);
  }

  async #send(target: WiredTarget, controlInformation: number, data: Uint8Array): Promise<boolean> {
    const address = await this.#address(target);
    if (address === undefined) return false;
    const result = await this.#exchange.run({ kind: "long", control: CONTROL.sndUd, address, controlInformation, data });
    return result.kind === "ack";
  }

  async #address(target: WiredTarget): Promise<number | undefined> {
    if (typeof target === "number") return target;
    return (await this.select(target)) === "selected" ? PRIMARY_ADDRESS.networkLayer : undefined;
  }
}
