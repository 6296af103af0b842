import { DecodeError, toHex } from "@amity/bytes";
import { accessClasses, data, parseObis, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import type { WrappedKey } from "../metrology/operations.ts";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

const KEY_TRANSFER = 2;
const KEYS_MAX = 4;
const IDS: Readonly<Record<string, WrappedKey["keyId"]>> = {
  "global-unicast-encryption": 0,
  "global-broadcast-encryption": 1,
  authentication: 2,
  master: 3,
};

/**
 * Class 64 Security setup version 1, 0-0:43.0.0, as far as a suite 0 meter has it. Keys are not to be read; new ones come
 * wrapped by the master key and count from the next association on.
 */
export function securitySetupObject(): MeterObject {
  return {
    definition: {
      classId: 64,
      version: 1,
      instanceId: parseObis("0-0:43.0.0"),
      attributes: attributes(RIGHTS.clientsRead, 6),
      methods: [{ id: KEY_TRANSFER, access: RIGHTS.managementInvokes }],
    },
    read(attributeId, { systemTitle }) {
      switch (attributeId) {
        case 2:
          // Requests and responses authenticated and encrypted (security policy bits 2, 3, 5, 6).
          return value(data.enumerated(0b0110_1100));
        case 3:
          return value(data.enumerated(0));
        case 4:
          return value(data.octets(new Uint8Array(0)));
        case 5:
          return value(data.octets(systemTitle));
        case 6:
          return value(data.array());
        default:
          return READ_REFUSED.undefined;
      }
    },
    invoke: (methodId, parameters, context) =>
      methodId === KEY_TRANSFER ? transferKeys(parameters, context) : Promise.resolve({ kind: "refused", result: "object-undefined" }),
  };
}

async function transferKeys(parameters: DlmsData | undefined, context: ObjectContext): Promise<InvokeOutcome> {
  const keys = wrappedKeys(parameters);
  if (keys === undefined) return { kind: "refused", result: "type-unmatched" };
  // All or nothing: one key that does not open changes none.
  if (!context.opensKeys(keys)) return { kind: "refused", result: "other-reason" };
  const done = await context.perform({ kind: "transferKeys", atMs: context.nowMs, keys });
  return done ? { kind: "done" } : { kind: "refused", result: "temporary-failure" };
}

/** `undefined`: not of the method's form, none, too many, unknown, or a key twice. */
function wrappedKeys(parameters: DlmsData | undefined): WrappedKey[] | undefined {
  if (parameters?.type !== "array" || parameters.value.length === 0 || parameters.value.length > KEYS_MAX) return undefined;
  try {
    const keys = accessClasses.securitySetup.methods.keyTransfer.decode(parameters).flatMap(({ keyId, keyWrapped }): WrappedKey[] => {
      const id = IDS[keyId];
      return id === undefined ? [] : [{ keyId: id, wrapped: toHex(keyWrapped) }];
    });
    return new Set(keys.map(({ keyId }) => keyId)).size === parameters.value.length ? keys : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
