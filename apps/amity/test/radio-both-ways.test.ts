import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LinkError } from "@amity/bytes";
import { bindWirelessMeters, datagramRadio, orderStatus, placeOrder, startConcentrator } from "@amity/concentrator";
import { connectDlms, memoryCounter, wrapperLink } from "@amity/dlms";
import { addressText, decodeTelegram, encodeCollectorTelegram, WIRELESS_CONTROL, type MeterAddress } from "@amity/mbus";
import { realWorld } from "@amity/runtime";
import { afterEach, expect, it } from "vitest";
import { serveAmity } from "./running-command.ts";

const KEYS = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const COLLECTOR: MeterAddress = { id: "00000001", manufacturer: "AMT", version: 1, deviceType: 0x31 };
const ASKED = 77;

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A concentrator on this machine whose radio is a UDP port. */
async function concentratorByUdp() {
  const folder = mkdtempSync(join(tmpdir(), "amity-radio-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const world = realWorld({ filesRoot: folder });
  const radio = datagramRadio(world, { host: "127.0.0.1", port: 0 });
  const nobody = { connect: () => Promise.reject(new LinkError("nobody is on this line", { code: "no-such-meter" })) };
  const concentrator = await startConcentrator(world, nobody, {
    concentratorId: "C1",
    systemTitle: new TextEncoder().encode("DCU00001"),
    keys: KEYS,
    listen: { host: "127.0.0.1", port: 0 },
    meters: [],
    wireless: { radio, meters: [] },
  });
  ends.push(() => concentrator.stop());
  const security = {
    suite: 0 as const,
    systemTitle: new TextEncoder().encode("AMTHES01"),
    keys: KEYS,
    protection: "authenticated-encrypted" as const,
    ciphering: "global" as const,
    sent: memoryCounter(1),
  };
  const link = wrapperLink(await world.network.connect(concentrator.address), "client");
  const client = await connectDlms(link, { clientSap: 1, authentication: { mechanism: "hls-gmac" }, security }, world);
  ends.push(() => client.release());
  return { client, clock: world.clock, port: radio.address?.port ?? 0 };
}

it("commands of a concentrator reach a meter of another process by UDP in its window, and the answer comes back", async () => {
  const { client, port, clock } = await concentratorByUdp();
  const to = `127.0.0.1:${port}`;
  const meters = serveAmity([
    "meter",
    "serve",
    "--protocol",
    "wmbus",
    "--medium",
    "water",
    "--udp",
    to,
    "--speed",
    "300",
    "--port",
    "0",
    "--json",
  ]);
  ends.push(() => meters.stop());
  const address = await meters.until((text) => /"address": "([^"]+)"/.exec(text)?.[1]);
  const [manufacturer = "", id = "", version = "", deviceType = ""] = address.split("-");
  const meter = { id, manufacturer, version: Number.parseInt(version, 16), deviceType: Number.parseInt(deviceType, 16) };
  await bindWirelessMeters(client, [{ meterId: "W1", address }]);
  const request = encodeCollectorTelegram({ collector: COLLECTOR, meter, kind: "request", accessNumber: ASKED });
  const order = { orderId: "read W1", meterId: "W1", expiresAtMs: clock.nowMs() + 3_600_000, answerAfterMs: 2.5, telegrams: [request] };
  expect(await placeOrder(client, order)).toMatchObject({ state: "queued" });
  await expect.poll(() => orderStatus(client, order.orderId), { timeout: 50_000, interval: 200 }).toMatchObject({ state: "answered" });
  const report = await orderStatus(client, order.orderId);
  const { control, sender, application } = decodeTelegram(report?.answers[0]?.octets ?? new Uint8Array(0));
  expect([control, addressText(sender), application.header?.accessNumber]).toEqual([WIRELESS_CONTROL.rspUd, address, ASKED]);
  // What the meter says stays closed on its way: nobody here has its key.
  expect(application.security.status).toBe("missing-key");
}, 60_000);
