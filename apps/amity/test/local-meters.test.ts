import { connectDlms, openHdlcLink, parseObis } from "@amity/dlms";
import { listenP1, readTelegram } from "@amity/dsmr";
import { LocalPortClient } from "@amity/iec62056-21";
import { decodeTelegram as decodeWireless, KeyRing, scaledValue, WiredMaster } from "@amity/mbus";
import { createFleet, masterSecretFrom, MeterFleet, type MeteredHome } from "@amity/meter";
import { realNetwork, realRandom, realTimers, scaledClock, type Connection, type Listener } from "@amity/runtime";
import { SmlClient } from "@amity/sml";
import { fromHex } from "@amity/bytes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveLocalMeters } from "../src/cli/meter-serve-local.ts";
import { laboratoryDevice, type LaboratoryAccess } from "../src/laboratory/laboratory-device.ts";
import { busServer, localPortServer, p1Server, radioServer, smlServer } from "../src/laboratory/local-meters.ts";

const access: LaboratoryAccess = { mechanism: "none", secret: new TextEncoder().encode("12345678") };
const key = Uint8Array.from({ length: 16 }, (_, index) => index);
const keys = { encryptionKey: key, authenticationKey: key, masterKey: key };
const clock = scaledClock(realTimers, { speed: 1 });
const parts = { timers: realTimers, random: realRandom(), network: realNetwork, clock };
const listeners: Listener[] = [];
let fleet: MeterFleet;
let home: MeteredHome;

beforeAll(async () => {
  const plan = createFleet({
    seed: 7,
    meters: 1,
    directShare: 1,
    startMs: clock.nowMs(),
    zone: "Europe/Berlin",
    subMeters: { heat: 1, water: 1 },
  });
  const subMeters = plan.subMeters.map((meter) => ({ ...meter, radio: { ...meter.radio, intervalMs: 250 } }));
  fleet = await MeterFleet.open({ plan: { ...plan, subMeters }, masterSecret: masterSecretFrom("test"), clock });
  const electricity = fleet.device(plan.meters[0]!.meterId);
  home = { electricity, subMeters: subMeters.map(({ meterId }) => fleet.subMeter(meterId)) };
});

afterAll(async () => void (await Promise.all(listeners.map((listener) => listener.close()))));

async function connected(accept: (connection: Connection) => void): Promise<Connection> {
  const listener = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, accept);
  listeners.push(listener);
  return realNetwork.connect(listener.address);
}

describe("meters served over a real socket", () => {
  it("answer on a bus of M-Bus by their addresses", async () => {
    const meters = [home.electricity, ...home.subMeters].map((meter, index) => ({ primaryAddress: index + 1, meter }));
    const master = new WiredMaster(await connected(busServer(meters, parts)), { timers: realTimers, baud: 2_400 });
    for (const { primaryAddress, meter } of meters) {
      const { messages } = await master.readout(primaryAddress);
      const first = messages[0]?.application?.records[0];
      const truth = "radio" in meter ? meter.meter.registersAt(clock.nowMs()) : meter.meter.registersAt(clock.nowMs(), new Float64Array(4));
      const scale = first?.vib.quantity === "volume" ? 1_000 : 1;
      expect(Math.abs((scaledValue(first!) ?? 0) * scale - (truth[0] ?? 0))).toBeLessThan(3);
    }
  });

  it("tell their registers by radio, a line of hexadecimal digits each, that their keys open", async () => {
    const radio = await radioServer(home.subMeters, parts, undefined);
    const connection = await connected(radio.accept);
    const keys = new KeyRing();
    for (const { meter } of home.subMeters) keys.set(meter.plan.address, fleet.subMeterKeys(meter.plan.meterId).userKey);
    const heard = new Set<number>();
    await new Promise<void>((resolve) => {
      let text = "";
      connection.bind({
        data(chunk) {
          const lines = (text + new TextDecoder().decode(chunk)).split("\n");
          text = lines.pop() ?? "";
          for (const line of lines) {
            const { application, sender } = decodeWireless(fromHex(line), { keys: keys.lookup });
            expect(application.problems).toEqual([]);
            expect(application.records.length).toBeGreaterThan(8);
            heard.add(sender.deviceType);
          }
          if (heard.size === 2) resolve();
        },
        closed() {},
      });
    });
    radio.stop();
    connection.abort();
    expect(heard).toEqual(new Set([4, 7]));
  });

  it("push a P1 telegram with the home's heat and water", async () => {
    const connection = await connected(p1Server(home, { form: "5", everyMs: 50 }, parts));
    const reading = await new Promise<ReturnType<typeof readTelegram>>((resolve, reject) => {
      listenP1(
        connection,
        { timers: realTimers },
        { telegram: (telegram) => resolve(readTelegram(telegram)), damaged: reject, closed() {} },
      );
    });
    connection.abort();
    expect(reading.channels.map(({ deviceType }) => deviceType)).toEqual([4, 7]);
  });

  it("answer in SML", async () => {
    const connection = await connected(smlServer(home.electricity, undefined, parts));
    const client = new SmlClient(connection, { timers: realTimers, clientId: Uint8Array.of(1), timeoutMs: 5_000 });
    const outcome = await client.request({ kind: "getListRequest", value: { clientId: Uint8Array.of(1) } });
    expect(outcome.kind).toBe("answer");
    client.close();
  });

  it("read out at the local port, and go on as DLMS over HDLC in mode E", async () => {
    const settings = { mode: "E", password: "secret", pushEveryMs: 1_000, dlms: laboratoryDevice(home.electricity, access) } as const;
    const serial = String(home.electricity.meter.plan.serial);
    const accept = localPortServer(home.electricity, settings, parts);
    const readout = await new LocalPortClient(await connected(accept), { timers: realTimers }).readout(serial);
    expect(readout.kind).toBe("data");

    const line = await new LocalPortClient(await connected(accept), { timers: realTimers }).handOver(serial);
    const link = await openHdlcLink(line, realTimers, { clientSap: 16, serverSap: 1 });
    const client = await connectDlms(
      link,
      { clientSap: 16, authentication: { mechanism: "none" } },
      { timers: realTimers, random: realRandom() },
    );
    const outcome = await client.get({ classId: 1, instanceId: parseObis("0-0:96.1.0"), attributeId: 2 });
    expect(outcome.kind).toBe("data");
    await client.release();
  });
});

describe("what cannot be served", () => {
  const right = { protocol: "mbus", host: "127.0.0.1", port: 0, count: 1, password: "x", seed: 1 };
  it.each([
    [{ protocol: "pigeon" }, 'do not speak "pigeon"'],
    [{ count: 0 }, "--count is 1 to"],
    [{ medium: "wine" }, '--medium "wine"'],
    [{ count: 200 }, "a bus has at most 250 meters"],
    [{ protocol: "wmbus", medium: "electricity" }, "no wireless M-Bus"],
    [{ protocol: "wmbus", udp: "nowhere" }, '--udp "nowhere"'],
    [{ protocol: "iec62056-21", mode: "F" }, '--mode "F"'],
    [{ protocol: "sml", medium: "water" }, "spoken by electricity meters"],
    [{ protocol: "p1", p1Version: "9" }, '--p1-version "9"'],
  ])("%j is refused with its reason", async (wrong, reason) => {
    await expect(serveLocalMeters({ ...right, ...wrong }, { type: fleet.model.type, clock, access, keys })).rejects.toMatchObject({
      blame: "usage",
      message: expect.stringContaining(reason),
    });
  });
});
