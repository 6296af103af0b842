import type { BreakerActor, ControlMode } from "./operations.ts";

/** IEC 62056-6-2, class 70: control states 0, 1 and 2. */
export type ControlState = "disconnected" | "connected" | "readyForReconnection";

/**
 * Which moves a control mode allows (IEC 62056-6-2, 5.8 "Disconnect control", modes 0 to 6), by who wants them. The remote and the manual
 * disconnection lead to different states: after a remote one the customer's button does nothing.
 */
const MODES: readonly {
  readonly manualDisconnect: boolean;
  readonly remoteReconnect: "connected" | "readyForReconnection";
  readonly localReconnect: boolean;
}[] = [
  { manualDisconnect: false, remoteReconnect: "connected", localReconnect: false },
  { manualDisconnect: true, remoteReconnect: "connected", localReconnect: false },
  { manualDisconnect: true, remoteReconnect: "readyForReconnection", localReconnect: false },
  { manualDisconnect: false, remoteReconnect: "connected", localReconnect: false },
  { manualDisconnect: false, remoteReconnect: "readyForReconnection", localReconnect: false },
  { manualDisconnect: true, remoteReconnect: "connected", localReconnect: true },
  { manualDisconnect: false, remoteReconnect: "connected", localReconnect: true },
];

/** The state after somebody asks for a disconnection, or `undefined` where the mode or the state does not allow it. */
export function disconnected(state: ControlState, mode: ControlMode, by: BreakerActor): ControlState | undefined {
  if (mode === 0) return undefined;
  if (by === "remote") return state === "disconnected" ? undefined : "disconnected";
  if (state !== "connected") return undefined;
  if (by === "manual" && MODES[mode]?.manualDisconnect !== true) return undefined;
  return "readyForReconnection";
}

/** The state after somebody asks for a reconnection, or `undefined`. */
export function reconnected(state: ControlState, mode: ControlMode, by: BreakerActor): ControlState | undefined {
  if (mode === 0 || state === "connected") return undefined;
  if (by === "remote") {
    const target = MODES[mode]?.remoteReconnect ?? "connected";
    return state === "readyForReconnection" && target === "readyForReconnection" ? undefined : target;
  }
  if (state !== "readyForReconnection") return undefined;
  if (by === "local" && MODES[mode]?.localReconnect !== true) return undefined;
  return "connected";
}
