import { listenDlms } from "@amity/dlms";
import { realNetwork, realRandom, realTimers } from "@amity/runtime";
import { benchMeter } from "./dlms-meter.ts";

// The meter of `amity bench dlms`, in a process of its own: the client waits for each answer over loopback TCP.

process.on("disconnect", () => process.exit());

const world = { timers: realTimers, random: realRandom(), network: realNetwork };
const { address } = await listenDlms(world, { host: "127.0.0.1", port: 0 }, benchMeter());
process.send?.({ port: address.port });
