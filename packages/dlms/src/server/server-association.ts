import { ByteReader, DecodeError, SecurityError, decodeAll } from "@amity/bytes";
import { release } from "../acse/acse.ts";
import type { BlockTransferOptions } from "../apdu/block-transfer.ts";
import { LONG_INVOKE_ID } from "../apdu/access.ts";
import { dataNotificationConfirm } from "../apdu/notification.ts";
import { exceptionResponse, type ExceptionResponse } from "../apdu/exceptions.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { protectionOverhead, type ProtectionForm, type SecureChannel } from "../security/secure-channel.ts";
import { handleAccess } from "./access-service.ts";
import { ActionService } from "./action-service.ts";
import { DEFAULT_SERVER_LIMITS, type HlsChallenges, type OpenAssociation, type ServerLimits } from "./association-state.ts";
import { ACCESS, type LogicalDevice } from "./cosem-device.ts";
import { GetService } from "./get-service.ts";
import { proveEachOther, readHlsReply } from "./hls-reply.ts";
import { isOwnAssociation } from "./object-access.ts";
import { SERVER_CONFORMANCE, openAssociation, serverChannel } from "./open-association.ts";
import { whenReady, type MaybePromise } from "./maybe-promise.ts";
import { answerForm, isProtectedEnough, requestProtection, type RequestProtection } from "./protection-demand.ts";
import type { ServiceCall } from "./service-state.ts";
import { SetService } from "./set-service.ts";
import { ShortNameService } from "./short-name-service.ts";

const AARQ = 0x60;
const RLRQ = 0x62;
const RLRE = 0x63;
const ABRT = 0x64;
const READ = 0x05;
const WRITE = 0x06;
const DATA_NOTIFICATION_CONFIRM = 0x10;
const UNCONFIRMED_WRITE = 0x16;
/** Service class in the third octet of a request: confirmed. */
const CONFIRMED = 0x40;
const GET = 0xc0;
const SET = 0xc1;
const ACTION = 0xc3;
const EXCEPTION = 0xd8;
const ACCESS_REQUEST = 0xd9;
const BLOCK_WINDOW = 8;

/** What the server side of one pair of service access points is made of. */
export interface ServerAssociationOptions {
  readonly clientSap: number;
  readonly serverSap: number;
  /** Server-to-client challenges come from here. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly limits?: ServerLimits;
  /** Told which of our confirmed data-notifications has arrived, by its invoke id. */
  readonly onConfirmed?: (invokeId: number) => void;
}

/** What one APDU led to. */
export interface Served {
  /** What goes back; `undefined`: nothing. */
  readonly answer: Uint8Array | undefined;
  /** The request and the answer as the application layer saw them. */
  readonly plainRequest: Uint8Array;
  readonly plainAnswer: Uint8Array | undefined;
}

/**
 * The server side of one association: takes an APDU, gives what goes back. No input or output, no clock. Whatever the
 * octets, it answers or stays silent; it never throws for what came from outside.
 */
export class ServerAssociation {
  readonly #device: LogicalDevice;
  readonly #options: ServerAssociationOptions;
  #opened: OpenAssociation | undefined;
  #get = new GetService();
  #set = new SetService();
  #action = new ActionService();
  #shortNames = new ShortNameService();

  constructor(device: LogicalDevice, options: ServerAssociationOptions) {
    this.#device = device;
    this.#options = options;
    this.#opened = this.#preEstablished();
  }

  /** Associated, HLS included. */
  get isOpen(): boolean {
    return this.#opened !== undefined && this.#opened.hls === undefined;
  }

  get #limits(): ServerLimits {
    return this.#options.limits ?? DEFAULT_SERVER_LIMITS;
  }

  /** How general block transfer is to be done, where it was agreed. */
  get blockTransfer(): BlockTransferOptions | undefined {
    const opened = this.#opened;
    if (opened?.conformance.has("general-block-transfer") !== true) return undefined;
    return { sendOctetsMax: sendPduOctetsMax(opened), window: BLOCK_WINDOW, messageOctetsMax: this.#limits.valueOctetsMax };
  }

  /** For notifications: protects with what the association uses. */
  get channel(): SecureChannel | undefined {
    return this.#opened?.channel;
  }

  /** The data link below was released: the association goes with it. */
  close(): void {
    this.#reset(this.#preEstablished());
  }

  handle(apdu: Uint8Array): MaybePromise<Served> {
    try {
      const tag = apdu[0];
      if (tag === AARQ) return this.#associate(apdu);
      if (tag === RLRQ) return this.#release(apdu);
      if (tag === ABRT) {
        this.close();
        return served(apdu, undefined);
      }
      const result = this.#serve(apdu);
      return result instanceof Promise ? result.catch((error: unknown) => this.#failed(apdu, error)) : result;
    } catch (error) {
      return this.#failed(apdu, error);
    }
  }

  #associate(apdu: Uint8Array): Served {
    this.#reset(undefined);
    const { clientSap } = this.#options;
    const isEcdsa = this.#device.model.association(clientSap)?.mechanism === "hls-ecdsa";
    const outcome = openAssociation(this.#device, clientSap, apdu, this.#options.randomBytes(isEcdsa ? 32 : 16));
    this.#opened = outcome.opened;
    return served(apdu, outcome.aare);
  }

  #release(apdu: Uint8Array): Served {
    const opened = this.#opened;
    const { userInformation } = decodeAll(release, apdu.subarray(1), "RLRQ");
    if (opened?.channel === undefined || userInformation === undefined) {
      this.close();
      return served(apdu, encodeApdu(RLRE, release, { reason: 0 }));
    }
    // A protected release must be genuine, or anybody on the line could end the association.
    opened.channel.unprotect(userInformation);
    this.close();
    return served(apdu, encodeApdu(RLRE, release, { reason: 0 }));
  }

  #serve(apdu: Uint8Array): MaybePromise<Served> {
    const opened = this.#opened;
    if (opened === undefined) return served(apdu, exception({ stateError: "service-not-allowed", serviceError: "operation-not-possible" }));
    const { plain, form } = this.#unprotect(apdu, opened);
    if (opened.channel !== undefined && form === undefined)
      throw new SecurityError("a request in the clear in a ciphered association", { code: "downgrade" });
    // The policy of now holds for this request and its answer, even where the request changes it.
    const policy = this.#policyOf(opened, form);
    const answersWith = form === undefined ? undefined : answerForm(form, policy);
    const protection = requestProtection(form, answersWith);
    if (!isProtectedEnough(policy, protection))
      throw new SecurityError("the request is less protected than the security policy demands", { code: "downgrade" });
    const answer =
      opened.hls === undefined ? this.#dispatch(plain, opened, protection, answersWith) : this.#proveClient(plain, opened, opened.hls);
    return whenReady(answer, (plainAnswer) => this.#protected(plain, plainAnswer, answersWith, opened));
  }

  /** A policy speaks of ciphered associations; whether there is ciphering at all, the association says. The proofs of HLS need no signature. */
  #policyOf({ channel, hls }: OpenAssociation, form: ProtectionForm | undefined): number {
    if (channel === undefined || form === undefined) return 0;
    const policy = this.#device.securityPolicy?.(this.#options.clientSap) ?? 0;
    return hls === undefined ? policy : policy & ~(ACCESS.signedRequest | ACCESS.signedResponse);
  }

  #unprotect(apdu: Uint8Array, opened: OpenAssociation): { plain: Uint8Array; form: ProtectionForm | undefined } {
    if (opened.channel === undefined) return { plain: apdu, form: undefined };
    return opened.channel.unprotect(apdu);
  }

  /** The answer goes out in the family of the request; nobody answers a broadcast, or all would at once. */
  #protected(plain: Uint8Array, plainAnswer: Uint8Array | undefined, form: ProtectionForm | undefined, opened: OpenAssociation): Served {
    if (form?.broadcast === true) return { answer: undefined, plainRequest: plain, plainAnswer: undefined };
    if (plainAnswer === undefined || form === undefined || opened.channel === undefined || plainAnswer[0] === EXCEPTION) {
      return { answer: plainAnswer, plainRequest: plain, plainAnswer };
    }
    return { answer: opened.channel.protect(plainAnswer, form), plainRequest: plain, plainAnswer };
  }

  #dispatch(
    plain: Uint8Array,
    opened: OpenAssociation,
    protection: RequestProtection,
    answersWith: ProtectionForm | undefined,
  ): MaybePromise<Uint8Array | undefined> {
    const sendOctetsMax = sendPduOctetsMax(opened) - protectionOverhead(answersWith);
    const call: ServiceCall = {
      device: this.#device,
      opened,
      serverSap: this.#options.serverSap,
      protection,
      sendOctetsMax,
      answerOctetsMax: opened.conformance.has("general-block-transfer") ? this.#limits.valueOctetsMax : sendOctetsMax,
      limits: this.#limits,
    };
    const body = new ByteReader(plain, { start: 1 });
    switch (plain[0]) {
      case GET:
        return opened.conformance.has("get") ? this.#get.handle(body, call) : notSupported();
      case SET:
        return opened.conformance.has("set") ? answerIfConfirmed(plain, this.#set.handle(body, call)) : notSupported();
      case ACTION:
        return opened.conformance.has("action") ? answerIfConfirmed(plain, this.#action.handle(body, call)) : notSupported();
      case READ:
        return opened.conformance.has("read") ? this.#shortNames.read(body, call) : notSupported();
      case WRITE:
        return opened.conformance.has("write") ? this.#shortNames.write(body, call) : notSupported();
      case UNCONFIRMED_WRITE:
        return opened.conformance.has("unconfirmed-write") ? whenReady(this.#shortNames.write(body, call), () => undefined) : undefined;
      case DATA_NOTIFICATION_CONFIRM:
        this.#confirm(body);
        return undefined;
      case ACCESS_REQUEST:
        return opened.conformance.has("access") ? handleAccess(body, call) : notSupported();
      default:
        return exception({ stateError: "service-unknown", serviceError: "service-not-supported" });
    }
  }

  #confirm(body: ByteReader): void {
    const { longInvokeIdAndPriority } = dataNotificationConfirm.decode(body);
    body.expectEnd("data-notification-confirm");
    this.#options.onConfirmed?.(longInvokeIdAndPriority & LONG_INVOKE_ID.idMask);
  }

  /** Pass 3 and 4 of HLS: the client's answer to our challenge, ours to its own. */
  #proveClient(plain: Uint8Array, opened: OpenAssociation, hls: HlsChallenges): Uint8Array {
    const reply = readHlsReply(plain, (method) => isOwnAssociation(this.#device, opened, method));
    if (reply === undefined) return exception({ stateError: "service-not-allowed", serviceError: "operation-not-possible" });
    try {
      const proof = proveEachOther(this.#device, opened, hls, reply.answer);
      opened.hls = undefined;
      return reply.accept(proof);
    } catch (error) {
      if (!(error instanceof SecurityError)) throw error;
      // One try an association: a challenge is never used twice.
      this.#reset(undefined);
      return reply.refuse();
    }
  }

  /** What came from outside never ends the server: bad security and bad octets get an exception-response. */
  #failed(apdu: Uint8Array, error: unknown): Served {
    if (error instanceof SecurityError) {
      if (apdu[0] === AARQ) this.#reset(undefined);
      const last = this.#opened?.channel?.lastReceived ?? this.#lastCounter();
      const isReplay = error.code === "replay" && last !== undefined;
      return served(
        apdu,
        exception(
          isReplay
            ? { stateError: "service-not-allowed", serviceError: "invocation-counter-error", invocationCounter: last + 1 }
            : {
                stateError: "service-not-allowed",
                serviceError: error.code === "downgrade" ? "operation-not-possible" : "deciphering-error",
              },
        ),
      );
    }
    if (error instanceof DecodeError) return served(apdu, exception({ stateError: "service-unknown", serviceError: "other-reason" }));
    throw error;
  }

  /** Under whichever keys: a client that starts above it is above all of them. */
  #lastCounter(): number | undefined {
    const security = this.#device.security?.(this.#options.clientSap);
    return security && Math.max(security.received.last, ...(security.others ?? []).map(({ received }) => received.last));
  }

  #preEstablished(): OpenAssociation | undefined {
    const definition = this.#device.model.association(this.#options.clientSap);
    if (definition?.preEstablished !== true) return undefined;
    const channel = definition.ciphered === true ? serverChannel(this.#device, definition) : undefined;
    if (definition.ciphered === true && channel === undefined) return undefined;
    const conformance = new Set(definition.conformance ?? SERVER_CONFORMANCE);
    return {
      definition,
      context: { clientSap: this.#options.clientSap, role: definition.role, association: definition, conformance },
      applicationContext: channel === undefined ? "ln" : "ln-ciphered",
      conformance,
      clientMaxPduOctets: definition.maxPduOctets ?? 1024,
      channel,
      clientSystemTitle: undefined,
      hls: undefined,
    };
  }

  #reset(opened: OpenAssociation | undefined): void {
    this.#opened = opened;
    this.#get = new GetService();
    this.#set = new SetService();
    this.#action = new ActionService();
    this.#shortNames = new ShortNameService();
  }
}

/** An unconfirmed SET or ACTION is carried out and not answered (Green Book 9.3.5: service class). */
function answerIfConfirmed(plain: Uint8Array, answer: MaybePromise<Uint8Array>): MaybePromise<Uint8Array | undefined> {
  return ((plain[2] ?? CONFIRMED) & CONFIRMED) !== 0 ? answer : whenReady(answer, () => undefined);
}

/** The smaller of what the client takes and what we have room for. */
function sendPduOctetsMax({ clientMaxPduOctets, definition }: OpenAssociation): number {
  return Math.min(clientMaxPduOctets === 0 ? 0xffff : clientMaxPduOctets, definition.sendPduOctetsMax ?? 0xffff);
}

function served(plainRequest: Uint8Array, answer: Uint8Array | undefined): Served {
  return { answer, plainRequest, plainAnswer: answer };
}

function exception(response: ExceptionResponse): Uint8Array {
  return encodeApdu(EXCEPTION, exceptionResponse, response);
}

function notSupported(): Uint8Array {
  return exception({ stateError: "service-not-allowed", serviceError: "service-not-supported" });
}
