import { createFleet, masterSecretFrom, MeterFleet } from "@amity/meter";
import { realNetwork, realRandom, realTimers } from "@amity/runtime";
import type { CollectReply, CollectRequest } from "./collect-messages.ts";

// The meters of `amity bench collect`, in a process of their own so that each side's CPU is its own.

const tell = (reply: CollectReply): void => void process.send?.(reply);

process.on("message", (request: CollectRequest) => {
  if (request.kind === "cpu") tell({ kind: "cpu", cpuMs: cpuMs(), rssOctets: process.memoryUsage.rss() });
  else void serve(request.meters);
});
process.on("disconnect", () => process.exit());

async function serve(meters: number): Promise<void> {
  const nowMs = Date.now();
  const plan = createFleet({ seed: 11, meters, feeders: 1, concentrators: 1, directShare: 1, startMs: nowMs });
  globalThis.gc?.();
  const rssBefore = process.memoryUsage.rss();
  const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("bench collect"), clock: { nowMs: () => nowMs } });
  const served = await fleet.serve({ timers: realTimers, random: realRandom(), network: realNetwork });
  const ports = plan.meters.map(({ meterId }) => served.addresses.get(meterId)?.port ?? 0);
  tell({ kind: "serving", nowMs, rssBefore, ports, meterIds: plan.meters.map(({ meterId }) => meterId) });
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
