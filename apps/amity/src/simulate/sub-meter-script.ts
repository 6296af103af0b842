import { AmityError } from "@amity/bytes";
import type { MeterFleet, PlannedSubMeter, SubMeterOperation } from "@amity/meter";
import type { Random, Simulation } from "@amity/runtime";
import type { HeadEndSite } from "./head-end-site.ts";

/** Something that happens to a gas, water or heat meter, and its end. */
export interface SubMeterHappening {
  readonly meterId: string;
  readonly atMs: number;
  readonly untilMs: number;
  readonly begin: (atMs: number) => SubMeterOperation;
  readonly end: (atMs: number) => SubMeterOperation;
}

/** A valve that the head-end is asked to shut or open. */
export interface ValveCommand {
  readonly commandId: string;
  readonly meterId: string;
  readonly kind: "disconnect" | "connect";
  readonly atMs: number;
  readonly expiresAtMs: number;
  /** The gate took it. */
  isTaken: boolean;
}

/** What happens to the sub-meters of a run. */
export interface SubMeterScript {
  readonly happenings: readonly SubMeterHappening[];
  readonly commands: readonly ValveCommand[];
}

const HOUR_MS = 3_600_000;
const COMMAND_LIFE_MS = 2 * HOUR_MS;
/** Enough for a meter to call it a burst. */
const BURST_LITRES_PER_HOUR = 700;

type Kind = Pick<SubMeterHappening, "begin" | "end">;

const BURST: Kind = {
  begin: (atMs) => ({ kind: "leak", litresPerHour: BURST_LITRES_PER_HOUR, atMs }),
  end: (atMs) => ({ kind: "leak", litresPerHour: 0, atMs }),
};
const BACKFLOW: Kind = {
  begin: (atMs) => ({ kind: "backflow", litresPerHour: 90, atMs }),
  end: (atMs) => ({ kind: "backflow", litresPerHour: 0, atMs }),
};
const BATTERY: Kind = { begin: (atMs) => ({ kind: "batteryLow", atMs }), end: (atMs) => ({ kind: "batteryRenewed", atMs }) };
const COVER: Kind = { begin: (atMs) => ({ kind: "openCover", atMs }), end: (atMs) => ({ kind: "closeCover", atMs }) };
const KINDS: Readonly<Record<PlannedSubMeter["medium"], readonly Kind[]>> = {
  gas: [BURST, BATTERY, COVER],
  water: [BURST, BACKFLOW, BATTERY, COVER],
  heat: [BATTERY, COVER],
};

/** Draws what happens: to every meter each kind once, and its valve, where it has one, is shut and opened again. All ends before `toMs`. */
export function drawSubMeterScript(
  random: Random,
  meters: readonly PlannedSubMeter[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): SubMeterScript {
  const lengthMs = toMs - fromMs;
  const happenings = meters.flatMap(({ meterId, medium }) =>
    KINDS[medium].map((kind): SubMeterHappening => {
      const atMs = wholeSeconds(fromMs + random.float() * lengthMs * 0.8);
      return { ...kind, meterId, atMs, untilMs: wholeSeconds(atMs + (toMs - atMs) * (0.2 + 0.8 * random.float())) };
    }),
  );
  const commands = meters
    .filter(({ hasValve }) => hasValve)
    .flatMap(({ meterId }) => {
      const shutMs = wholeSeconds(fromMs + random.float() * lengthMs * 0.5);
      const openMs = wholeSeconds(shutMs + COMMAND_LIFE_MS + random.float() * Math.max(0, toMs - shutMs - COMMAND_LIFE_MS));
      return [commandOf(meterId, "disconnect", shutMs), commandOf(meterId, "connect", openMs)];
    });
  return { happenings, commands };
}

/** Puts all of it on the simulation's time line. @returns the commands; each knows in the end whether the gate took it. */
export function playSubMeterScript(
  stage: {
    readonly simulation: Simulation;
    readonly fleet: MeterFleet;
    readonly headEnd: HeadEndSite;
    readonly note: (happening: string, detail: string) => void;
  },
  { happenings, commands }: SubMeterScript,
): readonly ValveCommand[] {
  const { simulation, fleet, headEnd, note } = stage;
  const happen = (meterId: string, operation: (atMs: number) => SubMeterOperation): void => {
    void fleet.happenToSubMeters([meterId], operation).then((changed) => note("sub-meter", `${meterId} ${changed.length}`));
  };
  for (const { meterId, atMs, untilMs, begin, end } of happenings) {
    simulation.at(atMs, () => happen(meterId, begin));
    simulation.at(untilMs, () => happen(meterId, end));
  }
  for (const command of commands) {
    simulation.at(command.atMs, () => {
      const { commandId, meterId, kind, atMs, expiresAtMs } = command;
      const request = { commandId, meterId, control: { kind }, requestedBy: "simulation", requestedAtMs: atMs, expiresAtMs };
      // While the head-end is down nobody can ask it anything.
      headEnd.running?.submit(request).then(
        () => {
          command.isTaken = true;
          note("valve-command", commandId);
        },
        (error: unknown) => {
          if (!(error instanceof AmityError)) throw error;
          note("valve-command-refused", `${commandId} ${error.message}`);
        },
      );
    });
  }
  return commands;
}

function commandOf(meterId: string, kind: ValveCommand["kind"], atMs: number): ValveCommand {
  return { commandId: `${kind} ${meterId}`, meterId, kind, atMs, expiresAtMs: atMs + COMMAND_LIFE_MS, isTaken: false };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
