import { defaultSources, startConcentrator, stationMedium, type LocalMeter } from "@amity/concentrator";
import { createFleet, deriveMeterKeys, masterSecretFrom, MeterFleet } from "@amity/meter";
import { createLinkStation, createMedium, MEDIA } from "@amity/network";
import { Simulation } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { dlmsDriver, type Device } from "../src/index.ts";
import { DAY_MS, HOUR_MS, lastingHeadEnd, START_MS, TITLE } from "./lasting-head-end.ts";

const SECRET = masterSecretFrom("real meters");

/** Simulated meters, some on power-line behind a concentrator, some on TCP: everything between them and the sink is the real thing. */
async function utility() {
  const simulation = new Simulation({ seed: 1, startMs: START_MS });
  const plan = createFleet({
    seed: 1,
    meters: 8,
    feeders: 1,
    concentrators: 1,
    directShare: 0.3,
    startMs: START_MS,
    installedDays: [5, 9],
  });
  const { world } = simulation.node("field");
  const medium = createMedium({ timers: world.timers, random: world.random.fork("medium") }, { ...MEDIA.plc, speed: 30 });
  const stations = new Map<string, ReturnType<typeof createLinkStation>>();
  const onLastGasp = (meterId: string, apdu: Uint8Array): void => stations.get(meterId)?.notify(0, apdu);
  const fleet = await MeterFleet.open({ plan, masterSecret: SECRET, clock: world.clock, onLastGasp });
  const served = await fleet.serve(world, { host: "field" });
  const locals: LocalMeter[] = [];
  for (const { meterId, address } of plan.meters) {
    if (address.kind !== "medium") continue;
    const station = createLinkStation({ medium, address: address.station, timers: world.timers, random: world.random.fork(meterId) });
    station.accept((connection) => fleet.attach(meterId, connection, world));
    stations.set(meterId, station);
    const password = deriveMeterKeys(SECRET, meterId).readingPassword;
    locals.push({ meterId, address: String(address.station), clientSap: 2, authentication: { mechanism: "lls", password } });
  }
  const dcu = simulation.node("C01").world;
  const station = createLinkStation({ medium, address: 0, timers: dcu.timers, random: dcu.random.fork("station") });
  const concentrator = await simulation.runFor(
    startConcentrator(dcu, stationMedium(station, { takePushes: true }), {
      concentratorId: "C01",
      systemTitle: new TextEncoder().encode("DCU00001"),
      keys: deriveMeterKeys(SECRET, "C01"),
      listen: { host: "C01", port: 4061 },
      meters: locals,
      sources: defaultSources(3 * DAY_MS),
    }),
  );
  const { keys, registry, sink, ...head } = lastingHeadEnd(simulation, {
    drivers: [dlmsDriver({ systemTitle: TITLE })],
    headEnd: { historyMs: 3 * DAY_MS },
  });
  const devices = plan.meters.map(({ meterId, address }): Device => {
    const direct = { kind: "direct" as const, address: served.addresses.get(meterId) ?? { host: "nowhere", port: 1 } };
    const relayed = {
      kind: "concentrator" as const,
      concentratorId: "C01",
      meterAddress: address.kind === "medium" ? String(address.station) : "",
    };
    return { meterId, protocol: "dlms", settings: {}, status: "active", route: address.kind === "tcp" ? direct : relayed };
  });
  await registry.registerDevices(devices);
  await registry.registerConcentrators([
    { concentratorId: "C01", address: concentrator.address, settings: {}, sessionsMax: 2, status: "active" },
  ]);
  for (const owner of [...plan.meters.map(({ meterId }) => meterId), "C01"]) {
    const { encryptionKey, authenticationKey } = deriveMeterKeys(SECRET, owner);
    await keys.store([
      { ref: { owner, purpose: "guek" }, secret: encryptionKey },
      { ref: { owner, purpose: "gak" }, secret: authenticationKey },
    ]);
  }
  return { simulation, plan, fleet, headEnd: head.headEnd(), sink, locals, concentrator };
}

describe("simulated meters on power-line and on TCP", () => {
  it("are collected whole, switched and heard at their last gasp", async () => {
    const { simulation, plan, fleet, headEnd, sink, locals, concentrator } = await utility();
    await headEnd.start();
    await simulation.runUntil(START_MS + 3 * HOUR_MS);
    expect(headEnd.views.backfill()).toMatchObject({ fraction: 1, metersComplete: 8 });
    const untilMs = Date.UTC(2026, 10, 1, 14, 0);
    for (const { meterId } of plan.meters) {
      const { meter } = fleet.device(meterId);
      const before = meter.registersAt(Date.UTC(2026, 10, 1, 6, 0), new Float64Array(4)).slice();
      const after = meter.registersAt(untilMs, new Float64Array(4)).slice();
      let sum = 0;
      for (let atMs = Date.UTC(2026, 10, 1, 6, 0); atMs < untilMs; atMs += 900_000) {
        sum += sink.intervals.get(`${meterId} 1-0:1.8.0 ${atMs}`)?.value ?? Number.NaN;
      }
      expect(sum, meterId).toBe((after[0] ?? 0) - (before[0] ?? 0));
    }
    const [local] = locals;
    const commanded = {
      commandId: "c1",
      meterId: local?.meterId ?? "",
      control: { kind: "disconnect" as const },
      requestedBy: "anna",
      requestedAtMs: simulation.nowMs,
      expiresAtMs: simulation.nowMs + HOUR_MS,
    };
    await simulation.runFor(headEnd.submit(commanded));
    await simulation.runUntil(simulation.nowMs + HOUR_MS / 6);
    expect(await headEnd.views.command("c1")).toMatchObject({
      state: "done",
      outcome: "read back: output off, control state disconnected",
    });
    await simulation.runFor(fleet.setFeederPower("F1", false));
    await simulation.runUntil(simulation.nowMs + HOUR_MS / 6);
    const gasps = [...sink.events.values()].filter(({ kind }) => kind === "lastGasp");
    // A last gasp may be lost in the collisions of many: it is an alarm, not a record.
    expect(gasps.length).toBeGreaterThan(0);
    expect(concentrator.deliveries.acknowledged).toBe(concentrator.deliveries.newest);
  });
});
