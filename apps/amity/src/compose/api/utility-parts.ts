import type { HeadEnd, KeyVault, Registry as HeadEndRegistry } from "@amity/headend";
import type { Zone } from "@amity/intervals";
import type { World } from "@amity/runtime";
import type { Mdm } from "../mdm.ts";
import type { ClusterBook } from "../decisions/cluster-book.ts";
import type { DayBook } from "./day-book.ts";
import type { FleetWatch } from "./fleet-watch.ts";
import type { PlaceBook } from "./place-book.ts";

/** What the API is built over: read models of the head-end and the MDM, and the small memories beside them. */
export interface UtilityParts {
  readonly world: Pick<World, "clock" | "timers">;
  readonly headEnd: HeadEnd;
  readonly registry: HeadEndRegistry;
  /** Opens what was ciphered on the wire, for those who may look at sessions. */
  readonly keys: KeyVault;
  readonly mdm: Mdm;
  readonly clusters: ClusterBook;
  readonly days: DayBook;
  readonly watch: FleetWatch;
  readonly places: PlaceBook;
  readonly zone: Zone;
  readonly intervals: IntervalCounter;
  readonly demo: DemoControls | undefined;
  readonly approvalFor: readonly string[];
  readonly name: string;
  readonly version: string;
}

/** Intervals that the ledger took, and at what pace lately. */
export interface IntervalCounter {
  readonly stored: number;
  /** In a machine second. */
  readonly perSecond: number;
}

/** What only a simulated utility can do. */
export interface DemoControls {
  setFeeder(feederId: string, hasPower: boolean): Promise<number>;
  /** Since when a feeder is out, civil ms; `undefined` while it is live. */
  outSince(feederId: string): number | undefined;
  setSpeed(speed: number): void;
}
