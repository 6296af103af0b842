import { joinedOctets, SecurityError, UsageError } from "@amity/bytes";
import { GcmKey, aesEcbEncrypt, digest, ecdsaVerify, equalInConstantTime } from "@amity/crypto";
import { signatureOf } from "./key-agreement.ts";
import { aadOf, initializationVector } from "./protect.ts";
import type { ChallengeTransform, EllipticKeys, MechanismName, SecurityKeys, SecuritySuite } from "./security-options.ts";

/** What an HLS answer is made from, seen from the side that answers (Green Book 9.2.7.4; IEC 62056-5-3, 5.3.4). */
export interface HlsInput {
  readonly mechanism: MechanismName;
  /** The challenge to answer: StoC for the client, CtoS for the server. */
  readonly challenge: Uint8Array;
  /** The challenge that the answering side had sent. */
  readonly ownChallenge: Uint8Array;
  /** Of the answering side. */
  readonly systemTitle: Uint8Array | undefined;
  readonly peerSystemTitle: Uint8Array | undefined;
  readonly secret?: Uint8Array | undefined;
  readonly transform?: ChallengeTransform | undefined;
  readonly suite?: SecuritySuite | undefined;
  readonly keys?: SecurityKeys | undefined;
  /** The encryption key of `keys` as the association has it ready; without it, one is made of the octets. */
  readonly encryption?: GcmKey | undefined;
}

/** GMAC answers carry SC and counter before the tag. */
const GMAC_CONTROL = 0x10;
const GMAC_OCTETS = 17;

/** f(challenge) of our side. `counter` is drawn only by GMAC. */
export function hlsAnswer(input: HlsInput, counter: () => number): Uint8Array {
  switch (input.mechanism) {
    case "hls-gmac":
      return gmacAnswer(input, counter());
    case "hls-ecdsa":
      return signatureOf(input.suite === 2 ? 2 : 1, input.keys?.elliptic, ecdsaMessage(input));
    default:
      return digestAnswer(input);
  }
}

/**
 * Checks the other side's answer; `input` is seen from the side that answered. For GMAC the counter in the answer is
 * returned: the caller holds it against the peer's last.
 * @throws SecurityError `authentication-failure`.
 */
export function checkHlsAnswer(input: HlsInput, answer: Uint8Array, verifier: EllipticKeys | undefined): number | undefined {
  if (input.mechanism === "hls-ecdsa") {
    const key = verifier?.peerSigningPublic;
    if (key === undefined) throw new SecurityError("no public signing key of the peer", { code: "no-key" });
    if (!ecdsaVerify(curveOf(input.suite), key, ecdsaMessage(input), answer)) throw failed();
    return undefined;
  }
  if (input.mechanism !== "hls-gmac") {
    if (!equalInConstantTime(digestAnswer(input), answer)) throw failed();
    return undefined;
  }
  if (answer.length !== GMAC_OCTETS || (answer[0] ?? 0) !== (GMAC_CONTROL | (input.suite ?? 0))) throw failed();
  const counter = new DataView(answer.buffer, answer.byteOffset).getUint32(1);
  if (!equalInConstantTime(gmacAnswer(input, counter), answer)) throw failed();
  return counter;
}

function gmacAnswer(input: HlsInput, counter: number): Uint8Array {
  const { keys, systemTitle } = input;
  if (keys === undefined || systemTitle === undefined)
    throw new SecurityError("HLS with GMAC needs keys and system title", { code: "no-key" });
  const control = GMAC_CONTROL | (input.suite ?? 0);
  const iv = initializationVector(systemTitle, counter);
  const key = input.encryption ?? new GcmKey(keys.encryptionKey);
  const tag = key.mac(iv, aadOf(control, keys.authenticationKey, input.challenge));
  const out = new Uint8Array(GMAC_OCTETS);
  out[0] = control;
  new DataView(out.buffer).setUint32(1, counter);
  out.set(tag, 5);
  return out;
}

function digestAnswer(input: HlsInput): Uint8Array {
  const secret = input.secret;
  if (secret === undefined) throw new SecurityError(`no secret for ${input.mechanism}`, { code: "no-key" });
  switch (input.mechanism) {
    case "hls-manufacturer":
      return (input.transform ?? aesChallengeTransform)(input.challenge, secret);
    case "hls-md5":
      return digest("md5", input.challenge, secret);
    case "hls-sha1":
      return digest("sha1", input.challenge, secret);
    case "hls-sha256":
      return digest("sha256", secret, titleOf(input.systemTitle), titleOf(input.peerSystemTitle), input.challenge, input.ownChallenge);
    default:
      throw new UsageError(`${input.mechanism} has no challenge`, { code: "mechanism" });
  }
}

/** AES-128-ECB of the challenge under the secret, both padded with zeros to whole blocks: Gurux and India's part of IS 15959. */
export const aesChallengeTransform: ChallengeTransform = (challenge, secret) =>
  aesEcbEncrypt(padded(secret, 16).subarray(0, 16), padded(challenge, 16));

function padded(octets: Uint8Array, block: number): Uint8Array {
  const out = new Uint8Array(Math.max(block, Math.ceil(octets.length / block) * block));
  out.set(octets);
  return out;
}

function ecdsaMessage(input: HlsInput): Uint8Array {
  return joinedOctets(titleOf(input.systemTitle), titleOf(input.peerSystemTitle), input.challenge, input.ownChallenge);
}

function titleOf(title: Uint8Array | undefined): Uint8Array {
  if (title === undefined) throw new SecurityError("this mechanism needs both system titles", { code: "system-title" });
  return title;
}

function curveOf(suite: SecuritySuite | undefined): "P-256" | "P-384" {
  return suite === 2 ? "P-384" : "P-256";
}

function failed(): SecurityError {
  return new SecurityError("the peer's answer to our challenge is wrong", {
    code: "authentication-failure",
    advice: "check the secret or keys of this meter",
  });
}
