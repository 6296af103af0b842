import { describe, expect, it } from "vitest";
import { companionClient, companionClock, companionObject, COMPANIONS, findCompanion } from "../../src/cosem/companions/companions.ts";
import { instantOf, stampOf } from "../../src/cosem/instant.ts";
import { obisName } from "../../src/cosem/obis-names.ts";
import { parseObis } from "../../src/data/obis.ts";

describe.each(COMPANIONS.map((companion) => [companion.id, companion] as const))("the companion %s", (_id, companion) => {
  const objects = Object.values(companion.objects);
  const logs = companion.eventLogs.map(({ logicalName }) => logicalName);
  const profiles = companion.profiles.flatMap(({ logicalName, scalerProfile }) =>
    scalerProfile === undefined ? [logicalName] : [logicalName, scalerProfile],
  );
  const counters = companion.clients.flatMap(({ invocationCounter }) => (invocationCounter === undefined ? [] : [invocationCounter]));

  it("writes logical names in their one form, and only such as have a name", () => {
    for (const name of [...objects, ...logs, ...profiles, ...counters]) {
      expect(parseObis(name)).toBe(name);
      expect(obisName(parseObis(name)), name).toBeDefined();
    }
  });

  it("names each client, profile and log once", () => {
    const lists: (string | number)[][] = [
      companion.clients.map(({ sap }) => sap),
      companion.clients.map(({ role }) => role),
      profiles,
      logs,
    ];
    for (const list of lists) expect(list).toEqual([...new Set(list)]);
  });

  it("asks for no cipher without a suite, and for a transform with its mechanism", () => {
    expect(companion.suites.length).toBeGreaterThan(0);
    const hasManufacturerHls = companion.clients.some(({ mechanism }) => mechanism === "hls-manufacturer");
    expect(companion.quirks.manufacturerHls !== undefined).toBe(hasManufacturerHls);
  });
});

describe("companions", () => {
  it("know objects, profiles and logs by a word", () => {
    const india = findCompanion("india-is15959")!;
    expect(companionObject(india, "clock")).toBe("0-0:1.0.0.255");
    expect(companionObject(india, "name-plate")).toBe("0-0:94.91.10.255");
    expect(companionObject(india, "billing-profile")).toBe("1-0:98.1.0.255");
    expect(companionObject(india, "power-failure-event-log")).toBe("0-0:99.98.2.255");
    expect(companionObject(india, "constructor")).toBeUndefined();
  });

  it("read stamps without a deviation in the zone of their country", () => {
    const noon = { ...stampOf(Date.UTC(2026, 0, 1, 12)), deviationMinutes: undefined };
    expect(instantOf(noon, companionClock(findCompanion("india-is15959")!))).toBe(Date.UTC(2026, 0, 1, 6, 30));
    const summer = { ...noon, status: { ...stampOf(0, { isDaylightSaving: true }).status! } };
    expect(instantOf(summer, companionClock(findCompanion("dsmr")!))).toBe(Date.UTC(2026, 0, 1, 10));
    expect(instantOf(noon, companionClock(findCompanion("idis")!))).toBe(Date.UTC(2026, 0, 1, 12));
  });

  it("are found by id, their clients by role", () => {
    expect(companionClient(findCompanion("idis")!, "management")).toMatchObject({ sap: 1, mechanism: "hls-gmac" });
    expect(companionClient(findCompanion("india-is15959")!, "meter-reading")?.sap).toBe(32);
    expect(findCompanion("none")).toBeUndefined();
    expect(new Set(COMPANIONS.map(({ id }) => id)).size).toBe(COMPANIONS.length);
  });
});
