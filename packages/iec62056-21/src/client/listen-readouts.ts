import { RubbishLimit, type DecodeError, type LinkError } from "@amity/bytes";
import type { Connection, Timers } from "@amity/runtime";
import { withoutParity } from "../line/characters.ts";
import { LineAssembler } from "../line/line-assembler.ts";
import { parseDataSets, type DataBlock } from "../message/data-set.ts";
import type { Identification } from "../message/identification.ts";

export interface ReadoutListener {
  readout(block: DataBlock, identification: Identification | undefined): void;
  damaged?(error: DecodeError): void;
  closed?(error: LinkError | undefined): void;
}

/** Silence that ends an unfinished message (ms): inter-character time of the standard. */
const SILENCE_MS = 1500;

/** Listens to a meter that sends of itself (mode D), or to another's session. Who sends only rubbish is hung up on. */
export function listenReadouts(connection: Connection, timers: Timers, listener: ReadoutListener): void {
  const assembler = new LineAssembler();
  const rubbish = new RubbishLimit();
  let identification: Identification | undefined;
  let silence = timers.after(0, () => {});
  const give = (parts: ReturnType<LineAssembler["push"]>): void => {
    for (const part of parts) {
      if (part.kind === "identification") identification = part.identification;
      if (part.kind === "damaged") listener.damaged?.(part.error);
      if (part.kind === "data") listener.readout(parseDataSets(part.text, part.textOffset), identification);
    }
  };
  connection.bind({
    data(chunk) {
      silence.cancel();
      const parts = assembler.push(withoutParity(chunk));
      give(parts);
      const isSound = parts.some(({ kind }) => kind === "identification" || kind === "data");
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
