import { realWorld } from "@amity/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { connectDlms, data, memoryCounter, openHdlcLink, serveDlms, serveHdlcLink, type ClientOptions } from "../src/index.ts";
import { CLIENT_TITLE, ENERGY, KEYS, PROFILE, SECRET, fixtureMeter, profileBuffer } from "./fixture-meter.ts";

const world = realWorld({ filesRoot: "unused" });
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function open(options: ClientOptions) {
  const meter = fixtureMeter();
  const listener = await world.network.listen(
    { host: "127.0.0.1", port: 0 },
    (connection) => void serveDlms(serveHdlcLink(connection, world.timers), meter, world),
  );
  closing.push(() => listener.close());
  const connection = await world.network.connect(listener.address);
  const link = await openHdlcLink(connection, world.timers, { clientSap: options.clientSap, physicalDevice: 17 });
  return connectDlms(link, { timeoutMs: 3000, ...options }, world);
}

describe("an association over HDLC", () => {
  test("reads a profile that takes many frames", async () => {
    const client = await open({ clientSap: 2, authentication: { mechanism: "lls", password: SECRET }, maxPduOctets: 1024 });
    expect(await client.get(PROFILE)).toEqual({ kind: "data", data: profileBuffer(96) });
    await client.release();
  });

  test("goes ciphered", async () => {
    const security = {
      suite: 0,
      systemTitle: CLIENT_TITLE,
      keys: KEYS,
      protection: "authenticated-encrypted",
      ciphering: "general-global",
      sent: memoryCounter(),
    } as const;
    const client = await open({ clientSap: 1, authentication: { mechanism: "hls-gmac" }, security });
    expect(await client.get(ENERGY)).toEqual({ kind: "data", data: data.doubleLongUnsigned(123_456) });
    await client.release();
  });
});
