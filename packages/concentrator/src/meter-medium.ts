import { UsageError } from "@amity/bytes";
import type { LinkStation } from "@amity/network";
import type { Connection } from "@amity/runtime";

/** The local side: how the concentrator gets a link to one of its meters. */
export interface MeterMedium {
  /** @throws LinkError where the meter does not answer. */
  connect(meterAddress: string, options: { timeoutMs: number }): Promise<Connection>;
  /** Called for what meters send of themselves (last gasp, alarms). Absent where the medium carries no such thing. */
  onPush?(handler: (meterAddress: string, apdu: Uint8Array) => void): void;
}

/** Meters on a shared medium, by their station address in decimal. */
export function stationMedium(station: LinkStation): MeterMedium {
  return {
    connect(meterAddress, options) {
      const address = Number(meterAddress);
      if (!Number.isInteger(address)) throw new UsageError(`"${meterAddress}" is no station address`, { code: "address" });
      return station.connect(address, options);
    },
    onPush: (handler) => station.onNotify((message, from) => handler(String(from), message)),
  };
}
