import { fromHex } from "@amity/bytes";
import { Simulation, realWorld } from "@amity/runtime";
import { afterAll, describe, expect, test } from "vitest";
import {
  connectDlms,
  data,
  encodeDataNotification,
  gatewayLink,
  gatewayServerLink,
  listenDatagrams,
  listenDlms,
  memoryCounter,
  openDatagramLink,
  serveDlms,
  wrapperLink,
  type Notification,
  type ServerSession,
} from "../src/index.ts";
import { CLIENT_TITLE, ENERGY, KEYS, NAME, PROFILE, SECRET, fixtureMeter, profileBuffer } from "./fixture-meter.ts";

const world = realWorld({ filesRoot: "unused" });
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});
const local = { host: "127.0.0.1", port: 0 };
const ENERGY_VALUE = { kind: "data", data: data.doubleLongUnsigned(123_456) };
const reader = { clientSap: 2, authentication: { mechanism: "lls", password: SECRET } as const, timeoutMs: 3000 };

describe("the wrapper over UDP", () => {
  test("serves several clients on one port", async () => {
    const socket = await listenDatagrams(world.network, local, (link) => void serveDlms(link, fixtureMeter(), world));
    closing.push(() => socket.close());
    for (let index = 0; index < 3; index++) {
      const client = await connectDlms(
        await openDatagramLink(world.network, local, socket.address),
        { ...reader, maxPduOctets: 1000 },
        world,
      );
      expect(await client.get(ENERGY)).toEqual(ENERGY_VALUE);
      expect(await client.get(PROFILE)).toEqual({ kind: "data", data: profileBuffer(96) });
      await client.release();
    }
  });

  test("lives with datagrams that come twice and with forged ones", async () => {
    const socket = await listenDatagrams(world.network, local, (link) => void serveDlms(link, fixtureMeter(), world));
    closing.push(() => socket.close());
    // Between client and server stands somebody who doubles every answer and adds noise.
    let back: ((datagram: Uint8Array) => void) | undefined;
    const onward = await world.network.datagram(local, (datagram) => {
      back?.(datagram);
      back?.(datagram);
      back?.(Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 3, 0xdb, 0, 0));
    });
    const middle = await world.network.datagram(local, (datagram, from) => {
      back = (answer) => middle.send(answer, from);
      onward.send(datagram, socket.address);
    });
    closing.push(
      () => onward.close(),
      () => middle.close(),
    );
    const security = {
      suite: 0,
      systemTitle: CLIENT_TITLE,
      keys: KEYS,
      protection: "authenticated-encrypted",
      ciphering: "global",
      sent: memoryCounter(),
    } as const;
    const options = { clientSap: 1, authentication: { mechanism: "hls-gmac" } as const, security, timeoutMs: 3000 };
    const client = await connectDlms(await openDatagramLink(world.network, local, middle.address), options, world);
    for (let round = 0; round < 5; round++) expect(await client.get(ENERGY)).toEqual(ENERGY_VALUE);
  });

  test("reports a server that is not there by its time-out", async () => {
    const link = await openDatagramLink(world.network, local, { host: "127.0.0.1", port: 9 });
    await expect(connectDlms(link, { ...reader, timeoutMs: 50 }, world)).rejects.toMatchObject({ code: "timeout" });
  });
});

describe("a meter behind a gateway", () => {
  test("is reached by its address; the concentrator itself without a prefix", async () => {
    const meter = await listenDlms(world, local, fixtureMeter());
    closing.push(() => meter.close());
    const gateway = await world.network.listen(local, (connection) => {
      // The relay: one connection of its own to the meter, prefix off on the way there and on again on the way back.
      const upstream = world.network.connect(meter.address).then((downstream) => {
        const link = wrapperLink(downstream, "client");
        const waiting: ((apdu: Uint8Array) => void)[] = [];
        link.bind({ apdu: (apdu) => waiting.shift()?.(apdu), closed: () => undefined });
        return { link, waiting };
      });
      const concentrator = gatewayServerLink(wrapperLink(connection, "server"), (pdu, saps, respond) => {
        void upstream.then(({ link, waiting }) => {
          waiting.push(respond);
          link.send(pdu.apdu, saps);
        });
      });
      serveDlms(concentrator, fixtureMeter({ associations: [{ clientSap: 16, role: "public", mechanism: "none" }] }), world);
    });
    closing.push(() => gateway.close());
    const target = { networkId: 1, physicalAddress: fromHex("0000000000000007") };
    const behind = await connectDlms(
      gatewayLink(wrapperLink(await world.network.connect(gateway.address), "client"), target),
      reader,
      world,
    );
    expect(await behind.get(ENERGY)).toEqual(ENERGY_VALUE);
    behind.abort();
    const itself = await connectDlms(
      wrapperLink(await world.network.connect(gateway.address), "client"),
      { clientSap: 16, authentication: { mechanism: "none" }, timeoutMs: 3000 },
      world,
    );
    expect((await itself.get(NAME)).kind).toBe("data");
    itself.abort();
  });
});

describe("notifications", () => {
  test("arrive beside the answers of an association, in the clear and ciphered", async () => {
    const sessions: ServerSession[] = [];
    const listener = await world.network.listen(
      local,
      (connection) => void sessions.push(serveDlms(wrapperLink(connection, "server"), fixtureMeter(), world)),
    );
    closing.push(() => listener.close());
    const security = {
      suite: 0,
      systemTitle: CLIENT_TITLE,
      keys: KEYS,
      protection: "authenticated-encrypted",
      ciphering: "general-global",
      sent: memoryCounter(),
    } as const;
    const client = await connectDlms(
      wrapperLink(await world.network.connect(listener.address), "client"),
      { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security, timeoutMs: 3000 },
      world,
    );
    const heard: Notification[] = [];
    client.onNotification((notification) => heard.push(notification));
    const push = encodeDataNotification({ invokeId: 7, body: data.structure(data.unsigned(1)) });
    sessions[0]?.notify(push, { clientSap: 1, serverSap: 1 }, { ciphering: "general-global", protection: "authenticated-encrypted" });
    expect(await client.get(ENERGY)).toEqual(ENERGY_VALUE);
    expect(heard).toEqual([{ kind: "data-notification", invokeId: 7, isConfirmed: false, body: data.structure(data.unsigned(1)) }]);
    // In a ciphered association a push in the clear could be anybody's.
    sessions[0]?.notify(push, { clientSap: 1, serverSap: 1 });
    await expect(client.get(ENERGY)).rejects.toMatchObject({ code: "downgrade" });
  });
});

describe("in virtual time", () => {
  test("an association over a network that loses connections ends with the value or with an error", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const simulation = new Simulation({ seed, startMs: 0 });
      const server = simulation.node("meter").world;
      const client = simulation.node("reader").world;
      const reading = (async () => {
        const listener = await listenDlms(server, { host: "meter", port: 4059 }, fixtureMeter());
        const connection = await client.network.connect(listener.address);
        const dlms = await connectDlms(wrapperLink(connection, "client"), { ...reader, maxPduOctets: 256 }, client);
        const outcome = await dlms.get(PROFILE);
        await dlms.release();
        return outcome;
      })();
      if (seed % 2 === 1) simulation.at(20 + seed * 7, () => void simulation.node("meter").crash());
      const result = await simulation.runFor(reading.catch((error: unknown) => error));
      if (result instanceof Error) expect(result).toMatchObject({ blame: "link" });
      else expect(result).toEqual({ kind: "data", data: profileBuffer(96) });
    }
  });
});
