/** Class 70 of IEC 62056-6-2: what the contact is, and what the control logic is waiting for. */
export interface SupplyState {
  readonly outputOn: boolean;
  readonly control: "disconnected" | "connected" | "readyForReconnection";
}
