import { realTimers, seededRandom } from "@amity/runtime"; import { leaseMigrations, migrate, openScratchStore } from "@amity/store";
import { mdmMigrations, runMdmBench, runBillsBench } from "./src/index.ts";
const s = await openScratchStore({ timers: realTimers, random: seededRandom("bench"+process.pid) });
await migrate(s.store, [leaseMigrations, mdmMigrations]);
for (let i=0;i<2;i++) console.log(await runBillsBench(s.store, { timers: realTimers, clock: { nowMs: () => Date.UTC(2026,0,1) }, points: 4000 }));
await s.close();
