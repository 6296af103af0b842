import { DecodeError, RubbishLimit } from "@amity/bytes";
import type { Connection, Timer, Timers } from "@amity/runtime";
import { TransportAssembler } from "../transport/transport-assembler.ts";
import { answerSml, encodePush, type SmlDevice } from "./sml-device.ts";

export interface ServeSmlOptions {
  readonly timers: Timers;
  /** Pushes the default list this often (ms), as an eHZ does (1,000 to 4,000). Absent: only answers. */
  readonly pushEveryMs?: number;
  /** Octets without a request that can be read, in a row, after which the connection is ended. Default 64 KiB; Infinity on a line that others disturb. */
  readonly rubbishOctetsMax?: number;
}

/** A peer that does not take what is pushed gets nothing more (octets). */
const BACKLOG_MAX = 64 * 1024;
/** Requests are short: nobody makes a meter hold more (octets). */
const REQUEST_OCTETS_MAX = 16 * 1024;

/** The meter's side of a connection: answers requests, and pushes where told to, until the connection ends. */
export function serveSml(connection: Connection, device: SmlDevice, options: ServeSmlOptions): void {
  const { timers, pushEveryMs } = options;
  const assembler = new TransportAssembler({ frameOctetsMax: REQUEST_OCTETS_MAX });
  const rubbish = new RubbishLimit(options.rubbishOctetsMax);
  let sequence = 0;
  let timer: Timer | undefined;
  const push = (): void => {
    const frame = encodePush(device, sequence++);
    if (frame !== undefined && connection.backlog < BACKLOG_MAX) connection.send(frame);
    if (pushEveryMs !== undefined) timer = timers.after(pushEveryMs, push);
  };
  if (pushEveryMs !== undefined) timer = timers.after(0, push);
  connection.bind({
    data(chunk) {
      let isSound = false;
      for (const part of assembler.push(chunk)) {
        if (part.kind !== "frame") continue;
        const answer = answered(device, part.octets);
        isSound ||= answer !== undefined;
        if (answer !== undefined) connection.send(answer);
      }
      const reason = rubbish.take(chunk.length, isSound, assembler.pending);
      if (reason !== undefined) connection.abort(reason);
    },
    closed() {
      timer?.cancel();
    },
  });
}

/** A frame that cannot be read gets silence: its sender repeats it. */
function answered(device: SmlDevice, frame: Uint8Array): Uint8Array | undefined {
  try {
    return answerSml(device, frame);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
