import { encodeWiredFrame } from "@amity/mbus";
import { connectDlms, data, encodeGateway, encodeWrapper, memoryCounter, wrapperLink, type DlmsClient, type DlmsData } from "@amity/dlms";
import { Simulation } from "@amity/runtime";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  CONCENTRATOR_OBJECTS,
  datagramRadio,
  decodeOrderReport,
  encodeOrderReport,
  orderData,
  orderOfData,
  readDeliveries,
  readDeliveryState,
  startConcentrator,
  type Concentrator,
} from "../src/index.ts";

const START_MS = Date.UTC(2026, 10, 1, 12);
const KEYS = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const RADIO = { host: "C1", port: 10_000 };

describe("a concentrator among enemies", () => {
  let simulation: Simulation;
  let concentrator: Concentrator;
  let counter = 0;

  beforeEach(async () => {
    simulation = new Simulation({ seed: 1, startMs: START_MS });
    const { world } = simulation.node("C1");
    const refuse = () => Promise.reject(new Error("nobody is asked here"));
    const wireless = { radio: datagramRadio(world, RADIO), meters: [] };
    const options = { concentratorId: "C1", systemTitle: new TextEncoder().encode("DCU00001"), keys: KEYS, meters: [], wireless };
    const listen = { host: "C1", port: 4061 };
    concentrator = await simulation.runFor(startConcentrator(world, { connect: refuse }, { ...options, listen }));
  });

  async function headEnd(): Promise<DlmsClient> {
    const { world } = simulation.node("outside");
    const systemTitle = new TextEncoder().encode("AMTHES01");
    counter += 1_000;
    const security = {
      suite: 0,
      systemTitle,
      keys: KEYS,
      protection: "authenticated-encrypted",
      ciphering: "global",
      sent: memoryCounter(counter),
    } as const;
    const link = wrapperLink(await simulation.runFor(world.network.connect(concentrator.address)), "client");
    return simulation.runFor(connectDlms(link, { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security }, world));
  }

  it("hears any datagram at its radio and goes on", async () => {
    const { network } = simulation.node("outside").world;
    const socket = await simulation.runFor(network.datagram({ host: "outside", port: 0 }, () => undefined));
    const short = encodeWiredFrame({ kind: "short", control: 0x40, address: 5 });
    for (const octets of [...fc.sample(fc.uint8Array({ maxLength: 400 }), { numRuns: 2_000, seed: 42 }), short, new Uint8Array(60_000)])
      socket.send(octets, RADIO);
    await simulation.runUntil(START_MS + 10_000);
    expect(await simulation.runFor(readDeliveryState(await headEnd()))).toMatchObject({ events: expect.any(Number) as number });
  });

  it("takes any octets upstream and goes on", async () => {
    const { network } = simulation.node("outside").world;
    const apdu = fc.uint8Array({ minLength: 1, maxLength: 60 });
    const gateway = apdu.map((inner) =>
      encodeGateway({ direction: "request", networkId: 0, physicalAddress: inner.slice(0, 4), apdu: inner }),
    );
    const framed = fc.oneof(apdu, gateway).map((inner) => encodeWrapper(1, 1, inner));
    for (const said of fc.sample(fc.array(fc.oneof(framed, framed, apdu), { minLength: 1, maxLength: 6 }), { numRuns: 400, seed: 42 })) {
      const connection = await simulation.runFor(network.connect(concentrator.address));
      connection.bind({ data: () => undefined, closed: () => undefined });
      for (const octets of said) connection.send(octets);
      connection.close();
    }
    await simulation.runUntil(START_MS + 60_000);
    expect(await simulation.runFor(readDeliveryState(await headEnd()))).toMatchObject({ events: expect.any(Number) as number });
  });

  it("refuses what its own head-end asks wrongly, whatever the parameters of its methods", async () => {
    const client = await headEnd();
    const leaf = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => data.long64(value)),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => data.long64Unsigned(value)),
      fc.string({ maxLength: 30 }).map((text) => data.utf8(text)),
      fc.uint8Array({ maxLength: 30 }).map((octets) => data.octets(octets)),
      fc.nat(65_535).map((value) => data.longUnsigned(value)),
    );
    const some = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 7 }).map((list): DlmsData => data.structure(...list)),
      fc.array(leaf, { maxLength: 4 }).map((list) => data.array(...list)),
    );
    const instances = Object.values(CONCENTRATOR_OBJECTS);
    const asked = fc.record({
      instanceId: fc.constantFrom(...instances),
      methodId: fc.constantFrom(0xff, 0xfe, 0xfd, 1),
      parameters: some,
    });
    for (const { instanceId, methodId, parameters } of fc.sample(asked, { numRuns: 400, seed: 42 })) {
      const outcome = await simulation.runFor(client.action({ classId: 7, instanceId, methodId }, parameters));
      expect(["done", "refused"]).toContain(outcome.kind);
    }
    await expect(simulation.runFor(readDeliveries(client, 2 ** 60, 2 ** 61))).resolves.toEqual([]);
  });

  it("and its head-end take no instant that the calendar does not know", () => {
    const report = encodeOrderReport({ orderId: "o", state: "sent", atMs: START_MS, sends: 1, answers: [] });
    const at = report.findIndex(
      (_, index) => new DataView(report.buffer, report.byteOffset).getBigInt64(Math.min(index, report.length - 8)) === BigInt(START_MS),
    );
    report[at] = 0x7f;
    expect(() => decodeOrderReport(report)).toThrow(expect.objectContaining({ code: "instant" }) as Error);
    const order = orderData({ orderId: "o", meterId: "M", expiresAtMs: 9e15, answerAfterMs: 1, telegrams: [new Uint8Array(9)] });
    expect(() => orderOfData(order)).toThrow(expect.objectContaining({ code: "instant" }) as Error);
  });
});
