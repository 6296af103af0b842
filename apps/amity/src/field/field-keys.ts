import type { SecurityKeys } from "@amity/dlms";
import { deriveMeterKeys } from "@amity/meter";

/** Keys of a concentrator's management association, by the same derivation as a meter's (see `deriveMeterKeys`). */
export function concentratorKeys(masterSecret: Uint8Array, concentratorId: string): SecurityKeys {
  const { encryptionKey, authenticationKey } = deriveMeterKeys(masterSecret, `concentrator ${concentratorId}`);
  return { encryptionKey, authenticationKey };
}

/** System title of a concentrator: `AMC` and its number. */
export function concentratorSystemTitle(concentratorId: string): Uint8Array {
  const title = new Uint8Array(8);
  title.set(new TextEncoder().encode("AMC"));
  new DataView(title.buffer).setUint32(4, Number(concentratorId.replace(/\D/g, "")));
  return title;
}
