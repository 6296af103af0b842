import { AmityError, LinkError, PeerError, sameOctets, SecurityError } from "@amity/bytes";
import type { Timers } from "@amity/runtime";
import { BlockTransfer, type BlockTransferOptions } from "../apdu/block-transfer.ts";
import { GENERAL_BLOCK_TRANSFER_TAG } from "../apdu/ciphered.ts";
import { DeadlineTimer } from "../link/deadline-timer.ts";
import type { PduLink, SapPair } from "../link/pdu-link.ts";
import type { ProtectionForm, SecureChannel } from "../security/secure-channel.ts";
import type { ApduTrace } from "../trace.ts";
import type { Notification } from "./dlms-client.ts";
import { confirmationOf, isNotification, readNotification } from "./notifications.ts";

/** What the transport of one association is made of. */
export interface TransportOptions {
  readonly saps: SapPair;
  readonly timers: Timers;
  readonly timeoutMs: number;
  readonly channel: SecureChannel | undefined;
  readonly trace: ApduTrace | undefined;
  /** Every request has the same invoke id: answers are not told apart by it. */
  readonly hasFixedInvokeId: boolean;
}

interface Pending {
  resolve(plain: Uint8Array): void;
  reject(error: Error): void;
  /** In the clear. */
  readonly request: Uint8Array;
}

const RESENDS_MAX = 3;
const LAST_ANSWERS_MAX = 8;

/** APDUs that are never ciphered as a whole, or that report that ciphering failed. */
const CLEAR_TAGS: ReadonlySet<number> = new Set([0x60, 0x61, 0x62, 0x63, 0x64]);
const ERROR_TAGS: ReadonlySet<number> = new Set([0xd8, 0x0e]);

/**
 * Sends plain APDUs and waits for their answers: protection, time-out, trace and notifications are here. Where several requests
 * are under way, their invoke ids tell the answers apart.
 */
export class ClientTransport {
  /** How requests are protected; `undefined`: not at all. */
  form: ProtectionForm | undefined;
  /** Set where general block transfer was agreed. */
  blockTransfer: BlockTransferOptions | undefined;
  onNotification: ((notification: Notification) => void) | undefined;
  readonly #link: PduLink;
  readonly #options: TransportOptions;
  /** In the order in which they were sent. */
  readonly #pending: Pending[] = [];
  readonly #lastAnswers: Uint8Array[] = [];
  /** Counts from the last sign of life of the peer or, where none was awaited, from our request. */
  readonly #deadline: DeadlineTimer;
  #resendsLeft = RESENDS_MAX;
  #transfer: BlockTransfer | undefined;
  /** Made when somebody is told: most associations end with nobody waiting, and an error gathers a stack. */
  #ended: (() => Error) | undefined;

  constructor(link: PduLink, options: TransportOptions) {
    this.#link = link;
    this.#options = options;
    this.#deadline = new DeadlineTimer(options.timers, () => this.#timedOut());
    link.bind({
      apdu: (apdu, saps) => this.#received(apdu, saps),
      released: () => this.#end(() => new LinkError("the meter closed the data link", { code: "disconnected" })),
      closed: (error) => this.#end(() => error ?? new LinkError("the meter closed the connection", { code: "closed" })),
    });
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** @throws LinkError `timeout` (the link is then aborted: a late answer must not meet the next request). */
  exchange(plain: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended());
        return;
      }
      const apdu = this.#protect(plain);
      this.#transfer = undefined;
      if (this.#pending.push({ resolve, reject, request: plain }) === 1) this.#restartTimer();
      this.#trace("sent", plain, apdu);
      const agreed = this.blockTransfer;
      if (agreed === undefined || apdu.length <= agreed.sendOctetsMax) this.#link.send(apdu, this.#options.saps);
      else this.#sendAll((this.#transfer = new BlockTransfer(agreed)).send(apdu));
    });
  }

  #restartTimer(): void {
    const { timers, timeoutMs } = this.#options;
    this.#resendsLeft = RESENDS_MAX;
    this.#deadline.set(timers.elapsedMs() + timeoutMs);
  }

  /** Blocks may be lost on a link that loses APDUs: they are asked for again. Anything else has no second try. */
  #timedOut(): void {
    const { timers, timeoutMs } = this.#options;
    if (this.#transfer !== undefined && this.#resendsLeft > 0) {
      this.#resendsLeft--;
      this.#deadline.set(timers.elapsedMs() + timeoutMs);
      this.#sendAll(this.#transfer.resend());
      return;
    }
    this.fail(new LinkError(`no answer in ${timeoutMs} ms`, { code: "timeout", advice: "check the addresses (SAPs) and the route" }));
  }

  #sendAll(apdus: readonly Uint8Array[]): void {
    for (const apdu of apdus) this.#link.send(apdu, this.#options.saps);
  }

  /** Ends with an error: whoever waits gets it, and every later call. */
  fail(error: Error): void {
    this.#end(() => error);
    this.#link.abort();
  }

  close(): void {
    this.#end(() => new LinkError("the association was released", { code: "closed" }));
    this.#link.close();
  }

  abort(): void {
    this.fail(new LinkError("the association was given up", { code: "aborted" }));
  }

  #protect(plain: Uint8Array): Uint8Array {
    const { channel } = this.#options;
    return channel === undefined || this.form === undefined || CLEAR_TAGS.has(plain[0] ?? 0) ? plain : channel.protect(plain, this.form);
  }

  #received(apdu: Uint8Array, saps: SapPair): void {
    const own = this.#options.saps;
    if (saps.clientSap !== own.clientSap || saps.serverSap !== own.serverSap) return;
    try {
      const whole = apdu[0] === GENERAL_BLOCK_TRANSFER_TAG ? this.#putTogether(apdu) : apdu;
      if (whole === undefined) return;
      const plain = this.#unprotect(whole);
      this.#trace("received", plain, whole);
      if (isNotification(plain)) {
        this.#notified(readNotification(plain));
        return;
      }
      if (!this.#cameBefore(plain)) this.#takePending(plain)?.resolve(plain);
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
      if (this.#link.isUnreliable !== true) this.fail(error);
    }
  }

  /** Confirms once the listener has it; what throws in there is not confirmed. */
  #notified(notification: Notification): void {
    this.onNotification?.(notification);
    const confirmation = confirmationOf(notification);
    if (confirmation !== undefined) this.#link.send(this.#protect(confirmation), this.#options.saps);
  }

  /** On a link that may deliver twice: whether this very answer came before. Fresh answers differ by invoke id or block number. */
  #cameBefore(plain: Uint8Array): boolean {
    if (this.#link.isUnreliable !== true || this.#options.hasFixedInvokeId || !isNumbered(plain)) return false;
    if (this.#lastAnswers.some((one) => sameOctets(one, plain))) return true;
    this.#lastAnswers.push(plain);
    if (this.#lastAnswers.length > LAST_ANSWERS_MAX) this.#lastAnswers.shift();
    return false;
  }

  /** The request that an answer belongs to; the only one where the link loses nothing, so that a wrong answer is told as such. */
  #takePending(plain: Uint8Array): Pending | undefined {
    const pending = this.#pending;
    const isCertain = pending.length === 1 && this.#link.isUnreliable !== true;
    // Some servers answer twice: the trace shows it, the invoke id keeps it from passing for another answer.
    const at = isCertain ? 0 : pending.findIndex(({ request }) => answers(request, plain));
    if (at < 0) return undefined;
    const [found] = pending.splice(at, 1);
    if (pending.length > 0) this.#restartTimer();
    else this.#deadline.set(undefined);
    return found;
  }

  #putTogether(apdu: Uint8Array): Uint8Array | undefined {
    const agreed = this.blockTransfer;
    if (agreed === undefined) throw new PeerError("general block transfer was not agreed", { code: "not-negotiated" });
    this.#transfer ??= new BlockTransfer(agreed);
    const step = this.#transfer.receive(apdu);
    this.#sendAll(step.send);
    if (this.#pending.length > 0) this.#restartTimer();
    if (step.message !== undefined) this.#transfer = undefined;
    return step.message;
  }

  #unprotect(apdu: Uint8Array): Uint8Array {
    const { channel } = this.#options;
    const tag = apdu[0] ?? 0;
    if (channel === undefined || CLEAR_TAGS.has(tag)) return apdu;
    const { plain, form } = channel.unprotect(apdu);
    if (form === undefined) {
      if (this.form !== undefined && !ERROR_TAGS.has(tag))
        throw new SecurityError("the server answered in the clear", { code: "downgrade" });
      return plain;
    }
    if (this.form !== undefined && !covers(form, this.form)) {
      throw new SecurityError(`the server answered ${form.protection} to ${this.form.protection}`, { code: "downgrade" });
    }
    return plain;
  }

  #trace(direction: "sent" | "received", plain: Uint8Array, apdu: Uint8Array): void {
    const { trace, timers, saps } = this.#options;
    trace?.({ direction, elapsedMs: timers.elapsedMs(), saps, plain, ...(apdu === plain ? {} : { ciphered: apdu }) });
  }

  #end(error: () => Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#deadline.stop();
    for (const pending of this.#pending.splice(0)) pending.reject(error());
  }
}

/** At least the protections asked for. */
export function covers(found: ProtectionForm, wanted: ProtectionForm): boolean {
  if (wanted.signed === true && found.signed !== true) return false;
  return found.protection === wanted.protection || found.protection === "authenticated-encrypted";
}

const AARQ = 0x60;
const RLRQ = 0x62;
const ACCESS_RESPONSE = 0xda;
/** GET, SET and ACTION requests, C0 to C3, and their answers carry the invoke id in the third octet. */
const SERVICE_REQUEST_MASK = 0xfc;
const SERVICE_REQUEST = 0xc0;

/** Whether an answer can be that to a request, or is one that came late or twice. */
function answers(request: Uint8Array, answer: Uint8Array): boolean {
  const tag = request[0] ?? 0;
  if (ERROR_TAGS.has(answer[0] ?? 0)) return true;
  if (tag === AARQ || tag === RLRQ) return answer[0] === tag + 1;
  if ((tag & SERVICE_REQUEST_MASK) !== SERVICE_REQUEST) return !CLEAR_TAGS.has(answer[0] ?? 0);
  return answer[0] === tag + 4 && ((answer[2] ?? 0) & 0x0f) === ((request[2] ?? 0) & 0x0f);
}

/** GET, SET, ACTION and ACCESS: their answers carry the invoke id. */
function isNumbered(answer: Uint8Array): boolean {
  const tag = answer[0] ?? 0;
  return tag === ACCESS_RESPONSE || (tag & 0xf8) === SERVICE_REQUEST;
}
