import type { MeterId } from "./identity.ts";

/** What can be asked of a meter (IEC 61968-9 EndDeviceControl). Critical ones pass the one gate of the head-end. */
export type EndDeviceControl =
  | { readonly kind: "disconnect" }
  | { readonly kind: "connect" }
  | { readonly kind: "readRegisters" }
  | { readonly kind: "readProfile"; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: "ping" }
  | { readonly kind: "setClock" };

/**
 * Life of a command. `unknown` is neither done nor failed: the outcome must be read back.
 * waiting → dispatched → done | failed | unknown → (read-back) done | failed; waiting → expired | cancelled.
 */
export type CommandState = "waiting" | "dispatched" | "unknown" | "done" | "failed" | "expired" | "cancelled";

export interface CommandRequest {
  /** Chosen by the requester: the same id again is the same command. */
  readonly commandId: string;
  readonly meterId: MeterId;
  readonly control: EndDeviceControl;
  readonly requestedBy: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
}
