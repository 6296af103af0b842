import type { HdlcAddress } from "./address.ts";
import { HdlcDeframer } from "./deframer.ts";
import type { HdlcFrame } from "./frame.ts";
import { LLC_RESPONSE, withLlc, withoutLlc } from "./llc.ts";
import { accept, EMPTY_TRANSFER, enqueue, type Transfer } from "./transfer.ts";

/** Senders whose half-finished messages one receiver remembers. */
const SENDERS_MAX = 16;

/** A message that came in UI frames. */
export interface UnnumberedMessage {
  readonly source: HdlcAddress;
  readonly destination: HdlcAddress;
  /** Without its LLC header. */
  readonly apdu: Uint8Array;
}

/**
 * Puts messages together from UI frames, which meters use to push (IEC 62056-46 6.4.3.9): nobody acknowledges them, so
 * a lost segment spoils its message; the next one begins with its LLC header and is whole again.
 */
export class UnnumberedAssembler {
  readonly #partial = new Map<string, Transfer>();
  readonly #messageOctetsMax: number;

  constructor(messageOctetsMax = 65_538) {
    this.#messageOctetsMax = messageOctetsMax;
  }

  /** The message that this frame completes, if it does. What has no LLC header, or grows too long, is dropped. */
  take(frame: HdlcFrame): UnnumberedMessage | undefined {
    const { source, destination, information } = frame;
    const key = `${source.upper}/${source.lower}/${destination.upper}/${destination.lower}`;
    const begun = isFirstSegment(information) ? EMPTY_TRANSFER : this.#partial.get(key);
    this.#partial.delete(key);
    if (begun === undefined) return isBareBlock(frame) ? { source, destination, apdu: information.slice() } : undefined;
    const segment = { information, isSegmented: frame.segmented };
    const accepted = accept(begun, begun.receiveNext, segment, this.#messageOctetsMax);
    if (accepted.kind === "message") return { source, destination, apdu: withoutLlc(accepted.message) };
    if (accepted.kind !== "taken") return undefined;
    this.#partial.set(key, accepted.transfer);
    const [oldest] = this.#partial.keys();
    if (this.#partial.size > SENDERS_MAX && oldest !== undefined) this.#partial.delete(oldest);
    return undefined;
  }
}

/**
 * Listens to a push port: octets as they come in, whole messages out. Takes UI frames, and the I frames that some
 * meters (Kaifa) push without ever having been connected.
 */
export class HdlcPushReceiver {
  readonly #deframer = new HdlcDeframer();
  readonly #assembler: UnnumberedAssembler;

  constructor(messageOctetsMax?: number) {
    this.#assembler = new UnnumberedAssembler(messageOctetsMax);
  }

  push(chunk: Uint8Array): UnnumberedMessage[] {
    const messages: UnnumberedMessage[] = [];
    for (const item of this.#deframer.push(chunk)) {
      if (item.kind !== "frame" || (item.frame.control.kind !== "ui" && item.frame.control.kind !== "i")) continue;
      const message = this.#assembler.take(item.frame);
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  /** Whether part of a frame is held: see `expire`. */
  get isInFrame(): boolean {
    return this.#deframer.isInFrame;
  }

  /** The line fell silent inside a frame. */
  expire(): void {
    this.#deframer.expire();
  }
}

/** The UI frames that carry one APDU as a push, cut to `octets` of information each. */
export function unnumberedFrames(apdu: Uint8Array, to: { source: HdlcAddress; destination: HdlcAddress }, octets: number): HdlcFrame[] {
  const { outgoing } = enqueue(EMPTY_TRANSFER, withLlc(LLC_RESPONSE, apdu), octets);
  const control = { kind: "ui", pollFinal: false } as const;
  return outgoing.map(({ information, isSegmented }) => ({ ...to, control, segmented: isSegmented, information }));
}

/** Landis+Gyr meters send the blocks of a general block transfer after the first without their LLC header. */
function isBareBlock({ information, segmented }: HdlcFrame): boolean {
  return !segmented && information[0] === 0xe0 && information.length > 7;
}

function isFirstSegment(information: Uint8Array): boolean {
  return information[0] === 0xe6 && (information[1] === 0xe6 || information[1] === 0xe7) && information[2] === 0;
}
