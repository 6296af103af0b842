import { toHex } from "@amity/bytes";
import { describe, expect, it } from "vitest";
import { createFleet, deriveMeterKeys, masterSecretFrom, parseMeterType, STANDARD_METER } from "../src/index.ts";

const startMs = Date.UTC(2026, 5, 1);

describe("a fleet plan", () => {
  it("is the same for the same options, plain data, and another for another seed", () => {
    const plan = createFleet({ seed: 1, meters: 1_000, feeders: 6, concentrators: 12, startMs });
    expect(JSON.parse(JSON.stringify(createFleet({ seed: 1, meters: 1_000, feeders: 6, concentrators: 12, startMs })))).toEqual(
      JSON.parse(JSON.stringify(plan)),
    );
    expect(createFleet({ seed: 2, meters: 10, startMs }).meters[0]!.householdSeed).not.toBe(plan.meters[0]!.householdSeed);
  });

  it("hangs every meter on a transformer of its feeder, and each station number on a medium once", () => {
    const plan = createFleet({ seed: 4, meters: 1_200, feeders: 6, concentrators: 12, startMs });
    expect(plan.feeders).toHaveLength(6);
    expect(plan.concentrators).toHaveLength(12);
    const transformers = new Map(plan.transformers.map((transformer) => [transformer.transformerId, transformer]));
    for (const meter of plan.meters) expect(transformers.get(meter.transformerId)?.feederId).toBe(meter.feederId);
    expect(new Set(plan.meters.map(({ meterId }) => meterId)).size).toBe(1_200);
    const stations = plan.meters.flatMap(({ address }) =>
      address.kind === "medium" ? [`${address.concentratorId}/${address.station}`] : [],
    );
    expect(new Set(stations).size).toBe(stations.length);
    const direct = plan.meters.filter(({ address }) => address.kind === "tcp");
    expect(direct.length).toBeGreaterThan(60);
    expect(direct.length).toBeLessThan(200);
    expect(plan.meters.filter(({ solar }) => solar).length / 1_200).toBeCloseTo(0.22, 1);
  });

  it("gives direct meters consecutive ports from the first", () => {
    const plan = createFleet({ seed: 4, meters: 5, directShare: 1, firstPort: 4_059, startMs });
    expect(plan.meters.map(({ address }) => (address.kind === "tcp" ? address.port : 0))).toEqual([4_059, 4_060, 4_061, 4_062, 4_063]);
  });

  it("says what is wrong with counts that cannot be", () => {
    expect(() => createFleet({ seed: 1, meters: 0, startMs })).toThrow(/1 to 1000000 meters, not 0/);
    expect(() => createFleet({ seed: 1, meters: 5, feeders: 3, concentrators: 2, startMs })).toThrow(/3 to 10000 concentrators, not 2/);
  });
});

describe("meter keys", () => {
  it("follow from master secret and meter id as documented", () => {
    const keys = deriveMeterKeys(masterSecretFrom("example"), "AMTY100000001");
    const again = deriveMeterKeys(masterSecretFrom("example"), "AMTY100000001");
    expect(keys).toEqual(again);
    const all = [keys.encryptionKey, keys.authenticationKey, keys.masterKey, keys.broadcastKey];
    expect(new Set(all.map((key) => toHex(key))).size).toBe(4);
    for (const key of all) expect(key).toHaveLength(16);
    expect(new TextDecoder().decode(keys.readingPassword)).toMatch(/^[0-9A-F]{16}$/);
  });

  it("differ between meters, but for the broadcast key", () => {
    const [one, other] = ["AMTY100000001", "AMTY100000002"].map((id) => deriveMeterKeys(masterSecretFrom("example"), id));
    expect(one!.encryptionKey).not.toEqual(other!.encryptionKey);
    expect(one!.broadcastKey).toEqual(other!.broadcastKey);
  });

  it("are refused from a weak secret", () => {
    expect(() => deriveMeterKeys(new Uint8Array(8), "AMTY100000001")).toThrow(/at least 16/);
  });
});

describe("a meter profile file", () => {
  it("may leave out everything", () => {
    expect(parseMeterType("{}")).toEqual(STANDARD_METER);
  });

  it("changes what it names", () => {
    const type = parseMeterType(
      '{ "manufacturer": "XYZ", "loadProfile": { "periodSeconds": 1800, "channels": ["1-0:1.8.0.255"] }, "publicReadsAll": true }',
    );
    expect(type).toMatchObject({
      manufacturer: "XYZ",
      publicReadsAll: true,
      loadProfile: { periodSeconds: 1_800, depthDays: 64, channels: ["1-0:1.8.0.255"] },
    });
  });

  it.each([
    ["nonsense", /not JSON/],
    ["[]", /must be an object/],
    ['{ "colour": 1 }', /colour is not a field/],
    ['{ "manufacturer": "x" }', /manufacturer must be text/],
    ['{ "loadProfile": { "periodSeconds": 700 } }', /periodSeconds must divide an hour/],
    ['{ "loadProfile": { "channels": ["1-0:9.8.0.255"] } }', /channels must be one of/],
    ['{ "clients": { "reading": 1 } }', /three different numbers/],
  ])("says what is wrong with %s", (text, message) => {
    expect(() => parseMeterType(text)).toThrow(message);
  });
});

describe("the sub-meters of a plan", () => {
  const subMeters = { gas: 0.5, water: 0.9, heat: 0.2, wireless: 0.3 };
  const plan = createFleet({ seed: 5, meters: 1_000, feeders: 4, concentrators: 8, startMs, subMeters });

  it("are none unless asked for", () => {
    const plain = createFleet({ seed: 5, meters: 100, startMs });
    expect([plain.subMeters, plain.wirelessConcentrators]).toEqual([[], []]);
    expect(plan.meters).toEqual(createFleet({ seed: 5, meters: 1_000, feeders: 4, concentrators: 8, startMs }).meters);
  });

  it("come in the shares asked for, and no home has both gas and district heat", () => {
    for (const medium of ["gas", "water", "heat"] as const) {
      const count = plan.subMeters.filter((meter) => meter.medium === medium).length;
      expect(Math.abs(count / 1_000 - subMeters[medium])).toBeLessThan(0.05);
    }
    const homes = (medium: string) => plan.subMeters.filter((meter) => meter.medium === medium).map(({ homeMeterId }) => homeMeterId);
    expect(homes("gas").filter((home) => homes("heat").includes(home))).toEqual([]);
  });

  it("have ids, channels and stations of their own, and hang on the home's electricity meter or on a planned concentrator", () => {
    expect(new Set(plan.subMeters.map(({ meterId }) => meterId)).size).toBe(plan.subMeters.length);
    const places = plan.subMeters.map(({ reach }) => JSON.stringify(reach));
    expect(new Set(places).size).toBe(places.length);
    const known = new Set(plan.wirelessConcentrators.map(({ concentratorId }) => concentratorId));
    const wireless = plan.subMeters.filter(({ reach }) => reach.kind === "wireless");
    expect(wireless.length / plan.subMeters.length).toBeCloseTo(0.3, 1);
    for (const { reach, homeMeterId } of plan.subMeters) {
      if (reach.kind === "channel") expect(reach.hostMeterId).toBe(homeMeterId);
      else expect(known).toContain(reach.concentratorId);
    }
  });

  it("refuses shares that cannot be", () => {
    expect(() => createFleet({ seed: 1, meters: 5, startMs, subMeters: { gas: 1.2 } })).toThrow(/0 to 1, not 1.2/);
    expect(() => createFleet({ seed: 1, meters: 5, startMs, subMeters: { gas: 0.8, heat: 0.3 } })).toThrow(/exceed 1/);
  });
});
