import { connectDlms, decodeGateway, encodeGateway, memoryCounter, wrapperLink, type DlmsClient, type PduLink } from "@amity/dlms";
import { Simulation } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import {
  acknowledgeDeliveries,
  CONCENTRATOR_OBJECTS,
  defaultSources,
  readConcentratorEvents,
  readDeliveries,
  readDeliveryState,
  readMeterStandings,
  startConcentrator,
  type Concentrator,
} from "../src/index.ts";
import { TestMeter } from "./test-meter.ts";

const START_MS = Date.UTC(2026, 10, 1, 12, 7);
const DAY_MS = 86_400_000;
const PASSWORD = new TextEncoder().encode("0123456789ABCDEF");
const KEYS = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const SAPS = { clientSap: 1, serverSap: 1 };

interface Station {
  readonly simulation: Simulation;
  readonly meter: TestMeter;
  readonly concentrator: Concentrator;
  readonly link: () => Promise<PduLink>;
  readonly client: (counter?: number) => Promise<DlmsClient>;
}

/** A concentrator with one meter that answers and one that does not, and whoever connects to it. */
async function station(): Promise<Station> {
  const simulation = new Simulation({ seed: 1, startMs: START_MS });
  const meterWorld = simulation.node("M1").world;
  const meter = new TestMeter({ meterId: "M1", guek: KEYS.encryptionKey, gak: KEYS.authenticationKey, password: PASSWORD }, () =>
    meterWorld.clock.nowMs(),
  );
  await meterWorld.network.listen({ host: "M1", port: 4059 }, (connection) => meter.serve(connection, meterWorld));
  const { world } = simulation.node("C1");
  const local = (meterId: string) => ({
    meterId,
    address: meterId,
    clientSap: 2,
    authentication: { mechanism: "lls" as const, password: PASSWORD },
  });
  const concentrator = await simulation.runFor(
    startConcentrator(
      world,
      { connect: (address, { timeoutMs }) => world.network.connect({ host: address, port: 4059 }, { timeoutMs }) },
      {
        concentratorId: "C1",
        systemTitle: new TextEncoder().encode("DCU00001"),
        keys: KEYS,
        listen: { host: "C1", port: 4061 },
        meters: [local("M1"), local("M2")],
        sources: defaultSources(2 * DAY_MS),
        requestTimeoutMs: 5_000,
      },
    ),
  );
  const outside = simulation.node("outside").world;
  const link = async (): Promise<PduLink> => wrapperLink(await simulation.runFor(outside.network.connect(concentrator.address)), "client");
  const client = async (counter = 1): Promise<DlmsClient> => {
    const security = {
      suite: 0 as const,
      systemTitle: new TextEncoder().encode("AMTHES01"),
      keys: KEYS,
      protection: "authenticated-encrypted" as const,
      ciphering: "global" as const,
      sent: memoryCounter(counter),
    };
    return simulation.runFor(connectDlms(await link(), { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security }, outside));
  };
  return { simulation, meter, concentrator, link, client };
}

describe("a concentrator", () => {
  it("delivers by sequence number and forgets what is acknowledged", async () => {
    const { simulation, client } = await station();
    await simulation.runUntil(START_MS + 60_000);
    const upstream = await client();
    const { oldest, newest } = await simulation.runFor(readDeliveryState(upstream));
    expect(oldest).toBe(1);
    const deliveries = await simulation.runFor(readDeliveries(upstream, oldest, newest));
    expect(deliveries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: newest }, (_, index) => index + 1));
    expect(deliveries.every(({ delivery }) => delivery.meterId === "M1")).toBe(true);
    await simulation.runFor(acknowledgeDeliveries(upstream, newest - 1));
    expect(await simulation.runFor(readDeliveryState(upstream))).toMatchObject({ oldest: newest, newest });
    expect((await simulation.runFor(readDeliveries(upstream, 1, newest))).map(({ sequence }) => sequence)).toEqual([newest]);
    await expect(simulation.runFor(acknowledgeDeliveries(upstream, newest + 1))).rejects.toMatchObject({ code: "refused" });
  });

  it("gives the deliveries only in ranges, never all at once", async () => {
    const { simulation, client } = await station();
    const upstream = await client();
    const all = await simulation.runFor(upstream.get({ classId: 7, instanceId: CONCENTRATOR_OBJECTS.deliveries, attributeId: 2 }));
    expect(all).toEqual({ kind: "refused", result: "scope-of-access-violated" });
  });

  it("says which meters it cannot reach, and what it noted about itself", async () => {
    const { simulation, client } = await station();
    await simulation.runUntil(START_MS + 120_000);
    const upstream = await client();
    const standings = await simulation.runFor(readMeterStandings(upstream));
    expect(standings.find(({ meterId }) => meterId === "M1")).toMatchObject({ failures: 0 });
    expect(standings.find(({ meterId }) => meterId === "M2")?.failures).toBeGreaterThan(1);
    expect((await simulation.runFor(readConcentratorEvents(upstream))).length).toBeGreaterThan(10);
  });

  it("tells strangers who it is and nothing else", async () => {
    const { simulation, link } = await station();
    const outside = simulation.node("outside").world;
    const stranger = await simulation.runFor(connectDlms(await link(), { clientSap: 16, authentication: { mechanism: "none" } }, outside));
    const read = (instanceId: (typeof CONCENTRATOR_OBJECTS)["meters"]) =>
      simulation.runFor(stranger.get({ classId: 1, instanceId, attributeId: 2 }));
    expect((await read(CONCENTRATOR_OBJECTS.deviceName)).kind).toBe("data");
    expect(await read(CONCENTRATOR_OBJECTS.meters)).toEqual({ kind: "refused", result: "read-write-denied" });
    expect(await read(CONCENTRATOR_OBJECTS.deliveryState)).toEqual({ kind: "refused", result: "read-write-denied" });
  });

  it("relays nothing for who has not proved himself", async () => {
    const { simulation, link } = await station();
    const raw = await link();
    const answers: Uint8Array[] = [];
    raw.bind({ apdu: (apdu) => answers.push(apdu), closed: () => {} });
    const physicalAddress = new TextEncoder().encode("M1");
    raw.send(encodeGateway({ direction: "request", networkId: 0, physicalAddress, apdu: Uint8Array.of(0x60, 0x00) }), SAPS);
    await simulation.runUntil(START_MS + 10_000);
    expect(answers.map((octets) => decodeGateway(octets)?.apdu)).toEqual([Uint8Array.of(0xd8, 0x01, 0x02)]);
  });

  it("refuses a counter that it has seen, also after a restart of the client, and says where to go on", async () => {
    const { simulation, client } = await station();
    const first = await client(100);
    await simulation.runFor(readDeliveryState(first));
    await simulation.runFor(first.release());
    await expect(client(50)).rejects.toThrow(/counter/);
  });
});
