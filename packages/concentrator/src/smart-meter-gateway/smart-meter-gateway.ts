import { serveDlms, wrapperLink, type SecurityKeys } from "@amity/dlms";
import type { Address, World } from "@amity/runtime";
import { CounterFile } from "../counter-file.ts";
import { CaptureBook } from "./capture-book.ts";
import { gatewayDevice } from "./gateway-device.ts";
import { LocalPortWatch, type LocalPort } from "./local-port.ts";
import type { LocalReading } from "./local-reading.ts";

export interface SmartMeterGatewayOptions {
  /** Of the basic meter: the gateway speaks in its name. */
  readonly meterId: string;
  /** Eight octets. */
  readonly systemTitle: Uint8Array;
  /** Keys of the head-end's association (suite 0). */
  readonly keys: SecurityKeys;
  readonly local: LocalPort;
  /** Where the head-end connects. */
  readonly listen: Address;
  /** Capture period of the load profile (s). Default 900. */
  readonly periodSeconds?: number;
  /** How long after the end of a period its row may still be captured (civil s). Default 60. */
  readonly toleranceSeconds?: number;
  /** Rows kept. Default 64 days of quarter-hours. */
  readonly depthRows?: number;
  readonly firmware?: string;
}

/** A running gateway. */
export interface SmartMeterGateway {
  readonly address: Address;
  /** What the meter said last. */
  readonly latest: LocalReading | undefined;
  readonly capturedRows: number;
  /** Why the local port was last of no use, `undefined` since it spoke again. */
  readonly localFault: string | undefined;
  stop(): Promise<void>;
}

const DEPTH_ROWS = 64 * 96;
/** A head-end that stays silent this long (machine time) is gone. */
const INACTIVITY_MS = 600_000;

/**
 * Starts a gateway beside a basic meter: listens to its local port (SML, P1) or reads it out (IEC 62056-21), captures its registers at the end
 * of each period on its own disk, and serves both as a DLMS meter with a ciphered association.
 * @throws LinkError when the port is taken or the disk refuses; SecurityError when the counters cannot be trusted.
 */
export async function startSmartMeterGateway(world: World, options: SmartMeterGatewayOptions): Promise<SmartMeterGateway> {
  const { meterId, systemTitle, keys, periodSeconds = 900, depthRows = DEPTH_ROWS } = options;
  const counters = await CounterFile.open(world.files);
  const book = await CaptureBook.open(world.files, depthRows);
  const capture = new PeriodCapture(world, book, periodSeconds * 1000, (options.toleranceSeconds ?? 60) * 1000);
  const parts = {
    meterId,
    systemTitle,
    keys,
    firmware: options.firmware ?? "amity-gateway-1",
    clock: world.clock,
    counters,
    book,
    periodSeconds,
    depthRows,
  };
  const device = { logicalDevice: (sap: number) => (sap === 1 ? gatewayDevice({ ...parts, latest: () => capture.latest }) : undefined) };
  const onFault = (error: unknown): void => world.log.error("gateway.fault", { error: String(error) });
  const listener = await world.network.listen(options.listen, (connection) => {
    serveDlms(wrapperLink(connection, "server"), device, world, { inactivityTimeoutMs: INACTIVITY_MS, onFault });
  });
  const watch = new LocalPortWatch(world, options.local, periodSeconds * 1000, {
    reading: (reading) => capture.take(reading),
    fault: (error) => capture.failed(error),
  });
  watch.start();
  return {
    address: listener.address,
    get latest() {
      return capture.latest;
    },
    get capturedRows() {
      return book.rows.length;
    },
    get localFault() {
      return capture.fault;
    },
    async stop() {
      watch.stop();
      await listener.close();
      await capture.settled();
    },
  };
}

/** Takes the first reading after each end of a period for the row of that end. */
class PeriodCapture {
  latest: LocalReading | undefined;
  fault: string | undefined;
  readonly #world: World;
  readonly #book: CaptureBook;
  readonly #periodMs: number;
  readonly #toleranceMs: number;
  #capturedMs: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(world: World, book: CaptureBook, periodMs: number, toleranceMs: number) {
    this.#world = world;
    this.#book = book;
    this.#periodMs = periodMs;
    this.#toleranceMs = toleranceMs;
    this.#capturedMs = book.rows.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  }

  take(reading: LocalReading): void {
    this.latest = reading;
    this.fault = undefined;
    const endMs = Math.floor(reading.atMs / this.#periodMs) * this.#periodMs;
    if (endMs <= this.#capturedMs || reading.atMs - endMs > this.#toleranceMs) return;
    this.#capturedMs = endMs;
    this.#writing = this.#writing.then(() => this.#book.append(endMs, reading)).catch((error: unknown) => this.failed(error as Error));
  }

  failed(error: Error): void {
    this.fault = error.message;
    this.#world.log.warn("gateway.local", { error: error.message });
  }

  /** When everything taken is on the disk, or refused by it. */
  settled(): Promise<void> {
    return this.#writing;
  }
}
