import type { NetworkLink, NetworkNode, Topology } from "@amity/mdm";
import type { FleetPlan } from "@amity/meter";
import { usagePointOf } from "../compose/api/place-book.ts";

const SUBSTATION = "S1";
/** Apparent power that a home is planned with on its transformer: not all cook at once. */
const KVA_A_HOME = 3.5;

/** Distribution transformers as they are sold, with their highest losses (W): Regulation (EU) 548/2014, table I.1, tier 1. */
const TRANSFORMERS = [
  { nameplateKva: 50, noLoadLossW: 90, loadLossW: 1100 },
  { nameplateKva: 100, noLoadLossW: 145, loadLossW: 1750 },
  { nameplateKva: 160, noLoadLossW: 210, loadLossW: 2350 },
  { nameplateKva: 250, noLoadLossW: 300, loadLossW: 3250 },
  { nameplateKva: 315, noLoadLossW: 360, loadLossW: 3900 },
  { nameplateKva: 400, noLoadLossW: 430, loadLossW: 4600 },
  { nameplateKva: 500, noLoadLossW: 510, loadLossW: 5500 },
  { nameplateKva: 630, noLoadLossW: 600, loadLossW: 6500 },
  { nameplateKva: 800, noLoadLossW: 650, loadLossW: 8400 },
  { nameplateKva: 1000, noLoadLossW: 770, loadLossW: 10_500 },
] as const;
const LARGEST = TRANSFORMERS[TRANSFORMERS.length - 1];

/** Tells the MDM which usage point hangs on which transformer and feeder, from the first installation on. Again: nothing changes. */
export async function provisionNetwork(topology: Topology, plan: FleetPlan): Promise<void> {
  const homes = new Map<string, number>();
  for (const { transformerId } of plan.meters) homes.set(transformerId, (homes.get(transformerId) ?? 0) + 1);
  const nodes: NetworkNode[] = [
    { nodeId: SUBSTATION, kind: "substation", name: "Primary substation" },
    ...plan.feeders.map(({ feederId, name }): NetworkNode => ({ nodeId: feederId, kind: "feeder", name, parentId: SUBSTATION })),
    ...plan.transformers.map(({ transformerId, feederId }): NetworkNode => {
      const needed = (homes.get(transformerId) ?? 0) * KVA_A_HOME;
      const type = TRANSFORMERS.find(({ nameplateKva }) => nameplateKva >= needed) ?? LARGEST;
      return { nodeId: transformerId, kind: "transformer", name: transformerId, parentId: feederId, ...type };
    }),
  ];
  const links = plan.meters.map((meter): NetworkLink => ({ usagePointId: usagePointOf(meter), nodeId: meter.transformerId, role: "load" }));
  const fromMs = plan.meters.reduce((earliest, { installedMs }) => Math.min(earliest, installedMs), Number.POSITIVE_INFINITY);
  if (Number.isFinite(fromMs)) await topology.declare({ nodes, links }, fromMs);
}
