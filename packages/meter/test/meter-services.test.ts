import { digest, unwrapKey, wrapKey } from "@amity/crypto";
import {
  connectDlms,
  data,
  memoryCounter,
  parseObis,
  wrapperLink,
  type ActionOutcome,
  type Authentication,
  type DlmsClient,
  type DlmsData,
} from "@amity/dlms";
import { Simulation, type World } from "@amity/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createFleet,
  FleetJournal,
  masterSecretFrom,
  MeterFleet,
  type FleetPlan,
  type MeterKeys,
  type PlannedMeter,
} from "../src/index.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const master = masterSecretFrom("services");
const CLIENTS = { public: 16, reading: 2, management: 1 } as const;

let simulation: Simulation;
let here: World;
let street: ReturnType<Simulation["node"]>;
let plan: FleetPlan;
let target: PlannedMeter;
let fleet: MeterFleet;

beforeEach(async () => {
  simulation = new Simulation({ seed: 2, startMs });
  here = simulation.node("head-end").world;
  street = simulation.node("street");
  plan = createFleet({ seed: 8, meters: 4, feeders: 1, concentrators: 1, directShare: 1, firstPort: 4_059, startMs });
  target = plan.meters[0]!;
  fleet = await open(street.world);
});

/** The fleet with its journal, served: also after a crash. */
async function open(world: World): Promise<MeterFleet> {
  const journal = new FleetJournal(world.files);
  const opened = await simulation.runFor(MeterFleet.open({ plan, masterSecret: master, clock: world.clock, journal }));
  await opened.serve(world, { host: "street", onFault: (_meterId, error) => expect.fail(String(error)) });
  return opened;
}

function associate(role: keyof typeof CLIENTS, keys: MeterKeys = fleet.keys(target.meterId), counter = 1): Promise<DlmsClient> {
  const authentication: Authentication =
    role === "public"
      ? { mechanism: "none" }
      : role === "reading"
        ? { mechanism: "lls", password: keys.readingPassword }
        : { mechanism: "hls-gmac" };
  const { encryptionKey, authenticationKey } = keys;
  const security = {
    suite: 0,
    systemTitle: new TextEncoder().encode("HESHES01"),
    keys: { encryptionKey, authenticationKey },
    protection: "authenticated-encrypted",
    ciphering: "global",
    sent: memoryCounter(counter),
  } as const;
  const options = { clientSap: CLIENTS[role], authentication, ...(role === "management" ? { security } : {}) };
  return simulation.runFor(
    here.network
      .connect({ host: "street", port: 4_059 })
      .then((connection) => connectDlms(wrapperLink(connection, "client"), options, here)),
  );
}

async function get(client: DlmsClient, classId: number, name: string, attributeId: number): Promise<DlmsData> {
  const outcome = await simulation.runFor(client.get({ classId, instanceId: parseObis(name), attributeId }));
  if (outcome.kind !== "data") throw new Error(`${name} attribute ${attributeId}: ${outcome.result}`);
  return outcome.data;
}

function act(
  client: DlmsClient,
  [classId, name, methodId]: readonly [number, string, number],
  parameters: DlmsData,
): Promise<ActionOutcome> {
  return simulation.runFor(client.action({ classId, instanceId: parseObis(name), methodId }, parameters));
}

const DONE = { kind: "done" };
const refused = (result: string) => ({ kind: "refused", result });
const codes = (log: "standard" | "disconnector" = "standard"): number[] =>
  fleet
    .device(target.meterId)
    .meter.log(log)
    .entries.map(({ code }) => code);

describe("transferring keys", () => {
  const TRANSFER = [64, "0-0:43.0.0", 2] as const;
  const fresh = (seed: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => (seed * 17 + index * 29) & 0xff);
  const key = (id: number, wrapped: Uint8Array): DlmsData => data.structure(data.enumerated(id), data.octets(wrapped));

  it("lets new keys count from the next association on, under a counter that starts anew; the old ones are refused once they were used", async () => {
    const old = fleet.keys(target.meterId);
    const client = await associate("management", old, 500);
    const keys = { ...old, encryptionKey: fresh(1), authenticationKey: fresh(2) };
    const parameters = data.array(
      key(0, wrapKey(old.masterKey, keys.encryptionKey)),
      key(2, wrapKey(old.masterKey, keys.authenticationKey)),
    );
    expect(await act(client, TRANSFER, parameters)).toEqual(DONE);
    // The association in hand goes on with its keys.
    expect(await get(client, 3, "1-0:1.8.0", 2)).toMatchObject({ type: "double-long-unsigned" });
    const again = await associate("management", keys, 1);
    expect(await get(again, 3, "1-0:1.8.0", 2)).toMatchObject({ type: "double-long-unsigned" });
    await expect(associate("management", old, 1_000)).rejects.toMatchObject({ blame: expect.stringMatching(/security|peer/) });
    expect(codes()).toContain(48);
  });

  it("remembers them over a crash, and its journal does not hold them", async () => {
    const old = fleet.keys(target.meterId);
    const masterKey = fresh(3);
    const first = await associate("management", old, 1);
    expect(
      await act(first, TRANSFER, data.array(key(3, wrapKey(old.masterKey, masterKey)), key(0, wrapKey(old.masterKey, fresh(4))))),
    ).toEqual(DONE);
    const second = await associate("management", { ...old, encryptionKey: fresh(4) }, 1);
    // Now the new master key wraps, and the old one does no longer.
    expect(await act(second, TRANSFER, data.array(key(0, wrapKey(old.masterKey, fresh(5)))))).toEqual(refused("other-reason"));
    expect(await act(second, TRANSFER, data.array(key(0, wrapKey(masterKey, fresh(5)))))).toEqual(DONE);
    const journal = new TextDecoder().decode(await street.world.files.read("meters.journal"));
    for (const seed of [3, 4, 5]) expect(journal).not.toContain(Buffer.from(fresh(seed)).toString("hex"));
    const wrapped = /"wrapped":"([0-9a-f]+)"/.exec(journal)?.[1] ?? "";
    expect(unwrapKey(old.masterKey, Buffer.from(wrapped, "hex"))).toEqual(masterKey);
    fleet = await open(street.crash());
    await expect(associate("management", old, 2_000)).rejects.toBeDefined();
    await expect(associate("management", { ...old, encryptionKey: fresh(5) }, 1)).resolves.toBeDefined();
  });

  it("changes none where one does not open, is unknown, comes twice or is of the wrong length", async () => {
    const old = fleet.keys(target.meterId);
    const client = await associate("management");
    const good = wrapKey(old.masterKey, fresh(6));
    const cases: [DlmsData, string][] = [
      [data.array(key(0, good), key(2, wrapKey(fresh(7), fresh(8)))), "other-reason"],
      [data.array(key(0, wrapKey(old.masterKey, new Uint8Array(32)))), "other-reason"],
      [data.array(key(0, good.subarray(0, 8))), "other-reason"],
      [data.array(key(0, good), key(0, good)), "type-unmatched"],
      [data.array(key(9, good)), "type-unmatched"],
      [data.array(), "type-unmatched"],
      [data.octets(good), "type-unmatched"],
    ];
    for (const [parameters, result] of cases) expect(await act(client, TRANSFER, parameters)).toEqual(refused(result));
    await expect(associate("management", old, 900)).resolves.toBeDefined();
    expect(codes()).not.toContain(48);
  });

  it("is the management client's alone", async () => {
    const client = await associate("reading");
    const wrapped = wrapKey(fleet.keys(target.meterId).masterKey, fresh(9));
    expect(await act(client, TRANSFER, data.array(key(0, wrapped)))).toEqual(refused("read-write-denied"));
  });
});

describe("transferring an image", () => {
  const NAME = "0-0:44.0.0";
  const BLOCK_OCTETS = 512;
  const method = (id: number) => [18, NAME, id] as const;
  const content = Uint8Array.from({ length: 1_700 }, (_, index) => (index * 31) & 0xff);
  const image = Uint8Array.of(...content, ...digest("sha256", content));
  const initiate = (size = image.length): DlmsData =>
    data.structure(data.octets(new TextEncoder().encode("E1-2.0.0")), data.doubleLongUnsigned(size));
  const block = (number: number, octets: Uint8Array = image): DlmsData =>
    data.structure(data.doubleLongUnsigned(number), data.octets(octets.subarray(number * BLOCK_OCTETS, (number + 1) * BLOCK_OCTETS)));

  it("takes blocks in any order and twice, says which are missing, verifies and activates, and remembers the version", async () => {
    const client = await associate("management");
    expect(await get(client, 18, NAME, 2)).toEqual(data.doubleLongUnsigned(BLOCK_OCTETS));
    expect(await act(client, method(1), initiate())).toEqual(DONE);
    for (const number of [3, 0, 0, 1]) expect(await act(client, method(2), block(number))).toEqual(DONE);
    expect(await get(client, 18, NAME, 3)).toEqual(data.bits(4, Uint8Array.of(0b1101_0000)));
    expect(await get(client, 18, NAME, 4)).toEqual(data.doubleLongUnsigned(2));
    expect(await act(client, method(3), data.integer(0))).toEqual(refused("other-reason"));
    expect(await act(client, method(2), block(2))).toEqual(DONE);
    expect(await act(client, method(4), data.integer(0))).toEqual(refused("other-reason"));
    expect(await act(client, method(3), data.integer(0))).toEqual(DONE);
    expect(await get(client, 18, NAME, 6)).toEqual(data.enumerated(3));
    expect(await get(client, 18, NAME, 7)).toMatchObject({
      type: "array",
      value: [{ value: [data.doubleLongUnsigned(image.length), {}, {}] }],
    });
    expect(await act(client, method(4), data.integer(0))).toEqual(DONE);
    expect(await get(client, 18, NAME, 6)).toEqual(data.enumerated(6));
    expect(await get(client, 1, "1-0:0.2.0", 2)).toEqual(data.octets(new TextEncoder().encode("E1-2.0.0")));
    expect(codes()).toContain(18);
    fleet = await open(street.crash());
    expect(fleet.device(target.meterId).meter.firmware).toBe("E1-2.0.0");
    expect(fleet.device(plan.meters[1]!.meterId).meter.firmware).not.toBe("E1-2.0.0");
  });

  it("activates once more what already runs, where it was sent once more", async () => {
    const client = await associate("management");
    for (let time = 0; time < 2; time++) {
      await act(client, method(1), initiate());
      for (const number of [0, 1, 2, 3]) expect(await act(client, method(2), block(number))).toEqual(DONE);
      expect(await act(client, method(3), data.integer(0))).toEqual(DONE);
      expect(await get(client, 18, NAME, 6)).toEqual(data.enumerated(3));
      expect(await act(client, method(4), data.integer(0))).toEqual(DONE);
      expect(await get(client, 18, NAME, 6)).toEqual(data.enumerated(6));
    }
  });

  it("does not activate a damaged image, and takes the right block afterwards", async () => {
    const client = await associate("management");
    const damaged = image.slice();
    damaged[600] = (damaged[600] ?? 0) ^ 1;
    await act(client, method(1), initiate());
    for (const number of [0, 1, 2, 3]) expect(await act(client, method(2), block(number, damaged))).toEqual(DONE);
    expect(await act(client, method(3), data.integer(0))).toEqual(refused("other-reason"));
    expect(await get(client, 18, NAME, 6)).toEqual(data.enumerated(4));
    expect(await act(client, method(4), data.integer(0))).toEqual(refused("other-reason"));
    expect(await act(client, method(2), block(1))).toEqual(DONE);
    expect(await act(client, method(3), data.integer(0))).toEqual(DONE);
  });

  it("refuses what is too large, out of turn, beyond the image, of the wrong length or form, and what is switched off", async () => {
    const client = await associate("management");
    expect(await act(client, method(2), block(0))).toEqual(refused("other-reason"));
    expect(await act(client, method(1), initiate(0xffff_ffff))).toEqual(refused("other-reason"));
    expect(await act(client, method(1), initiate(0))).toEqual(refused("other-reason"));
    expect(await act(client, method(1), data.nothing)).toEqual(refused("type-unmatched"));
    expect(await act(client, method(1), initiate())).toEqual(DONE);
    expect(await act(client, method(2), block(4))).toEqual(refused("other-reason"));
    expect(await act(client, method(2), data.structure(data.doubleLongUnsigned(0), data.octets(new Uint8Array(511))))).toEqual(
      refused("other-reason"),
    );
    const enabled = { classId: 18, instanceId: parseObis(NAME), attributeId: 5 };
    expect(await simulation.runFor(client.set(enabled, data.boolean(false)))).toBe("success");
    expect(await act(client, method(2), block(0))).toEqual(refused("other-reason"));
    const reader = await associate("reading");
    expect(await simulation.runFor(reader.set(enabled, data.boolean(true)))).toBe("read-write-denied");
    expect(await act(reader, method(1), initiate())).toEqual(refused("read-write-denied"));
  });
});

describe("the disconnector's script table", () => {
  const EXECUTE = [9, "0-0:10.0.106", 1] as const;

  it("runs its scripts on the breaker, for the management client", async () => {
    const client = await associate("management");
    const { meter } = fleet.device(target.meterId);
    expect(await get(client, 9, "0-0:10.0.106", 2)).toMatchObject({ type: "array", value: [{ type: "structure" }, { type: "structure" }] });
    expect(await act(client, EXECUTE, data.longUnsigned(1))).toEqual(DONE);
    expect(meter.controlState).toBe("disconnected");
    expect(await act(client, EXECUTE, data.longUnsigned(2))).toEqual(DONE);
    expect(meter.controlState).toBe("connected");
    expect(codes("disconnector")).toEqual([62, 63]);
    expect(await act(client, EXECUTE, data.longUnsigned(3))).toEqual(refused("other-reason"));
    expect(await act(client, EXECUTE, data.integer(1))).toEqual(refused("type-unmatched"));
    const reader = await associate("reading");
    expect(await act(reader, EXECUTE, data.longUnsigned(1))).toEqual(refused("read-write-denied"));
    expect(meter.controlState).toBe("connected");
  });
});
