import type { FleetOptions } from "@amity/meter";

/** What the program tells the field's process first. */
export interface FieldStart {
  readonly kind: "start";
  readonly fleet: FleetOptions;
  /** Hex. Secret of the demo fleet. */
  readonly masterSecret: string;
  /** Folder of the concentrators' disks and the meters' journal. */
  readonly folder: string;
  readonly clock: ClockSetting;
  readonly historyMs: number;
  readonly collectEveryMs: number;
  /** UDP port of the head-end that takes pushes (wrapper). */
  readonly pushPort: number;
}

/** The civil clock as a line through one point, so that two processes agree on it. */
export interface ClockSetting {
  readonly speed: number;
  /** Civil ms at the wall-clock instant `wallMs`. */
  readonly civilMs: number;
  readonly wallMs: number;
}

/** What the program asks of the running field. */
export type FieldRequest =
  | FieldStart
  | { readonly kind: "clock"; readonly clock: ClockSetting }
  | { readonly kind: "feeder"; readonly id: number; readonly feederId: string; readonly hasPower: boolean }
  | { readonly kind: "stop" };

/** What the field tells the program. */
export type FieldReply =
  | {
      readonly kind: "started";
      /** Port of each direct meter, and of each concentrator, by id. */
      readonly meterPorts: Readonly<Record<string, number>>;
      readonly concentratorPorts: Readonly<Record<string, number>>;
    }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "feeder"; readonly id: number; readonly meters: number }
  | { readonly kind: "concentratorEvent"; readonly concentratorId: string; readonly event: string; readonly detail: string };
