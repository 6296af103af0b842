import { DecodeError, toHex } from "@amity/bytes";
import { createCertificateRequest, type KeyUsage } from "@amity/crypto";
import { ACCESS, accessClasses, data, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { opensKeys } from "../key-transfer.ts";
import type { WrappedKey } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { SECURITY_SETUPS } from "./associations.ts";
import { CLIENT_ROLES, DONE, configure, configuredObject, outcomeOf, refused } from "./configured-object.ts";
import { agreeKeys } from "./key-agreement.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { settingOf } from "./settings.ts";
import { USAGES, certificateInfo, findCertificate, importCertificate, storedCertificates, titleText } from "./stored-certificates.ts";

const { securitySetup } = accessClasses;
const POLICY_ATTRIBUTE = 2;
const KEYS_MAX = 4;
const KEY_IDS: Readonly<Record<string, WrappedKey["keyId"]>> = {
  "global-unicast-encryption": 0,
  "global-broadcast-encryption": 1,
  authentication: 2,
  master: 3,
};
const SIGNATURES = ACCESS.signedRequest | ACCESS.signedResponse;

/** The security setups of the meter, each with keys and a policy of its own; key pairs and certificates are the meter's. */
export function securitySetupObjects(): MeterObject[] {
  return [
    securitySetupObject(SECURITY_SETUPS.management, CLIENT_ROLES),
    securitySetupObject(SECURITY_SETUPS.firmware, [...CLIENT_ROLES, "firmware"]),
  ];
}

/**
 * Class 64 Security setup version 1, 0-0:43.0.n. Keys are not to be read; new ones come wrapped by the master key or are agreed on, and count
 * from the next association on. The policy goes up, never down. With suite 1 or 2: key agreement, key pairs, certificate requests,
 * and certificates of the meter and of its clients, each checked against the utility's authority.
 */
function securitySetupObject(setup: number, readers: readonly string[]): MeterObject {
  return configuredObject({
    class: securitySetup,
    name: setupName(setup),
    readers,
    values: {
      securityPolicy: ({ meter }) => data.enumerated(securityPolicyOf(meter, setup)),
      securitySuite: ({ meter }) => data.enumerated(meter.surroundings.type.securitySuite),
      clientSystemTitle: ({ clientSystemTitle }) => data.octets(clientSystemTitle ?? new Uint8Array(0)),
      serverSystemTitle: ({ systemTitle }) => data.octets(systemTitle),
      certificates: (context) => data.array(...storedCertificates(context).map((one) => certificateInfo(one, context))),
    },
    methods: {
      securityActivate: (policy, context) => activatePolicy(setup, policy, context),
      keyTransfer: (keys, context) => transferKeys(setup, keys, context),
      keyAgreement: (keys, context) => agreeKeys(setup, keys, context),
      generateKeyPair: (kind, context) => withUsage(kind, context, (usage) => generate(usage, context)),
      generateCertificateRequest: (kind, context) => withUsage(kind, context, (usage) => Promise.resolve(request(usage, context))),
      importCertificate,
      exportCertificate: (parameter, context) => {
        const found = findCertificate(parameter, context);
        return Promise.resolve(found === undefined ? refused("other-reason") : { kind: "done", data: data.octets(found.der) });
      },
      removeCertificate: async (parameter, context) => {
        const found = findCertificate(parameter, context);
        if (found === undefined) return refused("other-reason");
        return perform(context, { kind: "dropCertificate", atMs: context.nowMs, certificate: toHex(found.der) });
      },
    },
  });
}

/** The policy in force: bits 2, 3, 4 of requests (authenticated, encrypted, signed), 5, 6, 7 the same of responses. */
export function securityPolicyOf(meter: SimulatedMeter, setup: number): number {
  const factory = meter.surroundings.type.securityPolicy;
  const policy = settingOf(meter, setupName(setup), POLICY_ATTRIBUTE, data.enumerated(factory));
  return policy.type === "enum" ? policy.value : factory;
}

function setupName(setup: number): string {
  return `0-0:43.0.${setup}`;
}

async function activatePolicy(setup: number, parameter: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  if (parameter.type !== "enum") return refused("type-unmatched");
  const { meter } = context;
  const inForce = securityPolicyOf(meter, setup);
  const wanted = parameter.value;
  const isHigher = (wanted & inForce) === inForce && (wanted & 0b11) === 0;
  // Without a key that signs, nobody could talk to the meter again.
  if (!isHigher || ((wanted & SIGNATURES) !== 0 && meter.surroundings.type.securitySuite === 0)) return refused("other-reason");
  return wanted === inForce ? DONE : outcomeOf(await configure(setupName(setup), [[POLICY_ATTRIBUTE, parameter]], context));
}

async function transferKeys(setup: number, parameters: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  const keys = wrappedKeys(parameters);
  if (keys === undefined) return refused("type-unmatched");
  // All or nothing: one key that does not open changes none.
  const master = context.masterKeysOf(setup).find(({ masterKey }) => opensKeys(masterKey, keys));
  if (master === undefined) return refused("other-reason");
  if (master.waiting !== undefined)
    await context.perform({ kind: "settleKeys", atMs: context.nowMs, setup, proved: [master.waiting], dropped: [] });
  return perform(context, { kind: "transferKeys", atMs: context.nowMs, setup, keys });
}

/** `undefined`: not of the method's form, none, too many, unknown, or a key twice. */
function wrappedKeys(parameters: DlmsData): WrappedKey[] | undefined {
  if (parameters.type !== "array" || parameters.value.length === 0 || parameters.value.length > KEYS_MAX) return undefined;
  try {
    const keys = securitySetup.methods.keyTransfer.decode(parameters).flatMap(({ keyId, keyWrapped }): WrappedKey[] => {
      const id = KEY_IDS[keyId];
      return id === undefined ? [] : [{ keyId: id, wrapped: toHex(keyWrapped) }];
    });
    return new Set(keys.map(({ keyId }) => keyId)).size === parameters.value.length ? keys : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

async function withUsage(kind: DlmsData, context: ObjectContext, act: (usage: KeyUsage) => Promise<InvokeOutcome>): Promise<InvokeOutcome> {
  if (kind.type !== "enum") return refused("type-unmatched");
  const usage = USAGES[kind.value];
  return usage === undefined || context.meter.surroundings.type.securitySuite === 0 ? refused("other-reason") : act(usage);
}

function generate(usage: KeyUsage, context: ObjectContext): Promise<InvokeOutcome> {
  return perform(context, { kind: "generateKeyPair", atMs: context.nowMs, usage });
}

function request(usage: KeyUsage, context: ObjectContext): InvokeOutcome {
  const key = context.keyPair(usage, "newest");
  if (key === undefined) return refused("other-reason");
  return { kind: "done", data: data.octets(createCertificateRequest(key, titleText(context.systemTitle))) };
}

async function perform(context: ObjectContext, operation: Parameters<ObjectContext["perform"]>[0]): Promise<InvokeOutcome> {
  return (await context.perform(operation)) ? DONE : refused("temporary-failure");
}
