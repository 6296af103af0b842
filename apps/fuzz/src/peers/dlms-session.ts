import { connectDlms, data, entrySelection, memoryCounter, type ClientOptions, type PduLink } from "@amity/dlms";
import { seededRandom, type Timers } from "@amity/runtime";
import { ECHO, ENERGY, METER, PROFILE, TEXT } from "./dlms-meter.ts";

const BLOCKS = ["general-protection", "general-block-transfer", "get", "set", "action", "selective-access", "access"] as const;

/** The ways in which a client of the fuzzed exchanges comes. Chance is drawn from one seed: what was recorded can be replayed. */
export const CLIENT_FORMS: readonly (() => ClientOptions)[] = [
  () => ({ clientSap: 16, authentication: { mechanism: "none" }, maxPduOctets: 200 }),
  () => ({ clientSap: 2, authentication: { mechanism: "lls", password: METER.password }, shortNames: true, maxPduOctets: 200 }),
  () => ({ ...ciphered(), maxPduOctets: 200 }),
  () => ({ clientSap: 16, authentication: { mechanism: "none" }, maxPduOctets: 120, conformance: BLOCKS, blockWindow: 3 }),
  () => ({ ...ciphered(), maxPduOctets: 120, conformance: BLOCKS, blockWindow: 3 }),
];

function ciphered(): ClientOptions {
  const security = {
    suite: 0,
    systemTitle: METER.clientTitle,
    keys: METER.keys,
    protection: "authenticated-encrypted",
    ciphering: "general-global",
    sent: memoryCounter(1),
  } as const;
  return { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security };
}

/** Everything that a client asks of a meter, once. */
export async function dlmsSession(link: PduLink, options: ClientOptions, timers: Timers): Promise<void> {
  const client = await connectDlms(link, { timeoutMs: 1_000, valueOctetsMax: 64 * 1024, ...options }, { timers, random: seededRandom(1) });
  client.onNotification(() => undefined);
  await client.get(ENERGY);
  await client.get(PROFILE);
  await client.get(PROFILE, entrySelection(2, 3));
  await client.getList([{ attribute: ENERGY }, { attribute: TEXT }]);
  await client.set(TEXT, data.octets(new Uint8Array(400)));
  await client.action(ECHO, data.octets(new Uint8Array(300)));
  if (client.association.conformance.has("access")) await client.access([{ kind: "get", attribute: ENERGY }]);
  await client.release();
}
