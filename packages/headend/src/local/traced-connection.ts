import { joinedOctets } from "@amity/bytes";
import type { Clock, Connection } from "@amity/runtime";
import type { FrameTrace, TracedProtocol } from "../session-trace.ts";

/** An answer that is longer is told in pieces. */
const PIECE_OCTETS_MAX = 64 * 1024;

/** What is told of a connection. */
export interface TraceOptions {
  readonly protocol: TracedProtocol;
  readonly clock: Clock;
  readonly trace: (frame: FrameTrace) => void;
  /**
   * Cuts what arrives into whole messages, as far as they are there. Absent where both sides take turns: everything that arrives until
   * the next request is one answer.
   */
  readonly cut?: (chunk: Uint8Array) => readonly Uint8Array[];
  /** A password that the protocol sends in the clear: of messages that hold it only is told that they passed. */
  readonly secret?: Uint8Array | undefined;
}

/** A connection that tells what passes over it. Nothing else about it changes. */
export function tracedConnection(connection: Connection, options: TraceOptions): Connection {
  const { protocol, clock, trace, cut, secret } = options;
  const answer: Uint8Array[] = [];
  let octets = 0;
  let beganMs = 0;
  const tell = (direction: FrameTrace["direction"], atMs: number, wire: Uint8Array): void =>
    trace(holds(wire, secret) ? { atMs, direction, wire: NOTHING, protocol, isSecret: true } : { atMs, direction, wire, protocol });
  const endAnswer = (): void => {
    if (octets > 0) tell("received", beganMs, joinedOctets(...answer));
    answer.length = 0;
    octets = 0;
  };
  const hear = (chunk: Uint8Array): void => {
    const nowMs = clock.nowMs();
    if (cut !== undefined) {
      for (const message of cut(chunk)) tell("received", nowMs, message);
      return;
    }
    if (octets === 0) beganMs = nowMs;
    answer.push(chunk);
    octets += chunk.length;
    if (octets > PIECE_OCTETS_MAX) endAnswer();
  };
  return {
    remote: connection.remote,
    get backlog() {
      return connection.backlog;
    },
    drained: () => connection.drained(),
    bind(handlers) {
      connection.bind({
        data(chunk) {
          hear(chunk);
          handlers.data(chunk);
        },
        closed(error) {
          endAnswer();
          handlers.closed(error);
        },
      });
    },
    send(data) {
      endAnswer();
      tell("sent", clock.nowMs(), data);
      connection.send(data);
    },
    close() {
      endAnswer();
      connection.close();
    },
    abort(reason) {
      endAnswer();
      connection.abort(reason);
    },
  };
}

/** Cuts at the line that ends a readout: `!`, and whatever stands behind it (IEC 62056-21, 6.3.1). */
export function cutReadouts(): (chunk: Uint8Array) => readonly Uint8Array[] {
  let rest: Uint8Array = new Uint8Array(0);
  return (chunk) => {
    const messages: Uint8Array[] = [];
    rest = joinedOctets(rest, chunk);
    for (let end = endOfReadout(rest); end >= 0; end = endOfReadout(rest)) {
      messages.push(rest.slice(0, end));
      rest = rest.slice(end);
    }
    if (rest.length > PIECE_OCTETS_MAX) rest = new Uint8Array(0);
    return messages;
  };
}

const END_MARK = 0x21;
const LINE_FEED = 0x0a;

/** Behind the line feed after the end mark; -1 where it has not come. The eighth bit may be parity. */
function endOfReadout(octets: Uint8Array): number {
  const mark = octets.findIndex((octet) => (octet & 0x7f) === END_MARK);
  if (mark < 0) return -1;
  const feed = octets.findIndex((octet, place) => place > mark && (octet & 0x7f) === LINE_FEED);
  return feed < 0 ? -1 : feed + 1;
}

const NOTHING: Uint8Array = new Uint8Array(0);

function holds(octets: Uint8Array, secret: Uint8Array | undefined): boolean {
  if (secret === undefined || secret.length === 0) return false;
  for (let at = 0; at + secret.length <= octets.length; at++) if (secret.every((octet, place) => octets[at + place] === octet)) return true;
  return false;
}
