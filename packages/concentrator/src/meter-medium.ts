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

/**
 * Meters on a shared medium, by their station address in decimal. With `takePushes` the concentrator takes what meters send of
 * themselves and delivers it; a station tells only one listener, so leave it out where somebody else listens.
 */
export function stationMedium(station: LinkStation, options: { readonly takePushes?: boolean } = {}): MeterMedium {
  const medium: MeterMedium = {
    connect(meterAddress, options) {
      const address = Number(meterAddress);
      if (!Number.isInteger(address)) throw new UsageError(`"${meterAddress}" is no station address`, { code: "address" });
      return station.connect(address, options);
    },
  };
  if (options.takePushes !== true) return medium;
  return { ...medium, onPush: (handler) => station.onNotify((message, from) => handler(String(from), message)) };
}
