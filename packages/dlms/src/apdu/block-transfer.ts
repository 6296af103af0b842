import { PeerError, decodeAll } from "@amity/bytes";
import { GENERAL_BLOCK_TRANSFER_TAG, generalBlockTransfer } from "./ciphered.ts";
import { encodeApdu } from "./exchange.ts";

const LAST_BLOCK = 0x80;
const STREAMING = 0x40;
const WINDOW_MASK = 0x3f;
/** Tag, control, two numbers, length (four at most). */
const HEADER_OCTETS = 10;
const BLOCKS_MAX = 0xffff;
/** Tag, control, two numbers, one octet of length. */
const FIRST_DATA_OCTET = 7;

/** Bounds of one end of general block transfer. */
export interface BlockTransferOptions {
  /** Largest APDU that the peer takes (octets): a block with its header is no larger. */
  readonly sendOctetsMax: number;
  /** Blocks that we take before we confirm, 1 to 63. */
  readonly window: number;
  /** Largest message put together (octets). */
  readonly messageOctetsMax: number;
  /** A push: we send nothing, and what stands in the place of a confirmation means nothing (Gurux writes FFFF in some blocks). */
  readonly isOneWay?: boolean;
}

/** What one GBT APDU led to: APDUs to send, and the message when it is whole. */
export interface BlockTransferStep {
  readonly send: readonly Uint8Array[];
  readonly message?: Uint8Array;
}

/**
 * One end of general block transfer (Green Book 9.3.9, 9.4.6.13): cuts what is too long, streams within the peer's
 * window, puts together what arrives, has lost blocks sent again. Pure: no timers; `resend` is what a time-out calls. One object
 * serves one request and its answer.
 */
export class BlockTransfer {
  readonly #options: BlockTransferOptions;
  /** What we send, in blocks; blocks up to `#acknowledged` have arrived. */
  #blocks: Uint8Array[] = [];
  #acknowledged = 0;
  /** Numbers that our APDUs without data take, after the blocks. */
  #empties = 0;
  #peerWindow = 1;
  #received: Uint8Array[] = [];
  #receivedOctets = 0;
  /** Blocks that came since we sent anything. */
  #unconfirmed = 0;
  /** Blocks of the peer that made a whole message: the blocks of our answer confirm them. */
  #confirmed = 0;
  #lastEmitted: readonly Uint8Array[] = [];

  constructor(options: BlockTransferOptions) {
    this.#options = options;
  }

  /** Whether octets of ours still wait for their confirmation. */
  get isSending(): boolean {
    return this.#acknowledged < this.#blocks.length;
  }

  /** A block with data and number 1 after our answer was begun: the peer starts its next message, in a new transfer. */
  startsAnew(apdu: Uint8Array): boolean {
    return this.#blocks.length > 0 && apdu.length > FIRST_DATA_OCTET && apdu[2] === 0 && apdu[3] === 1 && apdu[6] !== 0;
  }

  /** Starts a message of ours; the answer to it comes through `receive`. @throws PeerError where it needs too many blocks. */
  send(message: Uint8Array): readonly Uint8Array[] {
    const room = this.#options.sendOctetsMax - HEADER_OCTETS;
    if (room < 1 || message.length > room * BLOCKS_MAX)
      throw new PeerError("the message does not fit general block transfer", { code: "pdu-size" });
    this.#blocks = [];
    for (let at = 0; at < message.length; at += room) this.#blocks.push(message.subarray(at, at + room));
    this.#acknowledged = 0;
    this.#empties = 0;
    return this.#emitWindow();
  }

  /** Takes one APDU of the peer (tag E0 included). @throws DecodeError; PeerError `too-long`, `block-number`. */
  receive(apdu: Uint8Array): BlockTransferStep {
    const { blockControl, blockNumber, blockNumberAck, blockData } = decodeAll(
      generalBlockTransfer,
      apdu.subarray(1),
      "general-block-transfer",
    );
    this.#peerWindow = Math.max(1, blockControl & WINDOW_MASK);
    if (this.#options.isOneWay !== true && blockNumberAck > this.#blocks.length + this.#empties) {
      throw new PeerError(`block ${blockNumberAck} was confirmed, which was never sent`, { code: "block-number" });
    }
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(blockNumberAck, this.#blocks.length));
    if (blockData.length > 0) this.#take(blockNumber, blockData);
    const isLast = (blockControl & LAST_BLOCK) !== 0;
    if (isLast && blockData.length > 0 && blockNumber === this.#received.length) return { send: [], message: this.#finish() };
    // Within a window nobody answers: the block that ends it asks for the confirmation. Where it does not (Gurux), our own window ends.
    if (blockData.length > 0) this.#unconfirmed++;
    if ((blockControl & STREAMING) !== 0 && this.#unconfirmed < this.#options.window) return { send: [] };
    return { send: this.isSending ? this.#emitWindow() : isLast && blockData.length === 0 ? [] : this.#emit([this.#empty()]) };
  }

  /** Sends again what the peer has not confirmed, or our last confirmation. */
  resend(): readonly Uint8Array[] {
    if (this.isSending) return this.#emitWindow();
    return this.#received.length > 0 ? this.#emit([this.#empty()]) : this.#lastEmitted;
  }

  #take(blockNumber: number, blockData: Uint8Array): void {
    // A gap or a repetition: our next confirmation says from where to go on.
    if (blockNumber !== this.#received.length + 1) return;
    this.#receivedOctets += blockData.length;
    if (this.#receivedOctets > this.#options.messageOctetsMax) {
      throw new PeerError(`more than ${this.#options.messageOctetsMax} octets in blocks`, { code: "too-long" });
    }
    this.#received.push(blockData.slice());
  }

  #finish(): Uint8Array {
    const message = new Uint8Array(this.#receivedOctets);
    let at = 0;
    for (const block of this.#received) {
      message.set(block, at);
      at += block.length;
    }
    this.#confirmed = this.#received.length;
    this.#received = [];
    this.#receivedOctets = 0;
    // Whoever answers has taken the whole request.
    this.#blocks = [];
    this.#acknowledged = 0;
    return message;
  }

  #emitWindow(): readonly Uint8Array[] {
    const first = this.#acknowledged;
    const end = Math.min(this.#blocks.length, first + this.#peerWindow);
    const apdus: Uint8Array[] = [];
    for (let index = first; index < end; index++) {
      const isLast = index === this.#blocks.length - 1;
      const streams = index < end - 1 ? STREAMING : 0;
      apdus.push(this.#encode((isLast ? LAST_BLOCK : 0) | streams, index + 1, this.#blocks[index] ?? new Uint8Array(0)));
    }
    return this.#emit(apdus);
  }

  #empty(): Uint8Array {
    this.#empties++;
    return this.#encode(LAST_BLOCK, this.#blocks.length + this.#empties, new Uint8Array(0));
  }

  #encode(control: number, blockNumber: number, blockData: Uint8Array): Uint8Array {
    const blockNumberAck = this.#received.length > 0 ? this.#received.length : this.#confirmed;
    const value = { blockControl: control | this.#options.window, blockNumber: blockNumber & 0xffff, blockNumberAck, blockData };
    return encodeApdu(GENERAL_BLOCK_TRANSFER_TAG, generalBlockTransfer, value);
  }

  #emit(apdus: readonly Uint8Array[]): readonly Uint8Array[] {
    this.#lastEmitted = apdus;
    this.#unconfirmed = 0;
    return apdus;
  }
}
