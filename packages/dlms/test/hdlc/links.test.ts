import { Simulation, type Connection } from "@amity/runtime";
import { describe, expect, it } from "vitest";
import { openHdlcLink, type HdlcClientOptions } from "../../src/hdlc/client-link.ts";
import { acceptModeE, openModeE, parseIdentification } from "../../src/hdlc/mode-e.ts";
import { decodePlcLlc, encodePlcLlc } from "../../src/hdlc/plc-llc.ts";
import { serveHdlcLink, type HdlcServerOptions } from "../../src/hdlc/server-link.ts";
import { HdlcPushReceiver } from "../../src/hdlc/unnumbered.ts";
import type { PduLink, SapPair } from "../../src/link/pdu-link.ts";
import { toHex } from "./captures.ts";

const WIDE = { transmitOctets: 200, receiveOctets: 200, transmitWindow: 7, receiveWindow: 7 };

/** A meter that echoes every APDU backwards, and a client's connection to it. */
async function field(server: HdlcServerOptions = {}, wrap: (connection: Connection) => Connection = (connection) => connection) {
  const simulation = new Simulation({ seed: 7, startMs: 0 });
  const events: string[] = [];
  const links: PduLink[] = [];
  const { network, timers } = simulation.node("meter").world;
  await simulation.runFor(
    network.listen({ host: "meter", port: 4059 }, (connection) => {
      const link = serveHdlcLink(wrap(connection), timers, server);
      links.push(link);
      link.bind({
        apdu: (apdu, saps) => link.send(apdu.toReversed(), saps),
        released: (saps) => events.push(`released ${saps.clientSap}-${saps.serverSap}`),
        closed: (error) => events.push(`closed ${error?.code ?? "orderly"}`),
      });
    }),
  );
  const { world } = simulation.node("client");
  const connect = () => simulation.runFor(world.network.connect({ host: "meter", port: 4059 }));
  const open = async (options: HdlcClientOptions) => simulation.runFor(openHdlcLink(await connect(), world.timers, options));
  return { simulation, world, events, links, connect, open };
}

/** Sends one APDU and resolves with what comes back. */
function exchanger(link: PduLink, saps: SapPair) {
  const waiting: ((apdu: Uint8Array) => void)[] = [];
  const ends: string[] = [];
  link.bind({ apdu: (apdu) => waiting.shift()?.(apdu), closed: (error) => ends.push(error?.code ?? "orderly") });
  const ask = (apdu: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      link.send(apdu, saps);
    });
  return { ask, ends };
}

describe("an HDLC link over a connection", () => {
  it("carries APDUs of any length both ways, with windows and segments, and ends in order", async () => {
    const { simulation, events, open } = await field({ parameters: WIDE });
    const link = await open({ clientSap: 16, parameters: WIDE });
    const { ask, ends } = exchanger(link, { clientSap: 16, serverSap: 1 });
    for (const length of [1, 196, 197, 198, 1_000, 20_000]) {
      const apdu = Uint8Array.from({ length }, (_, index) => index & 0xff);
      expect(await simulation.runFor(ask(apdu))).toEqual(apdu.toReversed());
    }
    link.close();
    await simulation.runUntil(simulation.nowMs + 5_000);
    expect(ends).toEqual(["orderly"]);
    expect(events).toEqual(["released 16-1", "closed orderly"]);
  });

  it("keeps several associations apart on one connection, by their addresses", async () => {
    const { simulation, connect, world } = await field({ physicalDevice: 17 });
    // Two clients share the line as they would on RS-485: each passes over what is not its own.
    const connection = await connect();
    const shared: Connection["bind"] extends (handlers: infer H) => void ? H[] : never = [];
    connection.bind({
      data: (chunk) => shared.forEach((handlers) => handlers.data(chunk)),
      closed: (error) => shared.forEach((handlers) => handlers.closed(error)),
    });
    const tap = (): Connection => ({
      remote: connection.remote,
      bind: (handlers) => void shared.push(handlers),
      send: (data) => connection.send(data),
      backlog: 0,
      drained: () => connection.drained(),
      close() {},
      abort() {},
    });
    const links = await simulation.runFor(
      Promise.all([16, 1].map((clientSap) => openHdlcLink(tap(), world.timers, { clientSap, serverSap: 1, physicalDevice: 17 }))),
    );
    const answers = links.map((link, index) => exchanger(link, { clientSap: [16, 1][index]!, serverSap: 1 }).ask(Uint8Array.of(index, 9)));
    expect(await simulation.runFor(Promise.all(answers))).toEqual([Uint8Array.of(9, 0), Uint8Array.of(9, 1)]);
  });

  it("does not answer at other physical or logical addresses, but does for the device that calls", async () => {
    const { open } = await field({ physicalDevice: 17, answersAt: (sap) => sap === 1 });
    await expect(open({ clientSap: 16, physicalDevice: 18 })).rejects.toMatchObject({ code: "timeout", blame: "link" });
    await expect(open({ clientSap: 16, serverSap: 2, physicalDevice: 17 })).rejects.toMatchObject({ code: "timeout" });
    const link = await open({ clientSap: 16, physicalDevice: 0x7e });
    link.abort();
    await open({ clientSap: 16, physicalDevice: 0x3ffe, addressOctets: 4 });
  });

  it("reports a meter that vanished, after its attempts", async () => {
    const { simulation, open } = await field();
    const link = await open({ clientSap: 16, responseTimeoutMs: 1_000 });
    const { ask, ends } = exchanger(link, { clientSap: 16, serverSap: 1 });
    simulation.network.setPartition("client", "meter", true);
    void ask(Uint8Array.of(1));
    await simulation.runUntil(simulation.nowMs + 4_000);
    expect(ends).toEqual(["timeout"]);
  });

  it("lets a silent client go, and the client learns it with its next request", async () => {
    const { simulation, events, open } = await field({ inactivityTimeoutMs: 10_000 });
    const link = await open({ clientSap: 16 });
    const { ask, ends } = exchanger(link, { clientSap: 16, serverSap: 1 });
    await simulation.runUntil(simulation.nowMs + 11_000);
    expect(events).toEqual(["released 16-1"]);
    void ask(Uint8Array.of(1));
    await simulation.runUntil(simulation.nowMs + 1_000);
    expect(ends).toEqual(["disconnected"]);
  });

  it("polls for the blocks of a streaming general block transfer", async () => {
    const { simulation, links, open } = await field();
    const link = await open({ clientSap: 16 });
    const seen: string[] = [];
    link.bind({ apdu: (apdu) => seen.push(toHex(apdu)), closed: () => undefined });
    const saps = { clientSap: 16, serverSap: 1 };
    // Comes back reversed as a first block that promises another (E0 41).
    link.send(Uint8Array.of(0, 0x41, 0xe0), saps);
    await simulation.runUntil(simulation.nowMs + 300);
    links[0]!.send(Uint8Array.of(0xe0, 0x82, 0x01), saps);
    await simulation.runUntil(simulation.nowMs + 3_000);
    expect(seen).toEqual(["E04100", "E08201"]);
  });

  it("pushes in UI frames where nobody is connected", async () => {
    const { simulation, links, connect } = await field();
    const connection = await connect();
    const receiver = new HdlcPushReceiver();
    const messages: string[] = [];
    connection.bind({ data: (chunk) => receiver.push(chunk).forEach(({ apdu }) => messages.push(toHex(apdu))), closed: () => undefined });
    await simulation.runUntil(simulation.nowMs + 100);
    links[0]!.send(new Uint8Array(300).fill(0x0f), { clientSap: 103, serverSap: 1 });
    await simulation.runUntil(simulation.nowMs + 500);
    expect(messages).toEqual(["0F".repeat(300)]);
  });

  it("refuses an APDU for another pair, and more than its queue holds", async () => {
    const { open } = await field();
    const link = await open({ clientSap: 16, queueOctetsMax: 1_000 });
    expect(() => link.send(Uint8Array.of(1), { clientSap: 1, serverSap: 1 })).toThrow("16 and 1 only");
    expect(() => link.send(new Uint8Array(2_000), { clientSap: 16, serverSap: 1 })).toThrow("queued");
  });

  it("says when its backlog has drained", async () => {
    const { simulation, open } = await field();
    const link = await open({ clientSap: 16 });
    link.bind({ apdu: () => undefined, closed: () => undefined });
    link.send(new Uint8Array(10_000), { clientSap: 16, serverSap: 1 });
    expect(link.backlog).toBe(10_003);
    await simulation.runFor(link.drained());
    expect(link.backlog).toBeLessThan(4_096);
  });
});

describe("mode E", () => {
  it("signs on, hands over to HDLC, and changes the rate in between", async () => {
    const identification = { manufacturer: "AMI", rate: "5", identifier: "12345678" } as const;
    const { simulation, world, connect } = await field({}, (connection) => acceptModeE(connection, identification));
    const rates: number[] = [];
    const handed = await simulation.runFor(openModeE(await connect(), world.timers, { setBaudRate: (rate) => rates.push(rate) }));
    const link = await simulation.runFor(openHdlcLink(handed, world.timers, { clientSap: 16 }));
    expect(await simulation.runFor(exchanger(link, { clientSap: 16, serverSap: 1 }).ask(Uint8Array.of(1, 2)))).toEqual(Uint8Array.of(2, 1));
    expect(rates).toEqual([9_600]);
  });

  it("writes the very octets of a captured sign-on, on both sides", async () => {
    const simulation = new Simulation({ seed: 1, startMs: 0 });
    const heard: string[] = [];
    const { network } = simulation.node("meter").world;
    const script = new TextEncoder().encode("/GXR512345678\r\n");
    await simulation.runFor(
      network.listen({ host: "meter", port: 1 }, (connection) => {
        const data = (chunk: Uint8Array): void => {
          heard.push(toHex(chunk));
          connection.send(heard.length === 1 ? script : chunk);
        };
        connection.bind({ data, closed: () => undefined });
      }),
    );
    const { world } = simulation.node("client");
    const connection = await simulation.runFor(world.network.connect({ host: "meter", port: 1 }));
    await simulation.runFor(openModeE(connection, world.timers));
    expect(heard).toEqual(["2F3F210D0A", "063235320D0A"]);
  });

  it("lets a client through that begins with HDLC at once", async () => {
    const { open } = await field({}, (connection) => acceptModeE(connection, { manufacturer: "AMI", rate: "5", identifier: "1" }));
    await open({ clientSap: 16 });
  });

  it("reports a line on which nobody signs on", async () => {
    const { simulation, world, connect } = await field();
    await expect(simulation.runFor(openModeE(await connect(), world.timers))).rejects.toMatchObject({ code: "timeout" });
  });

  it("reads identifications with and without the offer of HDLC", () => {
    expect(parseIdentification("/ISK5\\2MT382-1000")).toEqual({
      manufacturer: "ISK",
      rate: "5",
      offersHdlc: true,
      identifier: "MT382-1000",
    });
    expect(parseIdentification("/GXR512345678")).toEqual({ manufacturer: "GXR", rate: "5", offersHdlc: false, identifier: "12345678" });
    expect(parseIdentification("GXR5")).toBeUndefined();
  });
});

describe("the LLC header of the PLC profiles", () => {
  it("comes back from its octets, and is refused by name where it is none", () => {
    const pdu = { destinationLsap: 1, sourceLsap: 16, apdu: Uint8Array.of(0xc0, 1) };
    expect(toHex(encodePlcLlc(pdu))).toBe("900110C001");
    expect(decodePlcLlc(encodePlcLlc(pdu))).toEqual(pdu);
    expect(() => decodePlcLlc(Uint8Array.of(0x90, 1))).toThrow("truncated");
    expect(() => decodePlcLlc(Uint8Array.of(0x91, 1, 2))).toThrow("no data request");
  });
});
