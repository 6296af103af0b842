import { DecodeError, RubbishLimit, SecurityError, type AmityError, type LinkError } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import { CounterGuard, openCiphered, readCipheredFrame, type P1Keys } from "../ciphered/ciphered-frame.ts";
import { TelegramAssembler, type P1Part } from "../telegram/telegram-assembler.ts";
import { decodeTelegram, type Telegram } from "../telegram/telegram.ts";

export interface P1Listener {
  /** A whole telegram; what is wrong inside is in its `problems`. `isAuthenticated`: it came ciphered, and its tag is right. */
  telegram(telegram: Telegram, isAuthenticated: boolean): void;
  /** Octets that were no telegram, or that could not be opened. */
  damaged?(error: AmityError): void;
  closed?(error: LinkError | undefined): void;
}

export interface ListenP1Options {
  readonly timers: Timers;
  /** For ciphered telegrams. */
  readonly keys?: P1Keys;
}

/** Silence that ends an unfinished telegram (ms): version 2 needs a second for one at 9600 Bd, without pauses. */
const SILENCE_MS = 2000;

/** Listens to a P1 port: every telegram that comes, clear or ciphered. Who sends only rubbish is hung up on. */
export function listenP1(connection: Connection, options: ListenP1Options, listener: P1Listener): void {
  const { timers, keys } = options;
  const assembler = new TelegramAssembler();
  const guard = new CounterGuard();
  const rubbish = new RubbishLimit();
  let isSound = false;
  let silence = timers.after(0, () => {});
  const read = (part: P1Part): void => {
    if (part.kind === "damaged") return listener.damaged?.(part.error);
    if (part.kind === "telegram") {
      const telegram = decodeTelegram(part.octets);
      isSound ||= telegram.crc !== "wrong";
      return listener.telegram(telegram, false);
    }
    // A frame that cannot be opened, for want of the key, is one all the same.
    isSound = true;
    if (keys === undefined) throw new SecurityError("a ciphered telegram and no key", { code: "no-key", advice: "enter the port's key" });
    const opened = openCiphered(part.octets, keys);
    // Only a tag that is right makes a counter worth remembering.
    if (opened.isAuthenticated) guard.check(readCipheredFrame(part.octets));
    return listener.telegram(decodeTelegram(opened.telegram), opened.isAuthenticated);
  };
  const give = (parts: readonly P1Part[]): void => {
    for (const part of parts) {
      try {
        read(part);
      } catch (error) {
        if (!(error instanceof DecodeError) && !(error instanceof SecurityError)) throw error;
        listener.damaged?.(error);
      }
    }
  };
  connection.bind({
    data(chunk) {
      silence.cancel();
      isSound = false;
      give(assembler.push(chunk));
      const reason = rubbish.take(chunk.length, isSound, assembler.pending);
      if (reason !== undefined) return connection.abort(reason);
      if (assembler.pending > 0) silence = timers.after(SILENCE_MS, () => give(assembler.flush()));
    },
    closed(error) {
      silence.cancel();
      listener.closed?.(error);
    },
  });
}
