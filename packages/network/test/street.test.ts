import {
  connectDlms,
  data,
  isNotification,
  memoryCounter,
  obisToOctets,
  parseObis,
  readNotification,
  wrapperLink,
  type DlmsClient,
} from "@amity/dlms";
import { createFleet, masterSecretFrom, MeterFleet, type FleetPlan } from "@amity/meter";
import { Simulation, type World } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { createLinkStation, createMedium, MEDIA, type LinkStation, type Medium } from "../src/index.ts";

const DAY_MS = 86_400_000;
const startMs = Date.UTC(2026, 0, 20, 1);

interface Street {
  readonly simulation: Simulation;
  readonly world: World;
  readonly medium: Medium;
  readonly concentrator: LinkStation;
  readonly plan: FleetPlan;
  readonly fleet: MeterFleet;
}

/** Meters on a medium, each with a station of its own, and a concentrator's station. */
async function street(preset: keyof typeof MEDIA, meters: number): Promise<Street> {
  const simulation = new Simulation({ seed: 5, startMs });
  const { world } = simulation.node("street");
  const medium = createMedium({ timers: world.timers, random: world.random.fork("medium") }, MEDIA[preset]);
  const plan = createFleet({ seed: 2, meters, feeders: 1, concentrators: 1, directShare: 0, startMs, installedDays: [5, 9] });
  const stations = new Map<string, LinkStation>();
  const fleet = await MeterFleet.open({
    plan,
    masterSecret: masterSecretFrom("street"),
    clock: world.clock,
    onLastGasp: (meterId, apdu) => stations.get(meterId)?.notify(0, apdu),
  });
  for (const { meterId, address } of plan.meters) {
    if (address.kind !== "medium") continue;
    const station = createLinkStation({ timers: world.timers, random: world.random.fork(meterId), medium, address: address.station });
    station.accept((connection) => fleet.attach(meterId, connection, world));
    stations.set(meterId, station);
  }
  const concentrator = createLinkStation({ timers: world.timers, random: world.random.fork("concentrator"), medium, address: 0 });
  return { simulation, world, medium, concentrator, plan, fleet };
}

async function associate({ concentrator, fleet, world }: Street, meterId: string, station: number): Promise<DlmsClient> {
  const { encryptionKey, authenticationKey } = fleet.keys(meterId);
  const connection = await concentrator.connect(station);
  const systemTitle = new TextEncoder().encode("CONCEN01");
  const keys = { encryptionKey, authenticationKey };
  return connectDlms(
    wrapperLink(connection, "client"),
    {
      clientSap: 1,
      authentication: { mechanism: "hls-gmac" },
      security: {
        suite: 0,
        systemTitle,
        keys,
        protection: "authenticated-encrypted",
        ciphering: "global",
        sent: memoryCounter(Math.floor(world.clock.nowMs() / 1000) % 1e9),
      },
      timeoutMs: 120_000,
    },
    world,
  );
}

function dayRange(): { selector: number; parameters: ReturnType<typeof data.structure> } {
  const stamp = (atMs: number): Uint8Array => {
    const at = new Date(atMs);
    return Uint8Array.of(
      at.getUTCFullYear() >> 8,
      at.getUTCFullYear() & 0xff,
      at.getUTCMonth() + 1,
      at.getUTCDate(),
      0xff,
      at.getUTCHours(),
      at.getUTCMinutes(),
      0,
      0,
      0,
      0,
      0,
    );
  };
  const clock = data.structure(
    data.longUnsigned(8),
    data.octets(obisToOctets(parseObis("0-0:1.0.0"))),
    data.integer(2),
    data.longUnsigned(0),
  );
  return {
    selector: 1,
    parameters: data.structure(clock, data.octets(stamp(startMs - DAY_MS + 60_000)), data.octets(stamp(startMs)), data.array()),
  };
}

/** The import register of each row of yesterday, as the wire brings it. */
async function readDay(client: DlmsClient): Promise<number[]> {
  const outcome = await client.get({ classId: 7, instanceId: parseObis("1-0:99.1.0"), attributeId: 2 }, dayRange());
  if (outcome.kind !== "data" || outcome.data.type !== "array") throw new Error("no profile");
  return outcome.data.value.map((row) =>
    row.type === "structure" && row.value[2]?.type === "double-long-unsigned" ? row.value[2].value : -1,
  );
}

describe.each(["plc", "rf"] as const)("meters behind a concentrator on %s", (preset) => {
  it("are read over the lossy medium, ciphered, and give what they measured", async () => {
    const here = await street(preset, 12);
    const { simulation, plan, fleet, medium } = here;
    let read = 0;
    const readAll = plan.meters.map(async ({ meterId, address }, index) => {
      await here.world.timers.sleep(index * 5_000);
      const client = await associate(here, meterId, address.kind === "medium" ? address.station : 0);
      const truth = Array.from({ length: 96 }, (_, row) => fleet.device(meterId).meter.registersAt(startMs - (95 - row) * 900_000)[0]);
      expect(await readDay(client)).toEqual(truth);
      await client.release();
      read++;
    });
    await simulation.runFor(Promise.all(readAll));
    expect(read).toBe(12);
    expect(medium.statistics.framesLost).toBeGreaterThan(0);
  });

  it("fall silent with their feeder in the middle of a reading, and are read again when it is back", async () => {
    const here = await street(preset, 3);
    const { simulation, plan, fleet, medium } = here;
    const [first] = plan.meters;
    const client = await simulation.runFor(associate(here, first!.meterId, 1));
    const reading = readDay(client);
    const outcome = expect(reading).rejects.toMatchObject({ blame: "link" });
    await simulation.runUntil(simulation.nowMs + 300);
    await fleet.setFeederPower(first!.feederId, false);
    medium.setDown(true);
    await simulation.runUntil(simulation.nowMs + 3_600_000);
    await outcome;
    medium.setDown(false);
    await fleet.setFeederPower(first!.feederId, true);
    const again = await simulation.runFor(associate(here, first!.meterId, 1));
    expect(await simulation.runFor(readDay(again))).toHaveLength(96);
    expect(fleet.device(first!.meterId).meter.powerFailures).toBe(1);
  });
});

describe("the last gasp", () => {
  it("reaches the concentrator from most meters while radio still carries it", async () => {
    const here = await street("rf", 40);
    const names = new Set<string>();
    here.concentrator.onNotify((message) => {
      expect(isNotification(message)).toBe(true);
      const { body } = readNotification(message);
      if (body.type === "structure" && body.value[1]?.type === "octet-string") names.add(new TextDecoder().decode(body.value[1].value));
    });
    await here.fleet.setFeederPower("F1", false);
    await here.simulation.runUntil(startMs + 30_000);
    expect(names.size).toBeGreaterThan(25);
  });
});
