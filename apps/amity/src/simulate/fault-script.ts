import type { MeterFleet } from "@amity/meter";
import type { Simulation } from "@amity/runtime";
import type { ConcentratorSite } from "./concentrator-site.ts";
import type { Fault } from "./faults.ts";
import type { HeadEndSite } from "./head-end-site.ts";

/** What a script of faults plays on. */
export interface FaultStage {
  readonly simulation: Simulation;
  readonly fleet: MeterFleet;
  readonly headEnd: HeadEndSite;
  readonly sites: readonly ConcentratorSite[];
  readonly note: (happening: string, detail: string) => void;
}

/** Octets that a full disk still takes: enough for a mark, not for a day of readings. */
const ROOM_LEFT_OCTETS = 300;

/** Puts every fault on the simulation's time line. Faults of one kind that overlap end together, with the last of them. */
export function playFaults(stage: FaultStage, faults: readonly Fault[]): void {
  const { simulation, note } = stage;
  const active = new Map<string, number>();
  for (const fault of faults) {
    const key = `${fault.kind} ${fault.target}`;
    simulation.at(fault.atMs, () => {
      note("fault", key);
      active.set(key, (active.get(key) ?? 0) + 1);
      begin(stage, fault);
    });
    simulation.at(fault.untilMs, () => {
      const left = (active.get(key) ?? 1) - 1;
      active.set(key, left);
      if (left > 0) return;
      note("fault-ends", key);
      end(stage, fault);
    });
  }
}

function begin(stage: FaultStage, { kind, target, atMs, untilMs, severity }: Fault): void {
  const { simulation, headEnd } = stage;
  const { network } = simulation;
  const site = stage.sites.find(({ concentratorId }) => concentratorId === target);
  const downMs = untilMs - atMs;
  switch (kind) {
    case "noise":
      return site?.surroundings.medium.setLoss(0.1 + 0.5 * severity);
    case "isolatedMeter":
      return isolate(stage, target, true);
    case "slowNetwork":
      Object.assign(network.conditions, { latencyMs: 300 + 2_500 * severity, jitterMs: 1_500 * severity });
      return;
    case "partition":
      return network.setPartition("head-end", target, true);
    case "streamReset":
      return network.resetStreams("head-end", target);
    case "concentratorCrash":
      return site?.crash(downMs);
    case "concentratorCrashAtWrite":
      return site?.crashAtNextWrite(lyingDownMs(severity));
    case "headEndCrash":
      return headEnd.crash(downMs);
    case "headEndCrashAtCommit":
      return headEnd.crashAtNextCommit(lyingDownMs(severity));
    case "feederCut":
      return cut(stage, target, true);
    case "diskFull":
      if (site !== undefined) site.node.disk.capacityOctets = site.node.disk.usedOctets + Math.floor(ROOM_LEFT_OCTETS * severity);
      return;
    case "databaseTrouble":
      return headEnd.setDatabaseTrouble(0.2 + 0.7 * severity);
  }
}

function end(stage: FaultStage, { kind, target }: Fault): void {
  const { network } = stage.simulation;
  const site = stage.sites.find(({ concentratorId }) => concentratorId === target);
  switch (kind) {
    case "noise":
      return site?.surroundings.medium.setLoss(site.surroundings.calmLoss);
    case "isolatedMeter":
      return isolate(stage, target, false);
    case "slowNetwork":
      Object.assign(network.conditions, CALM_NETWORK);
      return;
    case "partition":
      return network.setPartition("head-end", target, false);
    case "feederCut":
      return cut(stage, target, false);
    case "diskFull":
      if (site !== undefined) site.node.disk.capacityOctets = Number.POSITIVE_INFINITY;
      return;
    case "databaseTrouble":
      return stage.headEnd.setDatabaseTrouble(0);
    case "concentratorCrashAtWrite":
      return site?.crashAtNextWrite(undefined);
    case "headEndCrashAtCommit":
      return stage.headEnd.crashAtNextCommit(undefined);
    default:
      // Crashes and resets end by themselves.
      return;
  }
}

/** How long a node that died in the middle of something stays down: one to ten minutes. */
function lyingDownMs(severity: number): number {
  return 60_000 + Math.floor(540 * severity) * 1_000;
}

/** The wide-area network when nothing disturbs it. */
export const CALM_NETWORK = { latencyMs: 40, jitterMs: 20 } as const;

function isolate({ sites, fleet }: FaultStage, meterId: string, isIsolated: boolean): void {
  const place = placeOf(fleet, meterId);
  if (place === undefined) return;
  const { concentratorId, station } = place;
  sites.find((site) => site.concentratorId === concentratorId)?.surroundings.medium.setIsolated(station, isIsolated);
}

function placeOf({ plan }: MeterFleet, meterId: string): { readonly concentratorId: string; readonly station: number } | undefined {
  const reach = plan.subMeters.find((candidate) => candidate.meterId === meterId)?.reach;
  if (reach?.kind === "wireless") return reach;
  const address = plan.meters.find((candidate) => candidate.meterId === meterId)?.address;
  return address?.kind === "medium" ? address : undefined;
}

/** The meters of a feeder lose power, and with them the street that their frames travel on. */
function cut({ sites, fleet, note }: FaultStage, feederId: string, isCut: boolean): void {
  for (const { surroundings } of sites) if (surroundings.feederId === feederId) surroundings.medium.setDown(isCut);
  void fleet.setFeederPower(feederId, !isCut).then((meters) => note("feeder", `${feederId} ${isCut} ${meters.length}`));
}
