import { data, parseObis, type InvokeOutcome } from "@amity/dlms";
import { CONTROL_MODES } from "../metrology/operations.ts";
import { READ_REFUSED, RIGHTS, value, type MeterObject } from "./meter-object.ts";

const CONTROL_STATES = { disconnected: 0, connected: 1, readyForReconnection: 2 } as const;

/** Class 70 Disconnect control, 0-0:96.3.10. What the state or the mode does not allow is refused, and nothing moves. */
export function disconnectObject(): MeterObject {
  return {
    definition: {
      classId: 70,
      version: 0,
      instanceId: parseObis("0-0:96.3.10"),
      attributes: [1, 2, 3, 4].map((id) => ({ id, access: id === 4 ? RIGHTS.managementWrites : RIGHTS.clientsRead })),
      methods: [1, 2].map((id) => ({ id, access: RIGHTS.managementInvokes })),
    },
    read(attributeId, { meter }) {
      switch (attributeId) {
        case 2:
          return value(data.boolean(meter.controlState === "connected"));
        case 3:
          return value(data.enumerated(CONTROL_STATES[meter.controlState]));
        case 4:
          return value(data.enumerated(meter.controlMode));
        default:
          return READ_REFUSED.undefined;
      }
    },
    async write(attributeId, mode, context) {
      if (attributeId !== 4) return "read-write-denied";
      if (mode.type !== "enum") return "type-unmatched";
      const found = CONTROL_MODES.find((known) => known === mode.value);
      if (found === undefined) return "other-reason";
      return (await context.perform({ kind: "setControlMode", atMs: context.nowMs, mode: found })) ? "success" : "temporary-failure";
    },
    async invoke(methodId, parameters, context): Promise<InvokeOutcome> {
      if (parameters !== undefined && parameters.type !== "integer" && parameters.type !== "null-data")
        return { kind: "refused", result: "type-unmatched" };
      const kind = methodId === 1 ? "disconnect" : "reconnect";
      // Asking for the state that already is costs nothing and succeeds: a repeated command must not look like a failure.
      if (context.meter.controlState === (kind === "disconnect" ? "disconnected" : "connected")) return { kind: "done" };
      const moved = await context.perform({ kind, atMs: context.nowMs, by: "remote" });
      return moved ? { kind: "done" } : { kind: "refused", result: "other-reason" };
    },
  };
}
