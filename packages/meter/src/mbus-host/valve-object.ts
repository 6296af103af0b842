import { data, parseObis, type InvokeOutcome } from "@amity/dlms";
import { findVif, type RecordInput } from "@amity/mbus";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject } from "../dlms/meter-object.ts";
import { disconnected, reconnected } from "../metrology/breaker.ts";
import { VALVE_COMMANDS } from "../sub-meter/sub-meter-device.ts";
import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";
import type { HostOf } from "./mbus-host.ts";

const CONTROL_STATES = { disconnected: 0, connected: 1, readyForReconnection: 2 } as const;
const REMOTE_CONTROL = findVif("remoteControl", "");

/**
 * Class 70 Disconnect control `0-n:24.4.0`: the valve of the meter on a channel. A method takes the M-Bus command for the meter's next window;
 * the states follow when the valve has moved. A meter without a valve, or that cannot be reached, refuses.
 */
export function valveObject(channel: HostChannel, hostOf: HostOf): MeterObject {
  return {
    definition: {
      classId: 70,
      version: 0,
      instanceId: parseObis(`0-${channel}:24.4.0`),
      attributes: attributes(RIGHTS.clientsRead, 4),
      methods: [1, 2].map((id) => ({ id, access: RIGHTS.managementInvokes })),
    },
    read(attributeId, { meter }) {
      const found = hostOf(meter)?.channel(channel);
      if (found?.setup.isInstalled !== true || !found.subMeter.meter.plan.hasValve) return READ_REFUSED.otherReason;
      const { state, mode } = found.subMeter.meter.valve;
      if (attributeId === 2) return value(data.boolean(state === "connected"));
      if (attributeId === 3) return value(data.enumerated(CONTROL_STATES[state]));
      return attributeId === 4 ? value(data.enumerated(mode)) : READ_REFUSED.undefined;
    },
    async invoke(methodId, parameters, { meter, nowMs }): Promise<InvokeOutcome> {
      if (parameters !== undefined && parameters.type !== "integer" && parameters.type !== "null-data")
        return { kind: "refused", result: "type-unmatched" };
      const found = hostOf(meter)?.channel(channel);
      if (found === undefined || !found.subMeter.meter.plan.hasValve) return { kind: "refused", result: "other-reason" };
      const command = methodId === 1 ? VALVE_COMMANDS.close : VALVE_COMMANDS.open;
      const { state, mode } = found.subMeter.meter.valve;
      const wanted = methodId === 1 ? disconnected(state, mode, "remote") : reconnected(state, mode, "remote");
      // Asking for the state that already is costs nothing and succeeds: a repeated command must not look like a failure.
      const isThere = state === (methodId === 1 ? "disconnected" : "connected") && (found.orderedState ?? state) === state;
      if (isThere) return { kind: "done" };
      const record: RecordInput = { coding: "int8", codes: REMOTE_CONTROL, value: command };
      const outcome = await found.moveValve({ records: [record], wanted: wanted ?? state }, nowMs);
      if (outcome === "obeyed" || outcome === "taken") return { kind: "done" };
      return { kind: "refused", result: outcome === "silent" ? "temporary-failure" : "other-reason" };
    },
  };
}
