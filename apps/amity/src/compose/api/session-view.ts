import type { SessionTrace } from "@amity/api";
import type { Device, KeyVault } from "@amity/headend";
import { traceShape, type TraceKeys } from "./trace-shape.ts";
import type { UtilityParts } from "./utility-parts.ts";

/** The last session with a meter, or what was last heard of it; of one behind another, the last with its host. */
export async function lastSessionOf({ headEnd, registry, keys }: UtilityParts, meterId: string): Promise<SessionTrace | undefined> {
  const device = (await registry.device(meterId))?.device;
  if (device === undefined) return undefined;
  const spoken = device.route.kind === "behind" ? device.route.hostMeterId : meterId;
  const trace = headEnd.views.sessionTrace(spoken);
  return trace === undefined ? undefined : traceShape(trace, await traceKeysOf(keys, { ...device, meterId: spoken }));
}

/** Protocols whose messages are ciphered on the wire, and under which names their keys are in the vault. */
const KEY_NAMES: Readonly<Record<string, { readonly key: string; readonly authenticationKey?: string }>> = {
  mbus: { key: "mbus" },
  wmbus: { key: "mbus" },
  "dsmr-p1": { key: "guek", authenticationKey: "gak" },
};

async function traceKeysOf(vault: KeyVault, { meterId, protocol }: Device): Promise<TraceKeys> {
  const secretOf = async (purpose: string | undefined): Promise<Uint8Array | undefined> => {
    if (purpose === undefined) return undefined;
    const ref = { owner: meterId, purpose };
    return (await vault.has(ref)) ? vault.secret(ref) : undefined;
  };
  const names = KEY_NAMES[protocol];
  const [key, authenticationKey] = await Promise.all([secretOf(names?.key), secretOf(names?.authenticationKey)]);
  return { ...(key === undefined ? {} : { key }), ...(authenticationKey === undefined ? {} : { authenticationKey }) };
}
