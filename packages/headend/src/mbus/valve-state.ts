import { findVif, type DataRecord } from "@amity/mbus";
import type { SupplyState } from "../driver.ts";

/** VIF FD 1F, in one octet (the M-Bus companion of DSMR P2): written it moves the valve, read it tells where it stands. */
export const VALVE_CONTROL = findVif("remoteControl", "");
export const VALVE_COMMANDS = { disconnect: 0, connect: 1 } as const;

const VALVE_STATES: Readonly<Record<number, SupplyState>> = {
  0: { outputOn: false, control: "disconnected" },
  1: { outputOn: true, control: "connected" },
  2: { outputOn: false, control: "readyForReconnection" },
};

/** Where the valve stands, of records that tell it. */
export function valveOf(records: readonly DataRecord[]): SupplyState | undefined {
  const value = records.find(({ vib, storage }) => vib.quantity === "remoteControl" && storage === 0)?.value;
  return typeof value === "number" ? VALVE_STATES[value] : undefined;
}
