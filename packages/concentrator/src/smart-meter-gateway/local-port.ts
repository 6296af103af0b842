import { LinkError } from "@amity/bytes";
import { listenP1, type P1Keys } from "@amity/dsmr";
import { LocalPortClient, parseDataSets } from "@amity/iec62056-21";
import { listenSml } from "@amity/sml";
import type { Address, Connection, Timer, World } from "@amity/runtime";
import { registersOfReadout, registersOfSml, registersOfTelegram, type LocalReading, type LocalRegister } from "./local-reading.ts";

/** The basic meter: what it speaks and where its port is (a serial line behind a TCP bridge, or a reading head on the network). */
export type LocalPort =
  | { readonly protocol: "sml"; readonly address: Address }
  | { readonly protocol: "p1"; readonly address: Address; readonly keys?: P1Keys }
  /** Is asked for a readout, shortly after every capture period began. */
  | { readonly protocol: "iec62056-21"; readonly address: Address; readonly deviceAddress?: string };

const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** A readout that failed is asked for again so often before the next period (machine time between them: `RETRY_FIRST_MS`). */
const READOUTS_MAX = 3;

/** What watching a port tells. */
export interface LocalPortWatcher {
  reading(reading: LocalReading): void;
  /** The line is down or says what nobody understands; watching goes on. */
  fault(error: Error): void;
}

/** Stays connected to the meter's port and hands on what it says, until `stop`. */
export class LocalPortWatch {
  readonly #world: World;
  readonly #port: LocalPort;
  readonly #periodMs: number;
  readonly #watcher: LocalPortWatcher;
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  #retryMs = RETRY_FIRST_MS;
  #isStopped = false;

  constructor(world: World, port: LocalPort, periodMs: number, watcher: LocalPortWatcher) {
    this.#world = world;
    this.#port = port;
    this.#periodMs = periodMs;
    this.#watcher = watcher;
  }

  start(): void {
    const { address } = this.#port;
    this.#world.network.connect(address, { timeoutMs: CONNECT_TIMEOUT_MS }).then(
      (connection) => this.#connected(connection),
      (error: unknown) => this.#lost(error),
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#connection?.abort();
  }

  #connected(connection: Connection): void {
    if (this.#isStopped) return connection.abort();
    this.#connection = connection;
    const { timers } = this.#world;
    const damaged = (error: Error): void => this.#watcher.fault(error);
    const closed = (error: LinkError | undefined): void => this.#lost(error);
    switch (this.#port.protocol) {
      case "sml":
        return listenSml(connection, timers, { file: (file) => this.#said(registersOfSml(file)), damaged, closed });
      case "p1": {
        const { keys } = this.#port;
        const heard = { telegram: (telegram: Parameters<typeof registersOfTelegram>[0]) => this.#said(registersOfTelegram(telegram)) };
        return listenP1(connection, { timers, ...(keys === undefined ? {} : { keys }) }, { ...heard, damaged, closed });
      }
      case "iec62056-21":
        this.#poll(new LocalPortClient(connection, { timers }), this.#port.deviceAddress ?? "", READOUTS_MAX);
    }
  }

  /** Reads out now and after the next period began. */
  #poll(client: LocalPortClient, deviceAddress: string, attempts: number): void {
    client.readout(deviceAddress).then(
      (outcome) => {
        if (this.#isStopped) return;
        if (outcome.kind === "data") this.#said(registersOfReadout(parseDataSets(outcome.text).dataSets));
        else this.#watcher.fault(new LinkError(`the meter gave no readout: ${outcome.kind}`, { code: "no-readout" }));
        const again = outcome.kind !== "data" && attempts > 1;
        const next = (): void => this.#poll(client, deviceAddress, again ? attempts - 1 : READOUTS_MAX);
        this.#timer = again ? this.#world.timers.after(RETRY_FIRST_MS, next) : this.#world.clock.at(this.#nextPeriodMs(), next);
      },
      (error: unknown) => {
        this.#connection?.abort();
        this.#lost(error);
      },
    );
  }

  #nextPeriodMs(): number {
    return (Math.floor(this.#world.clock.nowMs() / this.#periodMs) + 1) * this.#periodMs;
  }

  #said(registers: readonly LocalRegister[]): void {
    if (registers.length === 0) return;
    this.#retryMs = RETRY_FIRST_MS;
    this.#watcher.reading({ atMs: this.#world.clock.nowMs(), registers });
  }

  #lost(error: unknown): void {
    this.#connection = undefined;
    if (this.#isStopped) return;
    this.#watcher.fault(error instanceof Error ? error : new LinkError("the meter closed its port", { code: "closed" }));
    this.#timer = this.#world.timers.after(this.#retryMs, () => this.start());
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
  }
}
