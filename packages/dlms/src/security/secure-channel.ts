import { berLength, ByteReader, ByteWriter, decodeAll, encodeAll, sameOctets, SecurityError } from "@amity/bytes";
import { GcmKey } from "@amity/crypto";
import {
  DEDICATED_TAGS,
  GENERAL_CIPHERING_TAG,
  GENERAL_DEDICATED_TAG,
  GENERAL_GLOBAL_TAG,
  GENERAL_SIGNING_TAG,
  GLOBAL_TAGS,
  generalCiphered,
} from "../apdu/ciphered.ts";
import { octetString } from "../apdu/fields.ts";
import { checkCounter, memoryReceivedCounter } from "./counters.ts";
import { protectGeneral, transactionIdOf, unprotectGeneral } from "./general-ciphering.ts";
import { signGeneral, verifyGeneral } from "./general-signing.ts";
import { encryptionKeyOf, isEnough, protect, securityHeaderOf, unprotect } from "./protect.ts";
import type {
  Ciphering,
  InvocationCounter,
  KeyCandidate,
  KeyInfoKind,
  Protection,
  ReceivedCounter,
  SecurityKeys,
  SecuritySuite,
} from "./security-options.ts";

/** How an APDU was or is to be protected: the answer goes out in the family of the request. */
export interface ProtectionForm {
  readonly ciphering: Ciphering;
  readonly protection: Protection;
  readonly broadcast?: boolean;
  /** For `general-ciphering`. */
  readonly keyInfo?: KeyInfoKind;
  /** For `general-ciphering`: the initialization vector is authenticated too (`SecurityOptions.authenticatesIv`). */
  readonly authenticatesIv?: boolean;
  /** Inside general-signing. */
  readonly signed?: boolean;
}

export interface Unprotected {
  readonly plain: Uint8Array;
  /** `undefined`: it came in the clear. */
  readonly form: ProtectionForm | undefined;
}

/** What a channel is made of. */
export interface SecureChannelOptions {
  readonly suite: SecuritySuite;
  readonly systemTitle: Uint8Array;
  readonly keys: SecurityKeys;
  readonly sent: InvocationCounter;
  readonly received?: ReceivedCounter;
  readonly receivedBroadcast?: ReceivedCounter;
  /** Told once when an APDU has been authenticated under `keys`. */
  readonly proved?: (() => void) | undefined;
  /** Keys to try after `keys` with the first APDU that comes; the channel keeps to those that open it. */
  readonly others?: readonly KeyCandidate[] | undefined;
  /** The least protection taken, now; what has less is refused before its counter counts. */
  readonly demanded?: Protection | (() => Protection | undefined) | undefined;
}

const DEDICATED_OF = new Map([...DEDICATED_TAGS.values()].map((tag) => [tag, true]));
const GLOBAL_OF = new Map([...GLOBAL_TAGS.values()].map((tag) => [tag, true]));

/**
 * Protects and unprotects the APDUs of one association, one side. Counters rise strictly, each key by itself; tags are
 * checked before a counter is taken over; an APDU under our own system title is refused (reflection).
 */
export class SecureChannel {
  /** Of the peer: from its AARQ or AARE, or given. */
  peerSystemTitle: Uint8Array | undefined;
  /** Of this association only. */
  dedicatedKey: Uint8Array | undefined;
  readonly suite: SecuritySuite;
  readonly systemTitle: Uint8Array;
  readonly sent: InvocationCounter;
  /** What is kept of a key from one APDU to the next goes with the association, or with the key. */
  readonly #gcmKeys = new WeakMap<Uint8Array, GcmKey>();
  readonly #demanded: SecureChannelOptions["demanded"];
  readonly #received: { global: ReceivedCounter; readonly broadcast: ReceivedCounter; dedicated: ReceivedCounter };
  #keys: SecurityKeys;
  /** Newest first; `undefined` once it is settled which keys the peer has. */
  #candidates: readonly KeyCandidate[] | undefined;

  constructor(options: SecureChannelOptions) {
    this.suite = options.suite;
    this.systemTitle = options.systemTitle;
    this.#keys = options.keys;
    this.sent = options.sent;
    this.#demanded = options.demanded;
    this.#received = {
      global: options.received ?? memoryReceivedCounter(),
      broadcast: options.receivedBroadcast ?? memoryReceivedCounter(),
      dedicated: memoryReceivedCounter(),
    };
    const { keys, proved, others = [] } = options;
    if (proved === undefined && others.length === 0) return;
    const own = { keys, received: this.#received.global, ...(proved === undefined ? {} : { proved }) };
    this.#candidates = [own, ...others];
  }

  /** Those that the peer has, as far as it has shown. */
  get keys(): SecurityKeys {
    return this.#keys;
  }

  /** The last counter taken from the peer under the global key, -1 for none. */
  get lastReceived(): number {
    return this.#received.global.last;
  }

  /** Takes a new dedicated key, with counters of its own. */
  useDedicatedKey(key: Uint8Array | undefined): void {
    this.dedicatedKey = key;
    this.#received.dedicated = memoryReceivedCounter();
  }

  /** @throws SecurityError `no-key`, `counter-exhausted`. */
  protect(plain: Uint8Array, form: ProtectionForm): Uint8Array {
    const ciphered = form.ciphering === "general-ciphering" ? this.#protectGeneral(plain, form) : this.#protectByKey(plain, form);
    if (form.signed !== true) return ciphered;
    return signGeneral(this.suite, this.keys.elliptic, { ...this.#header(), transactionId: new Uint8Array(0) }, ciphered);
  }

  #protectGeneral(plain: Uint8Array, { protection, keyInfo, authenticatesIv }: ProtectionForm): Uint8Array {
    const { suite, keys } = this;
    const invocationCounter = this.sent.next();
    const header = { ...this.#header(), transactionId: transactionIdOf(invocationCounter) };
    const input = { suite, keys, header, protection, invocationCounter, authenticatesIv };
    return protectGeneral({ ...input, keyInfo: keyInfo ?? "identified" }, plain);
  }

  #header() {
    const none = new Uint8Array(0);
    return {
      originatorSystemTitle: this.systemTitle,
      recipientSystemTitle: this.peerSystemTitle ?? none,
      dateTime: none,
      otherInformation: none,
    };
  }

  #protectByKey(plain: Uint8Array, form: ProtectionForm): Uint8Array {
    const dedicated = form.ciphering === "dedicated" || form.ciphering === "general-dedicated";
    const content = protect(
      {
        suite: this.suite,
        encryptionKey: this.#gcmKey(dedicated ? this.#dedicatedKey() : encryptionKeyOf(this.keys, form.broadcast === true)),
        authenticationKey: this.keys.authenticationKey,
        systemTitle: this.systemTitle,
        invocationCounter: this.sent.next(),
        protection: form.protection,
        ...(form.broadcast === true ? { broadcast: true } : {}),
      },
      plain,
    );
    if (form.ciphering === "general-global") return this.#general(GENERAL_GLOBAL_TAG, content);
    if (form.ciphering === "general-dedicated") return this.#general(GENERAL_DEDICATED_TAG, content);
    const tag = (dedicated ? DEDICATED_TAGS : GLOBAL_TAGS).get(plain[0] ?? 0);
    // Services without a ciphered form of their own travel under the general one.
    if (tag === undefined) return this.#general(dedicated ? GENERAL_DEDICATED_TAG : GENERAL_GLOBAL_TAG, content);
    const writer = new ByteWriter({ capacity: content.length + 5 });
    writer.u8(tag);
    octetString.encode(content, writer);
    return writer.finish();
  }

  /** @throws SecurityError for a bad tag, a counter that does not rise, another suite; DecodeError for broken octets. */
  unprotect(apdu: Uint8Array): Unprotected {
    if (this.#candidates === undefined) return this.#unprotect(apdu);
    let wrongKey: SecurityError | undefined;
    for (const candidate of this.#candidates) {
      this.#keys = candidate.keys;
      this.#received.global = candidate.received;
      try {
        const opened = this.#unprotect(apdu);
        if (opened.form !== undefined && isUnderGlobalKey(opened.form)) this.#settle(candidate, opened.form);
        return opened;
      } catch (error) {
        if (!(error instanceof SecurityError) || !WRONG_KEY.has(error.code)) throw error;
        wrongKey ??= error;
      }
    }
    throw wrongKey ?? new SecurityError("there are no keys", { code: "no-key" });
  }

  #settle({ proved }: KeyCandidate, { protection }: ProtectionForm): void {
    this.#candidates = undefined;
    // What is only encrypted proves nothing about who sent it.
    if (protection !== "encrypted") proved?.();
  }

  #unprotect(apdu: Uint8Array): Unprotected {
    const tag = apdu[0] ?? 0;
    if (tag === GENERAL_SIGNING_TAG) return this.#verify(apdu);
    if (tag === GENERAL_CIPHERING_TAG) return this.#openGeneral(apdu);
    if (tag === GENERAL_GLOBAL_TAG || tag === GENERAL_DEDICATED_TAG) return this.#unprotectGeneral(apdu, tag === GENERAL_DEDICATED_TAG);
    const dedicated = DEDICATED_OF.has(tag);
    if (!dedicated && !GLOBAL_OF.has(tag)) return { plain: apdu, form: undefined };
    const reader = new ByteReader(apdu, { start: 1 });
    const content = reader.bytes(berLength.decode(reader));
    reader.expectEnd("ciphered APDU");
    if (this.peerSystemTitle === undefined) throw new SecurityError("the peer's system title is not known", { code: "system-title" });
    const { plain, form } = this.#open(content, this.peerSystemTitle, dedicated);
    const expected = (dedicated ? DEDICATED_TAGS : GLOBAL_TAGS).get(plain[0] ?? 0);
    if (expected !== tag) throw new SecurityError("the ciphered APDU does not contain what its tag says", { code: "tag-mismatch" });
    return { plain, form: { ...form, ciphering: dedicated ? "dedicated" : "global" } };
  }

  #verify(apdu: Uint8Array): Unprotected {
    const key = this.keys.elliptic?.peerSigningPublic;
    if (key === undefined) throw new SecurityError("no public signing key of the peer", { code: "no-key" });
    const { header, content } = verifyGeneral(this.suite, key, apdu);
    this.#checkSender(header.originatorSystemTitle);
    // What is signed but not ciphered has no counter that would keep it from being played again.
    if (content[0] === GENERAL_SIGNING_TAG) throw new SecurityError("a signed APDU inside a signed one", { code: "not-supported" });
    const { plain, form } = this.#unprotect(content);
    return { plain, form: form === undefined ? undefined : { ...form, signed: true } };
  }

  #openGeneral(apdu: Uint8Array): Unprotected {
    const opened = unprotectGeneral(this.suite, this.keys, apdu);
    this.#checkSender(opened.header.originatorSystemTitle);
    const recipient = opened.header.recipientSystemTitle;
    if (recipient.length > 0 && !sameOctets(recipient, this.systemTitle))
      throw new SecurityError("the APDU is for somebody else", { code: "system-title" });
    this.#checkProtection(opened.protection);
    const received = opened.broadcast ? this.#received.broadcast : this.#received.global;
    checkCounter(received, opened.invocationCounter);
    received.accept(opened.invocationCounter);
    const { protection, keyInfo } = opened;
    return {
      plain: opened.plain,
      form: {
        ciphering: "general-ciphering",
        protection,
        keyInfo,
        ...(opened.broadcast ? { broadcast: true } : {}),
        ...(opened.authenticatesIv ? { authenticatesIv: true } : {}),
      },
    };
  }

  /** An APDU that is only encrypted proves nothing: it must not move the counter where more is demanded. */
  #checkProtection(found: Protection | undefined): void {
    const demanded = typeof this.#demanded === "function" ? this.#demanded() : this.#demanded;
    if (found !== undefined && !isEnough(found, demanded)) {
      throw new SecurityError(`the APDU is only ${found}, ${demanded} is demanded`, { code: "downgrade" });
    }
  }

  /** @throws SecurityError `reflection`, `system-title`. */
  #checkSender(sender: Uint8Array): void {
    if (sameOctets(sender, this.systemTitle))
      throw new SecurityError("an APDU under our own system title came back", { code: "reflection" });
    if (this.peerSystemTitle !== undefined && !sameOctets(sender, this.peerSystemTitle)) {
      throw new SecurityError("the APDU comes from another system title than the association", { code: "system-title" });
    }
  }

  #unprotectGeneral(apdu: Uint8Array, dedicated: boolean): Unprotected {
    const { systemTitle, content } = decodeAll(generalCiphered, apdu.subarray(1), "ciphered APDU");
    // A title of no octets stands for the one that is already known.
    const sender = systemTitle.length === 0 ? this.peerSystemTitle : systemTitle;
    if (sender === undefined) throw new SecurityError("the peer's system title is not known", { code: "system-title" });
    if (this.peerSystemTitle !== undefined && !sameOctets(sender, this.peerSystemTitle)) {
      throw new SecurityError("the APDU comes from another system title than the association", { code: "system-title" });
    }
    const { plain, form } = this.#open(content, sender, dedicated);
    return { plain, form: { ...form, ciphering: dedicated ? "general-dedicated" : "general-global" } };
  }

  #open(content: Uint8Array, sender: Uint8Array, dedicated: boolean): { plain: Uint8Array; form: Omit<ProtectionForm, "ciphering"> } {
    if (sameOctets(sender, this.systemTitle))
      throw new SecurityError("an APDU under our own system title came back", { code: "reflection" });
    const header = securityHeaderOf(content);
    this.#checkProtection(header.protection);
    const key = dedicated ? this.#dedicatedKey() : encryptionKeyOf(this.keys, header.broadcast);
    const plain = unprotect(
      { suite: this.suite, encryptionKey: this.#gcmKey(key), authenticationKey: this.keys.authenticationKey, systemTitle: sender },
      content,
    );
    const received = dedicated ? this.#received.dedicated : header.broadcast ? this.#received.broadcast : this.#received.global;
    checkCounter(received, header.invocationCounter);
    received.accept(header.invocationCounter);
    // `unprotect` has refused an APDU with neither protection.
    const protection = header.protection ?? "authenticated-encrypted";
    return { plain, form: header.broadcast ? { protection, broadcast: true } : { protection } };
  }

  #general(tag: number, content: Uint8Array): Uint8Array {
    const body = encodeAll(generalCiphered, { systemTitle: this.systemTitle, content });
    const out = new Uint8Array(body.length + 1);
    out[0] = tag;
    out.set(body, 1);
    return out;
  }

  /** The global unicast encryption key, as it serves all APDUs of the association. */
  get encryption(): GcmKey {
    return this.#gcmKey(this.keys.encryptionKey);
  }

  #gcmKey(key: Uint8Array): GcmKey {
    const found = this.#gcmKeys.get(key);
    if (found !== undefined) return found;
    const made = new GcmKey(key);
    this.#gcmKeys.set(key, made);
    return made;
  }

  #dedicatedKey(): Uint8Array {
    if (this.dedicatedKey === undefined) throw new SecurityError("no dedicated key was agreed", { code: "no-key" });
    return this.dedicatedKey;
  }
}

/** What comes of other keys than the sender's: with a tag, and without one. */
const WRONG_KEY: ReadonlySet<string> = new Set(["bad-tag", "tag-mismatch", "bad-wrap"]);

/** Dedicated and agreed keys, and that of broadcasts, do not tell which global key the peer has. */
function isUnderGlobalKey({ ciphering, keyInfo, broadcast }: ProtectionForm): boolean {
  if (broadcast === true || ciphering === "dedicated" || ciphering === "general-dedicated") return false;
  return ciphering !== "general-ciphering" || keyInfo === "identified";
}

/** The octets that protection adds at most, for the size of blocks. */
export function protectionOverhead(form: ProtectionForm | undefined): number {
  if (form === undefined) return 0;
  // Tag and length (four), SC and counter (five), authentication tag (twelve); the general forms carry the title too.
  const tag = form.protection === "encrypted" ? 0 : 12;
  const general = form.ciphering === "general-global" || form.ciphering === "general-dedicated" ? 9 : 0;
  const agreed = form.ciphering === "general-ciphering" ? KEY_INFO_OCTETS[form.keyInfo ?? "identified"] + GENERAL_HEADER_OCTETS : 0;
  return 4 + 5 + tag + general + agreed + (form.signed === true ? GENERAL_HEADER_OCTETS + SIGNATURE_OCTETS : 0);
}

/** Transaction id, two titles, two empty fields, lengths. */
const GENERAL_HEADER_OCTETS = 33;
/** Suite 2, with its length. */
const SIGNATURE_OCTETS = 98;
const KEY_INFO_OCTETS: Readonly<Record<KeyInfoKind, number>> = { identified: 3, wrapped: 44, "one-pass": 200, "static-unified": 6 };
