import type { ExplainedField } from "../explained-field.ts";
import { readCapture } from "./capture-file.ts";
import { TcpStream } from "./tcp-stream.ts";
import { readTransport, type TransportPacket, type Unread } from "./transport-packet.ts";

/** Conversations that are told apart; packets of more are counted. */
const FLOWS_MAX = 10_000;
/** Datagrams of one direction that are explained; more are counted. */
const DATAGRAMS_MAX = 10_000;

/** Explains octets that went one way without a gap; `undefined` where they are of no protocol that is known. */
export type ExplainPayload = (octets: Uint8Array) => ExplainedField | undefined;

interface Flow {
  readonly name: string;
  /** Where in the file its first octets stand. */
  readonly offset: number;
  octets: number;
  readonly stream: TcpStream;
  readonly datagrams: { readonly octets: Uint8Array; readonly offset: number }[];
  datagramsBeyond: number;
}

/**
 * Explains a capture of a network: each direction of each conversation over TCP or UDP by itself, in the order in which they begin. TCP is
 * put together; what is missing in it is told where it is missing, and behind a gap the protocol begins anew.
 */
export function explainCapture(octets: Uint8Array, explainPayload: ExplainPayload): ExplainedField {
  const { packets, problem } = readCapture(octets);
  const flows = new FlowTable();
  for (const packet of packets) {
    const read = readTransport(packet);
    if (typeof read === "string") flows.leaveOut(read);
    else flows.take(read, packet.offset, packet.isCut);
  }
  const children = flows.all.flatMap((flow) => explainFlow(flow, explainPayload));
  if (problem !== undefined)
    children.push({ name: "rest of the file", offset: Math.max(0, problem.offset), length: 0, error: problem.message });
  const value = `${packets.length} packets, ${children.length} directions that say something`;
  return { name: "capture", offset: 0, length: octets.length, value, ...flows.detail, children };
}

class FlowTable {
  /** The flow that a name stands for now: a port may be used for one connection after another. */
  readonly #now = new Map<string, Flow>();
  readonly all: Flow[] = [];
  readonly #leftOut = new Map<string, number>();

  get detail(): { readonly detail?: string } {
    if (this.#leftOut.size === 0) return {};
    return { detail: `left out: ${[...this.#leftOut].map(([why, count]) => `${count} ${why}`).join(", ")}` };
  }

  leaveOut(why: Unread | "of too many conversations" | "cut short when captured"): void {
    this.#leftOut.set(why, (this.#leftOut.get(why) ?? 0) + 1);
  }

  take(packet: TransportPacket, packetOffset: number, isCut: boolean): void {
    const name = `${packet.transport} ${packet.from} > ${packet.to}`;
    const offset = packetOffset + packet.payloadAt;
    if (packet.isOpening && this.#now.get(name)?.stream.isOpenedBy(packet.sequence) !== true) {
      this.#begin(name, offset)?.stream.open(packet.sequence);
    }
    if (packet.payload.length === 0) return;
    // Of a datagram that was not kept whole nothing can be said; in a stream it is a gap.
    if (isCut) return this.leaveOut("cut short when captured");
    const flow = this.#now.get(name) ?? this.#begin(name, offset);
    if (flow === undefined) return this.leaveOut("of too many conversations");
    this.#keep(flow, packet, offset);
  }

  #keep(flow: Flow, { transport, payload, sequence, isOpening }: TransportPacket, offset: number): void {
    flow.octets += payload.length;
    if (transport === "udp" && flow.datagrams.length >= DATAGRAMS_MAX) flow.datagramsBeyond++;
    else if (transport === "udp") flow.datagrams.push({ octets: payload, offset });
    else if (!flow.stream.take(isOpening ? sequence + 1 : sequence, payload)) {
      this.#begin(flow.name, offset)?.stream.take(sequence, payload);
    }
  }

  #begin(name: string, offset: number): Flow | undefined {
    if (this.all.length >= FLOWS_MAX) return undefined;
    const flow: Flow = { name, offset, octets: 0, stream: new TcpStream(), datagrams: [], datagramsBeyond: 0 };
    this.#now.set(name, flow);
    this.all.push(flow);
    return flow;
  }
}

function explainFlow(flow: Flow, explainPayload: ExplainPayload): ExplainedField[] {
  const { name, offset, octets: length } = flow;
  if (length === 0) return [];
  const children = flow.datagrams.map((datagram): ExplainedField => ({
    ...explained(datagram.octets, explainPayload),
    offset: datagram.offset,
  }));
  for (const { octets, missingBefore } of flow.stream.runs()) {
    if (missingBefore > 0) children.push({ name: "gap", offset, length: 0, value: `${missingBefore} octets were not captured` });
    children.push(explained(octets, explainPayload));
  }
  const beyond = flow.datagramsBeyond > 0 ? `${flow.datagramsBeyond} more datagrams` : `${flow.stream.beyond} more octets`;
  if (flow.datagramsBeyond + flow.stream.beyond > 0)
    children.push({ name: "rest", offset, length: 0, value: `${beyond} are not explained` });
  return [{ name, offset, length, value: `${length} octets`, children }];
}

/** What else is on a network is no fault of the capture. */
function explained(octets: Uint8Array, explainPayload: ExplainPayload): ExplainedField {
  return explainPayload(octets) ?? { name: "octets", offset: 0, length: octets.length, value: "of no protocol that is known" };
}
