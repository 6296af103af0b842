import { SecurityError, toHex } from "@amity/bytes";
import { DataGuard, memoryReceivedCounter, type DataGuardParts, type ReceivedCounter } from "@amity/dlms";

/** Whose protected data a meter takes: system titles, for what is ciphered and for what is only signed. */
const ORIGINATORS_MAX = 16;

/** The guard of a meter's protected data (class 30). Counters of originators are in memory, as those of clients are. */
export function meterDataGuard(parts: Omit<DataGuardParts, "received">): DataGuard {
  const counters = new Map<string, ReceivedCounter>();
  return new DataGuard({
    ...parts,
    received(peerTitle, of) {
      const name = `${toHex(peerTitle)}/${of}`;
      const known = counters.get(name);
      if (known !== undefined) return known;
      if (counters.size >= ORIGINATORS_MAX)
        throw new SecurityError(`the meter keeps counters of ${ORIGINATORS_MAX} originators of data at most`, { code: "limit" });
      const counter = memoryReceivedCounter();
      counters.set(name, counter);
      return counter;
    },
  });
}
