import { toHex } from "@amity/bytes";
import { WrapperReader, type PduLink, type PduLinkHandlers } from "../src/index.ts";
import { decodeFrame, FLAG } from "../src/hdlc/frame.ts";
import { withoutLlc } from "../src/hdlc/llc.ts";
import type { Exchange } from "./vectors.ts";

/** One APDU of a capture. */
export interface Step {
  readonly direction: "C>S" | "S>C";
  readonly apdu: Uint8Array;
  readonly clientSap: number;
  readonly serverSap: number;
}

/** The associations of a capture, over the wrapper or over HDLC: each from its AARQ to what ends it. */
export function associationsOf(frames: Exchange["frames"]): Step[][] {
  const groups: Step[][] = [];
  for (const step of frames.some(({ octets }) => octets[0] === FLAG) ? hdlcSteps(frames) : wrapperSteps(frames)) {
    if (step.apdu[0] === 0x60) groups.push([]);
    groups.at(-1)?.push(step);
  }
  return groups;
}

function wrapperSteps(frames: Exchange["frames"]): Step[] {
  const readers = { "C>S": new WrapperReader(), "S>C": new WrapperReader() };
  return frames.flatMap(({ direction, octets }) =>
    readers[direction].push(octets).map(({ apdu: body, source, destination }) => ({
      direction,
      apdu: body,
      clientSap: direction === "C>S" ? source : destination,
      serverSap: direction === "C>S" ? destination : source,
    })),
  );
}

/** The APDUs in the I frames, put together from their segments. */
function hdlcSteps(frames: Exchange["frames"]): Step[] {
  const pieces: Record<Step["direction"], Uint8Array[]> = { "C>S": [], "S>C": [] };
  // Mode E begins with lines of text.
  const framed = frames.filter(({ octets }) => octets[0] === FLAG);
  return framed.flatMap(({ direction, octets }) => {
    const { control, information, segmented, source, destination } = decodeFrame(octets);
    if (control.kind !== "i") return [];
    pieces[direction].push(information);
    if (segmented) return [];
    const message = Uint8Array.from(Buffer.concat(pieces[direction]));
    pieces[direction] = [];
    const [client, server] = direction === "C>S" ? [source, destination] : [destination, source];
    return [{ direction, apdu: withoutLlc(message), clientSap: client.upper, serverSap: server.upper }];
  });
}

/** Says what the capture's server said, each time the client has spoken, and keeps what it heard. */
export class ReplayLink implements PduLink {
  readonly backlog = 0;
  readonly sent: string[] = [];
  readonly #steps: readonly Step[];
  #handlers: PduLinkHandlers | undefined;
  #at = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  bind(handlers: PduLinkHandlers): void {
    this.#handlers = handlers;
  }

  send(octets: Uint8Array): void {
    this.sent.push(toHex(octets));
    this.#at++;
    while (this.#steps[this.#at]?.direction === "S>C") {
      const { apdu: answer, clientSap, serverSap } = this.#steps[this.#at++] as Step;
      queueMicrotask(() => this.#handlers?.apdu(answer, { clientSap, serverSap }));
    }
  }

  close(): void {}
  abort(): void {}
  drained(): Promise<void> {
    return Promise.resolve();
  }
}
