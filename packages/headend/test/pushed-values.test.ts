import { SecureChannel, data, encodeDataNotification, memoryCounter, obisToOctets, parseObis, type DlmsData } from "@amity/dlms";
import { Simulation } from "@amity/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { dlmsDriver, memorySealedStore, sealedKeyVault, type Device, type KeyVault } from "../src/index.ts";

const METER: Device = {
  meterId: "E1",
  driver: "dlms",
  route: { kind: "direct", host: "meter", port: 4_059 },
  settings: {},
} as unknown as Device;
const TITLE = new TextEncoder().encode("AMT00001");
const KEY = new Uint8Array(16).fill(7);
const RECEIVED_MS = Date.UTC(2026, 0, 20, 12);

const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));
const stamp = (hour: number, minute: number): DlmsData => data.octets(Uint8Array.of(0x07, 0xea, 1, 20, 2, hour, minute, 0, 0, 0, 0, 0));
const captured = (classId: number, obis: string): DlmsData =>
  data.structure(data.longUnsigned(classId), name(obis), data.integer(2), data.longUnsigned(0));
const WATT_HOURS = data.structure(data.integer(0), data.enumerated(30));
const head = [name("0-0:25.9.0"), data.octets(new TextEncoder().encode("AMT0000000000001")), stamp(11, 0)];

let keys: KeyVault;
const driver = dlmsDriver({ systemTitle: new TextEncoder().encode("HESHES01") });

beforeEach(async () => {
  const { world } = new Simulation({ seed: 1, startMs: RECEIVED_MS }).node("head-end");
  keys = sealedKeyVault(new Uint8Array(32).fill(1), memorySealedStore(), world.random);
  await keys.store(["guek", "gak"].map((purpose) => ({ ref: { owner: "E1", purpose }, secret: KEY })));
});

function ciphered(...cells: DlmsData[]): Uint8Array {
  const channel = new SecureChannel({
    suite: 0,
    systemTitle: TITLE,
    keys: { encryptionKey: KEY, authenticationKey: KEY },
    sent: memoryCounter(),
  });
  const plain = encodeDataNotification({ invokeId: 1, body: data.structure(...head, ...cells) });
  return channel.protect(plain, { ciphering: "general-ciphering", protection: "authenticated-encrypted" });
}

const interpret = (apdu: Uint8Array) => driver.interpretPush(METER, apdu, { keys, receivedAtMs: RECEIVED_MS, behind: [] });

describe("a push of values", () => {
  it("gives registers where it names them, at the instant of its clock", async () => {
    const { registers, events } = await interpret(ciphered(name("1-0:1.8.0"), data.doubleLongUnsigned(4_711), WATT_HOURS));
    expect(events).toEqual([]);
    expect(registers).toMatchObject([{ channel: "1-0:1.8.0", value: 4_711n, unit: "Wh", atMs: Date.UTC(2026, 0, 20, 11) }]);
  });

  it("gives the intervals of a profile that it describes", async () => {
    const captures = data.array(captured(8, "0-0:1.0.0"), captured(3, "1-0:1.8.0"));
    const rows = [0, 15, 30].map((minute, index) => data.structure(stamp(10, minute), data.doubleLongUnsigned(1_000 + index * 25)));
    const { intervals } = await interpret(ciphered(captures, data.doubleLongUnsigned(900), WATT_HOURS, data.array(...rows)));
    expect(intervals).toHaveLength(1);
    expect(intervals[0]).toMatchObject({ meterId: "E1", channel: "1-0:1.8.0", intervalSeconds: 900 });
    expect([...intervals[0]!.values].map(Number)).toEqual([25, 25]);
  });

  it("is no alarm, whatever its numbers look like, and nothing where they are not described", async () => {
    expect(await interpret(ciphered(data.doubleLongUnsigned(0x2000), data.doubleLongUnsigned(3)))).toEqual({
      intervals: [],
      registers: [],
      events: [],
    });
  });

  it("is not believed in the clear where the meter has a key", async () => {
    const body = data.structure(...head, name("1-0:1.8.0"), data.doubleLongUnsigned(1), WATT_HOURS);
    await expect(interpret(encodeDataNotification({ invokeId: 1, body }))).rejects.toThrow("in the clear");
  });
});
