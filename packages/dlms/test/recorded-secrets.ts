import { decodeAll } from "@amity/bytes";
import { ecdsaVerify } from "@amity/crypto";
import {
  SecureChannel,
  apdu,
  curveOf,
  memoryCounter,
  securityHeaderOf,
  type Apdu,
  type EllipticKeys,
  type InvocationCounter,
  type SecurityKeys,
  type SecuritySuite,
} from "../src/index.ts";
import type { Step } from "./captured-session.ts";
import { captureKeys } from "./vectors.ts";

/** An APDU of one side, and what it drew: counters and signatures, in the order in which a stack draws them. */
export interface Drawn {
  readonly step: Step;
  readonly counters: readonly number[];
  readonly signatures: readonly Uint8Array[];
}

const SIDES = { "C>S": "client", "S>C": "server" } as const;
/** What the proof of HLS travels in. */
const PROOF_KINDS: ReadonlySet<string> = new Set(["glo-action-request", "glo-action-response", "general-glo-ciphering"]);
const GMAC_PROOF_OCTETS = 17;
/** P-256 and P-384. */
const ECDSA_PROOF_OCTETS: ReadonlySet<number | undefined> = new Set([64, 96]);

/** The keys with which a side of the captures verifies; what it signed at random is to be given it by `recordedSigner`. */
export function capturedElliptic(own: Step["direction"], suite: SecuritySuite): EllipticKeys {
  return { peerSigningPublic: signingKey(own === "C>S" ? "S>C" : "C>S", suite) };
}

function signingKey(direction: Step["direction"], suite: SecuritySuite): Uint8Array {
  return captureKeys(`${SIDES[direction]}-sign-${suite === 2 ? 384 : 256}`).publicPoint;
}

/** What one side of a capture drew, APDU by APDU. `title` is the sender's. */
export function drawnBy(
  direction: Step["direction"],
  steps: readonly Step[],
  { suite, keys, title }: { suite: SecuritySuite; keys: SecurityKeys; title: Uint8Array },
): Drawn[] {
  const elliptic = capturedElliptic(direction === "C>S" ? "S>C" : "C>S", suite);
  const reader = new SecureChannel({ suite, systemTitle: new Uint8Array(8), keys: { ...keys, elliptic }, sent: memoryCounter() });
  reader.peerSystemTitle = title;
  let hasProved = false;
  return steps.flatMap((step): Drawn[] => {
    if (step.direction !== direction || step.apdu[0] === 0x63 || step.apdu[0] === 0xd8) return [];
    const sent = decodeAll(apdu, step.apdu);
    const content = contentOf(sent);
    if (content === undefined) return [];
    const counters = [securityHeaderOf(content).invocationCounter];
    if (sent.kind === "general-signing") return [{ step, counters, signatures: [sent.value.signature] }];
    const isProof = !hasProved && PROOF_KINDS.has(sent.kind);
    const proof = isProof ? proofIn(decodeAll(apdu, reader.unprotect(step.apdu).plain)) : undefined;
    hasProved ||= isProof;
    if (proof?.length === GMAC_PROOF_OCTETS) counters.unshift(securityHeaderOf(proof).invocationCounter);
    return [{ step, counters, signatures: proof !== undefined && ECDSA_PROOF_OCTETS.has(proof.length) ? [proof] : [] }];
  });
}

/** Gives the counters that were recorded; `skipTo` leaves those out that belong to APDUs which are not said this time. */
export function recordedCounters(drawn: readonly Drawn[]): InvocationCounter & { skipTo(step: Step): void } {
  let queue = drawn.flatMap(({ step, counters }) => counters.map((counter) => ({ step, counter })));
  return {
    next: () => queue.shift()?.counter ?? 0xffff_0000,
    skipTo: (step) => {
      const at = drawn.findIndex((one) => one.step === step);
      const later = new Set(drawn.slice(Math.max(0, at)).map((one) => one.step));
      queue = queue.filter((one) => later.has(one.step));
    },
  };
}

/** Signs what the capture signed with the signature that it drew, once it is sure that this is one over these very octets. */
export function recordedSigner(direction: Step["direction"], suite: SecuritySuite, drawn: readonly Drawn[]): EllipticKeys["sign"] & {} {
  const publicPoint = signingKey(direction, suite);
  const queue = drawn.flatMap(({ signatures }) => signatures);
  return (message) => {
    const signature = queue.shift();
    if (signature === undefined || !ecdsaVerify(curveOf(suite), publicPoint, message, signature))
      throw new Error(`the captured ${SIDES[direction]} did not sign these octets`);
    return signature;
  };
}

/** The ciphered content of an APDU: security header, octets, tag. */
function contentOf(sent: Apdu): Uint8Array | undefined {
  if (sent.value instanceof Uint8Array) return sent.value;
  if (sent.kind === "general-glo-ciphering" || sent.kind === "general-ded-ciphering") return sent.value.content;
  if (sent.kind === "general-signing") return contentOf(decodeAll(apdu, sent.value.content));
  const information = sent.kind === "aarq" || sent.kind === "aare" || sent.kind === "rlrq" ? sent.value.userInformation : undefined;
  return information !== undefined && (information[0] === 0x21 || information[0] === 0x28) ? information.subarray(2) : undefined;
}

/** The proof of HLS in the ACTION that carries it, or in its answer. */
function proofIn(plain: Apdu): Uint8Array | undefined {
  if (plain.kind === "action-request" && plain.value.kind === "normal") {
    const { parameters } = plain.value.value;
    return parameters?.type === "octet-string" ? parameters.value : undefined;
  }
  if (plain.kind !== "action-response" || plain.value.kind !== "normal") return undefined;
  const { returned } = plain.value.value.response;
  return returned?.kind === "data" && returned.value.type === "octet-string" ? returned.value.value : undefined;
}
