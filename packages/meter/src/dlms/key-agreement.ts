import { AmityError, toHex } from "@amity/bytes";
import { wrapKey } from "@amity/crypto";
import {
  SECURITY_KEY_IDS,
  accessClasses,
  agreeEphemeral,
  data,
  signEphemeral,
  verifyEphemeral,
  type DlmsData,
  type InvokeOutcome,
} from "@amity/dlms";
import type { WrappedKey } from "../metrology/operations.ts";
import { refused } from "./configured-object.ts";
import { hasForm } from "./configured-values.ts";
import type { ObjectContext } from "./meter-object.ts";
import { clientKey } from "./stored-certificates.ts";

const { keyAgreement } = accessClasses.securitySetup.methods;
const KEY_IDS = Object.values(SECURITY_KEY_IDS);
/** Ephemeral key pairs are numbered by the key transfer that they lead to, and the key in it. */
const KEYS_A_TRANSFER = 8;

interface Offer {
  readonly keyId: WrappedKey["keyId"];
  readonly keyData: Uint8Array;
}

/**
 * key_agreement of a security setup: the ephemeral unified model C(2e, 0s) for each key that the client names, both ephemeral keys signed.
 * All or nothing; the keys count from the next association on. The client is known by the system title of its association.
 */
export async function agreeKeys(setup: number, parameters: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  const offers = offersOf(parameters);
  if (offers === undefined) return refused("type-unmatched");
  try {
    const agreed = offers.map((offer) => agreeOne(setup, offer, context));
    const keys = agreed.flatMap((one) => one?.key ?? []);
    if (keys.length !== offers.length) return refused("other-reason");
    const isKept = await context.perform({ kind: "transferKeys", atMs: context.nowMs, setup, keys });
    return isKept ? { kind: "done", data: data.array(...agreed.flatMap((one) => one?.answer ?? [])) } : refused("temporary-failure");
  } catch (error) {
    // A wrong signature, or a point that is not on the curve.
    if (error instanceof AmityError) return refused("other-reason");
    throw error;
  }
}

/** `undefined`: not of the method's form, none, an unknown key, or one twice. */
function offersOf(parameters: DlmsData): readonly Offer[] | undefined {
  if (!hasForm(() => keyAgreement.decode(parameters))) return undefined;
  const offers = keyAgreement.decode(parameters).flatMap(({ keyId, keyData }): Offer[] => {
    const id = KEY_IDS.find((known) => known === keyId);
    return id === undefined ? [] : [{ keyId: id, keyData }];
  });
  const isWhole = parameters.type === "array" && parameters.value.length === offers.length && offers.length > 0;
  return isWhole && new Set(offers.map(({ keyId }) => keyId)).size === offers.length ? offers : undefined;
}

/** `undefined` where a key or title is missing that agreement needs. @throws SecurityError `bad-signature`. */
function agreeOne(setup: number, { keyId, keyData }: Offer, context: ObjectContext): { key: WrappedKey; answer: DlmsData } | undefined {
  const { meter, systemTitle, clientSystemTitle } = context;
  const suite = meter.surroundings.type.securitySuite;
  const own = context.keyPair("digital-signature");
  const ephemeral = context.ephemeralKeyPair((meter.keyTransfers.at(-1)?.number ?? 0) * KEYS_A_TRANSFER + keyId);
  const masterKey = context.keysOf(setup)?.masterKey;
  if (own === undefined || ephemeral === undefined || masterKey === undefined || clientSystemTitle === undefined) return undefined;
  const peer = clientKey(meter, systemTitle, { usage: "digital-signature", clientSystemTitle });
  if (peer === undefined) return undefined;
  const key = agreeEphemeral({
    suite,
    ephemeralPrivate: ephemeral.privateScalar,
    peerEphemeralPublic: verifyEphemeral(suite, peer, keyId, keyData),
    originatorTitle: clientSystemTitle,
    recipientTitle: systemTitle,
  });
  const answer = signEphemeral(suite, own.privateScalar, keyId, ephemeral.publicPoint);
  return {
    key: { keyId, wrapped: toHex(wrapKey(masterKey, key)) },
    answer: data.structure(data.enumerated(keyId), data.octets(answer)),
  };
}
