import type { Connection, Timer, Timers } from "@amity/runtime";
import { sealCiphered, type P1Keys } from "../ciphered/ciphered-frame.ts";
import { encodeTelegram, type TelegramContent } from "../telegram/telegram.ts";

export interface ServeP1Options {
  readonly timers: Timers;
  /** 1,000 from version 5, 10,000 before. Default 1,000. */
  readonly everyMs?: number;
  /** The request line of the port: nothing is sent while it is low. Default: always high. */
  readonly isRequested?: () => boolean;
  /** Luxembourg, Austria: telegrams go out ciphered, with the counter of the meter (it only ever grows). */
  readonly cipher?: { readonly keys: Required<P1Keys>; readonly systemTitle: Uint8Array; readonly nextCounter: () => number };
}

const EVERY_MS = 1000;
/** A peer that does not take what is sent gets nothing more (octets). */
const BACKLOG_MAX = 64 * 1024;

/** The meter's P1 port: sends a telegram at every interval until the connection ends. */
export function serveP1(connection: Connection, telegram: () => TelegramContent, options: ServeP1Options): void {
  const { timers, everyMs = EVERY_MS, isRequested, cipher } = options;
  let timer: Timer | undefined;
  const send = (): void => {
    timer = timers.after(everyMs, send);
    if (isRequested?.() === false || connection.backlog > BACKLOG_MAX) return;
    const octets = encodeTelegram(telegram());
    if (cipher === undefined) return connection.send(octets);
    const sender = { systemTitle: cipher.systemTitle, invocationCounter: cipher.nextCounter() };
    connection.send(sealCiphered(octets, cipher.keys, sender));
  };
  timer = timers.after(0, send);
  connection.bind({ data() {}, closed: () => timer?.cancel() });
}
