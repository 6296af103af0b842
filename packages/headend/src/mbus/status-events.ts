import type { Application } from "@amity/mbus";
import type { EndDeviceEventKind } from "@amity/model";
import type { StandingCondition, StandingReport } from "../standing.ts";
import type { MessageContext } from "./message-context.ts";
import { valveOf } from "./valve-state.ts";

/** Log name of what the status octet of a message says (EN 13757-7, 7.5.6). */
export const MBUS_STATUS_LOG = "mbus-status";
/** Log name of error flags (VIF FD 17), whose bits are the manufacturer's. */
export const MBUS_ERRORS_LOG = "mbus-error-flags";
/** Log name of where the valve stands (VIF FD 1F): 0 shut, 2 released for a hand at the meter. */
export const MBUS_VALVE_LOG = "mbus-valve";

const BITS: readonly { readonly bit: number; readonly kind: EndDeviceEventKind; readonly text: string }[] = [
  { bit: 0x04, kind: "batteryLow", text: "power low" },
  { bit: 0x08, kind: "deviceError", text: "permanent error" },
  { bit: 0x10, kind: "deviceError", text: "temporary error" },
];
/** Bits 0 and 1 are a number: 2 is any application error, 3 an abnormal condition. */
const APPLICATION_ALARM = 3;

/**
 * What status octets, error flags and valve say is the matter with a meter; `undefined` where the message has none of them. A meter repeats
 * it in every message for as long as it lasts. What named error flags say in detail, the status octet does not say again.
 */
export function standingOf(
  applications: readonly Application[],
  context: Pick<MessageContext, "atMs" | "errorBits">,
): StandingReport | undefined {
  const conditions = new Map<string, StandingCondition>();
  const add = (condition: StandingCondition): void => void conditions.set(`${condition.log} ${condition.code}`, condition);
  const logs = new Set<string>();
  const flags = flagsOf(applications);
  if (flags !== undefined) {
    logs.add(MBUS_ERRORS_LOG);
    for (const condition of flagConditions(flags, context.errorBits)) add(condition);
  }
  const isExplained = context.errorBits !== undefined && flags !== undefined && flags !== 0;
  for (const { header } of applications) {
    if (header === undefined) continue;
    logs.add(MBUS_STATUS_LOG);
    if (!isExplained) for (const condition of statusConditions(header.status)) add(condition);
  }
  const supply = valveOf(applications.flatMap(({ records }) => records))?.control;
  if (supply !== undefined) {
    logs.add(MBUS_VALVE_LOG);
    if (supply !== "connected") add({ log: MBUS_VALVE_LOG, code: 0, kind: "supplyDisconnected", detail: "valve shut" });
    if (supply === "readyForReconnection") add({ log: MBUS_VALVE_LOG, code: 2, kind: "supplyArmed", detail: "valve released" });
  }
  if (logs.size === 0) return undefined;
  return { atMs: context.atMs, logs: [...logs], conditions: [...conditions.values()], ...(supply === undefined ? {} : { supply }) };
}

function statusConditions(status: number): StandingCondition[] {
  const log = MBUS_STATUS_LOG;
  const standing = BITS.filter(({ bit }) => (status & bit) !== 0).map(({ bit, kind, text }) => ({ log, code: bit, kind, detail: text }));
  if ((status & 0x03) !== APPLICATION_ALARM) return standing;
  return [...standing, { log, code: APPLICATION_ALARM, kind: "other", detail: "abnormal condition" }];
}

/** The error flags of now; `undefined` where no message has any. */
function flagsOf(applications: readonly Application[]): number | undefined {
  const values = applications.flatMap(({ records }) =>
    records.flatMap(({ vib, value, storage }) =>
      vib.quantity === "errorFlags" && storage === 0 && typeof value === "number" ? [value] : [],
    ),
  );
  return values.at(0);
}

function flagConditions(flags: number, errorBits: readonly EndDeviceEventKind[] | undefined): StandingCondition[] {
  const log = MBUS_ERRORS_LOG;
  if (errorBits === undefined) {
    return flags === 0 ? [] : [{ log, code: flags % 2 ** 31, kind: "deviceError", detail: `error flags ${flags.toString(16)}` }];
  }
  return errorBits.flatMap((kind, bit) =>
    Math.floor(flags / 2 ** bit) % 2 === 1 ? [{ log, code: 2 ** bit % 2 ** 31, kind, detail: `error flag ${bit}` }] : [],
  );
}
