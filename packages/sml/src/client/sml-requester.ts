import { DecodeError, UsageError } from "@amity/bytes";
import { attentionMeaning, isConfirmation } from "../message/attention.ts";
import type { KnownBody } from "../message/bodies.ts";
import { decodeSml, encodeSml } from "../message/file.ts";
import type { DecodedMessage, SmlMessage } from "../message/message.ts";

/** What can be asked: a body of one of the request kinds. */
export type RequestContent = Extract<
  KnownBody,
  { kind: "getListRequest" | "getProfilePackRequest" | "getProfileListRequest" | "getProcParameterRequest" | "setProcParameterRequest" }
>;

/** What came of a request. Refusal and silence are outcomes, not errors. */
export type RequestOutcome =
  /** The responses in order: one, but for profile lists, where each period is one. */
  | { readonly kind: "answer"; readonly responses: readonly KnownBody[] }
  /** The attention that confirms, as after setting a parameter. */
  | { readonly kind: "confirmed"; readonly meaning: string }
  | { readonly kind: "refused"; readonly attention: Uint8Array; readonly meaning: string }
  | { readonly kind: "no-answer"; readonly attempts: number };

export interface RequesterOptions {
  readonly clientId: Uint8Array;
  /** Whom the file is for; absent where only one can hear it. */
  readonly serverId?: Uint8Array;
  readonly username?: Uint8Array;
  readonly password?: Uint8Array;
  /** Time for an answer (ms). Default 5,000. */
  readonly timeoutMs?: number;
  /** Sends in all. Default 3; parameters are set once, because nobody knows what came of the first time. */
  readonly attemptsMax?: number;
}

const TIMEOUT_MS = 5_000;
const ATTEMPTS_MAX = 3;
const CONTINUE = 0;

interface Pending {
  readonly octets: Uint8Array;
  readonly fileId: string;
  readonly transactionId: string;
  readonly attemptsMax: number;
  attempts: number;
  deadlineMs: number;
}

/** One request after another, without line or clock of its own: octets and times go in, octets and outcomes come out. */
export class SmlRequester {
  readonly #options: RequesterOptions;
  #files = 0;
  #pending: Pending | undefined;

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  /** When `expire` wants to be called (ms); `undefined` where nothing is under way. */
  get deadlineMs(): number | undefined {
    return this.#pending?.deadlineMs;
  }

  /** The frame to send. @throws UsageError `busy`. */
  begin(content: RequestContent, nowMs: number): Uint8Array {
    if (this.#pending !== undefined) throw new UsageError("a request is under way", { code: "busy" });
    this.#files = (this.#files + 1) & 0xffff;
    const id = (part: number): Uint8Array => Uint8Array.of(0x41, this.#files >> 8, this.#files & 0xff, part);
    const message = (part: number, body: SmlMessage["body"]): SmlMessage => {
      return { transactionId: id(part), groupNo: part === 1 ? 1 : 0, abortOnError: CONTINUE, body };
    };
    const { clientId, serverId, username, password } = this.#options;
    const octets = encodeSml([
      message(0, { kind: "openRequest", value: { clientId, reqFileId: id(0), serverId, username, password } }),
      message(1, withIdentity(content, this.#options)),
      message(2, { kind: "closeRequest", value: {} }),
    ]);
    const attemptsMax = content.kind === "setProcParameterRequest" ? 1 : (this.#options.attemptsMax ?? ATTEMPTS_MAX);
    const deadlineMs = nowMs + this.#timeoutMs;
    this.#pending = { octets, fileId: String(id(0)), transactionId: String(id(1)), attemptsMax, attempts: 1, deadlineMs };
    return octets;
  }

  /** Takes a whole frame; files that answer nothing of ours (pushes) are passed over. */
  receive(frame: Uint8Array): RequestOutcome | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    const messages = soundMessages(frame);
    const mine = messages.filter(({ transactionId }) => String(transactionId) === pending.transactionId);
    const opened = messages.some(({ body }) => body.kind === "openResponse" && String(body.value.reqFileId) === pending.fileId);
    const outcome = outcomeOf(mine.length === 0 && opened ? messages : mine);
    if (outcome !== undefined) this.#pending = undefined;
    return outcome;
  }

  /** The deadline has passed: the frame again, or the end. */
  expire(nowMs: number): { readonly resend: Uint8Array } | { readonly outcome: RequestOutcome } | undefined {
    const pending = this.#pending;
    if (pending === undefined || nowMs < pending.deadlineMs) return undefined;
    if (pending.attempts >= pending.attemptsMax) {
      this.#pending = undefined;
      return { outcome: { kind: "no-answer", attempts: pending.attempts } };
    }
    pending.attempts += 1;
    pending.deadlineMs = nowMs + this.#timeoutMs;
    return { resend: pending.octets };
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }
}

function soundMessages(frame: Uint8Array): readonly DecodedMessage[] {
  try {
    return decodeSml(frame).messages.filter(({ crc }) => crc !== "wrong");
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}

/** Who asks stands in every request, not only at the head of the file. */
function withIdentity(content: RequestContent, { serverId, username, password }: RequesterOptions): RequestContent {
  const identity = { serverId, username, password };
  return { kind: content.kind, value: { ...identity, ...content.value } } as RequestContent;
}

function outcomeOf(messages: readonly DecodedMessage[]): RequestOutcome | undefined {
  const responses: KnownBody[] = [];
  for (const { body } of messages) {
    if (body.kind === "attention") {
      const { attentionNo } = body.value;
      const meaning = attentionMeaning(attentionNo);
      return isConfirmation(attentionNo) ? { kind: "confirmed", meaning } : { kind: "refused", attention: attentionNo, meaning };
    }
    if (body.kind !== "unknown" && body.kind !== "openResponse" && body.kind !== "closeResponse") responses.push(body);
  }
  return responses.length === 0 ? undefined : { kind: "answer", responses };
}
