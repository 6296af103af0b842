import { DecodeError, RubbishLimit, type LinkError } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import { decodeSml, type SmlFile } from "../message/file.ts";
import { TransportAssembler } from "../transport/transport-assembler.ts";

export interface SmlListener {
  /** A whole file; what is wrong inside is in its `problems`. */
  file(file: SmlFile, octets: Uint8Array): void;
  /** Octets that were no frame. */
  damaged?(error: DecodeError, octets: Uint8Array): void;
  closed?(error: LinkError | undefined): void;
}

/** A meter pushes every 1 to 4 seconds, its octets come without pause: this silence ends a frame (ms). */
const SILENCE_MS = 500;

/** Listens to a meter that pushes (eHZ, EDL21, mME at the info port). Who sends only rubbish is hung up on. */
export function listenSml(connection: Connection, timers: Timers, listener: SmlListener): void {
  const assembler = new TransportAssembler();
  const rubbish = new RubbishLimit();
  let isSound = false;
  let silence = timers.after(0, () => {});
  const give = (parts: ReturnType<TransportAssembler["push"]>): void => {
    for (const part of parts) {
      try {
        if (part.kind !== "frame") listener.damaged?.(part.error, part.octets);
        else {
          const file = decodeSml(part.octets);
          isSound ||= file.messages.length > 0;
          listener.file(file, part.octets);
        }
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        listener.damaged?.(error, part.octets);
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
      give(assembler.flush());
      listener.closed?.(error);
    },
  });
}
