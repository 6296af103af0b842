import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";

/** What a client changes of an M-Bus channel of an electricity meter; kept in the journal under the electricity meter's id. */
export type MbusHostOperation = { readonly atMs: number; readonly channel: HostChannel } & (
  | { readonly kind: "mbusInstall"; readonly primaryAddress: number }
  | { readonly kind: "mbusDeinstall" | "mbusResetAlarm" }
  /** The key that the channel deciphers with: wrapped by the host's master key (RFC 3394, hex); empty for none. */
  | { readonly kind: "mbusKey"; readonly wrapped: string }
  | { readonly kind: "mbusClear"; readonly what: "profile" | "log" }
);

/** Whether an entry of a journal is about an M-Bus channel. */
export function isMbusHostOperation(operation: { readonly kind: string }): operation is MbusHostOperation {
  return operation.kind.startsWith("mbus");
}
