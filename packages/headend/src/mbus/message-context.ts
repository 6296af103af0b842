import type { Zone } from "@amity/intervals";
import type { EndDeviceEventKind, MeterId } from "@amity/model";
import type { Medium } from "../medium.ts";

/** Whose message it is, and when it came. */
export interface MessageContext {
  readonly meterId: MeterId;
  /** What it measures where the registry says so; else its device type does. */
  readonly medium: Medium | undefined;
  readonly atMs: number;
  /** Of the meter's clock. */
  readonly zone: Zone;
  /** What the bits of the error flags stand for, lowest first; absent where the registry does not say. */
  readonly errorBits?: readonly EndDeviceEventKind[];
}
