import { data, ipClasses, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { configure, configuredObject, outcomeOf, refused, DONE } from "../configured-object.ts";
import { configuredValue, hasForm } from "../configured-values.ts";
import { octetText } from "../identity.ts";
import type { MeterObject, ObjectContext } from "../meter-object.ts";

const { ntpSetup } = ipClasses;
const NAME = "0-0:25.10.0";
const ATTRIBUTE = { activated: 2, serverAddress: 3, method: 5, keys: 6 } as const;
const KEYS_MAX = 8;
const SHARED_SECRETS = 1;
const NO_ADDRESS = octetText("");

/**
 * Class 100 NTP setup, 0-0:25.10.0: synchronize sets the meter's clock to the time of the simulated network, which is true, where it is activated,
 * has a server, and has a key where it needs one. Keys are written, not read.
 */
export function ntpSetupObject(): MeterObject {
  return configuredObject({
    class: ntpSetup,
    name: NAME,
    values: {
      activated: data.boolean(false),
      serverAddress: NO_ADDRESS,
      serverPort: data.longUnsigned(123),
      authenticationMethod: data.enumerated(0),
      authenticationKeys: data.array(),
      clientKey: data.octets(new Uint8Array(0)),
    },
    writable: ["activated", "serverAddress", "serverPort", "authenticationMethod", "authenticationKeys", "clientKey"],
    hidden: ["authenticationKeys", "clientKey"],
    judge: (attribute, given) =>
      attribute === "authenticationKeys" && given.type === "array" && given.value.length > KEYS_MAX ? "other-reason" : undefined,
    methods: {
      synchronize,
      addAuthenticationKey: async (given, context) => {
        if (!hasForm(() => ntpSetup.methods.addAuthenticationKey.decode(given))) return refused("type-unmatched");
        const added = ntpSetup.methods.addAuthenticationKey.decode(given);
        return keepKeys([...keysOf(context).filter(({ keyId }) => keyId !== added.keyId), added], context);
      },
      deleteAuthenticationKey: async (given, context) => {
        if (given.type !== "double-long-unsigned") return refused("type-unmatched");
        const kept = keysOf(context).filter(({ keyId }) => keyId !== given.value);
        return kept.length === keysOf(context).length ? refused("other-reason") : keepKeys(kept, context);
      },
    },
  });
}

async function synchronize(_parameter: DlmsData, context: ObjectContext): Promise<InvokeOutcome> {
  const at = (attributeId: number, factory: DlmsData): DlmsData => configuredValue(context, NAME, attributeId, factory);
  const activated = at(ATTRIBUTE.activated, data.boolean(false));
  const address = at(ATTRIBUTE.serverAddress, NO_ADDRESS);
  const method = at(ATTRIBUTE.method, data.enumerated(0));
  const isActive = activated.type === "boolean" && activated.value;
  const hasServer = (address.type === "octet-string" || address.type === "visible-string") && address.value.length > 0;
  if (!isActive || !hasServer) return refused("object-unavailable");
  if (method.type === "enum" && method.value === SHARED_SECRETS && keysOf(context).length === 0) return refused("other-reason");
  const { nowMs } = context;
  return (await context.perform({ kind: "setClock", atMs: nowMs, toMs: nowMs })) ? DONE : refused("temporary-failure");
}

type NtpKey = ReturnType<typeof ntpSetup.methods.addAuthenticationKey.decode>;

function keysOf(context: ObjectContext): readonly NtpKey[] {
  return ntpSetup.attributes.authenticationKeys.decode(configuredValue(context, NAME, ATTRIBUTE.keys, data.array()));
}

async function keepKeys(keys: readonly NtpKey[], context: ObjectContext): Promise<InvokeOutcome> {
  if (keys.length > KEYS_MAX) return refused("other-reason");
  const value = ntpSetup.attributes.authenticationKeys.encode(keys);
  return outcomeOf(await configure(NAME, [[ATTRIBUTE.keys, value]], context));
}
