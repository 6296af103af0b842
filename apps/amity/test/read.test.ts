import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCESS, compileModel, data, listenDlms, parseObis, type LogicalDevice } from "@amity/dlms";
import { realNetwork, realRandom, realTimers } from "@amity/runtime";
import { meterServe } from "../src/cli/meter-serve.ts";
import { read as readMeter } from "../src/cli/read.ts";
import { announcedPort, runAmity, serveAmity, type CommandResult, type ServingCommand } from "./running-command.ts";

const EK = "00112233445566778899AABBCCDDEEFF";
const AK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";
const HOUR_MS = 3_600_000;

interface Output {
  readonly meter: string;
  readonly objects?: readonly { readonly obis: string; readonly classId: number }[];
  readonly readings: readonly {
    readonly obis: string;
    readonly classId: number;
    readonly value?: unknown;
    readonly unit?: string;
    readonly text?: string;
    readonly error?: string;
    readonly columns?: readonly string[];
    readonly rows?: readonly (readonly string[])[];
  }[];
}

const serving: ServingCommand[] = [];
const ports = { none: 0, hls5: 0, hls3: 0, hdlc: 0, udp: 0, shortNames: 0, gateway: 0 };

async function serve(...args: string[]): Promise<number> {
  const command = serveAmity(["meter", "serve", "--port", "0", "--json", "--password", "secret-1", "--ek", EK, "--ak", AK, ...args]);
  serving.push(command);
  return command.until(announcedPort);
}

beforeAll(async () => {
  [ports.none, ports.hls5, ports.hls3, ports.hdlc, ports.udp, ports.shortNames, ports.gateway] = await Promise.all([
    serve("--auth", "none"),
    serve("--auth", "hls5"),
    serve("--auth", "hls3"),
    serve("--auth", "hls5", "--transport", "hdlc", "--frames", "7", "--frame", "2030"),
    serve("--auth", "hls5", "--transport", "udp"),
    serve("--auth", "hls5", "--referencing", "sn"),
    serve("--auth", "hls5", "--gateway", "--count", "3"),
  ]);
});
afterAll(() => Promise.all(serving.map((command) => command.stop())));

function read(port: number, query: string, ...args: string[]): Promise<CommandResult> {
  return runAmity(["read", `dlms://127.0.0.1:${port}?${query}`, ...args, "--json"]);
}

const outputOf = ({ stdout }: CommandResult): Output => JSON.parse(stdout) as Output;
const errorOf = ({ stdout }: CommandResult): { blame?: string; code?: string; message: string } =>
  (JSON.parse(stdout) as { error: { blame?: string; code?: string; message: string } }).error;

describe("reading a meter by its companion specification", () => {
  it("takes client, authentication and counter from it, and its words", async () => {
    const result = await read(ports.hls5, `ek=${EK}&ak=${AK}`, "clock", "load", "--companion", "dsmr");
    expect(result).toMatchObject({ code: 0 });
    expect(outputOf(result).readings.map(({ obis }) => obis)).toEqual(["0-0:1.0.0.255", "1-0:99.1.0.255"]);
    const open = await read(ports.none, "", "clock", "--companion", "idis", "--role", "public");
    expect(open).toMatchObject({ code: 0 });
  });

  it("names the companions and the roles that there are", async () => {
    const unknown = await read(ports.none, "", "--companion", "none");
    expect(unknown.code).not.toBe(0);
    expect(errorOf(unknown).message).toContain("not known");
    expect(errorOf(await read(ports.none, "", "--companion", "idis", "--role", "king")).message).toContain("no client king");
    expect(errorOf(await read(ports.none, "", "--role", "public")).message).toContain("goes with --companion");
  });
});

describe("reading a meter from the command line", () => {
  it("reads without authentication, by name and by code, with units", async () => {
    const result = await read(ports.none, "client=16", "clock", "1-0:1.8.0");
    expect(result).toMatchObject({ code: 0 });
    const [clock, energy] = outputOf(result).readings;
    expect(Math.abs(Date.parse(clock?.text ?? "") - Date.now())).toBeLessThan(120_000);
    expect(energy).toMatchObject({ obis: "1-0:1.8.0.255", classId: 3, unit: "Wh", value: expect.any(Number) });
  });

  it("reads everything identified where nothing is named", async () => {
    const result = await read(ports.none, "client=16");
    expect(result.code).toBe(0);
    expect(outputOf(result).readings.length).toBeGreaterThan(25);
  });

  it("reads by password", async () => {
    const result = await read(ports.hls5, "auth=lls&password=secret-1", "1-0:32.7.0");
    expect(result.code).toBe(0);
    expect(outputOf(result).readings[0]).toMatchObject({ unit: "V", text: expect.stringMatching(/^2[0-9]{2}\.\d/) });
  });

  it("reads ciphered by GMAC, beginning above the counter that the meter has seen, twice", async () => {
    for (let time = 0; time < 2; time++) {
      const result = await read(ports.hls5, `auth=hls5&ek=${EK}&ak=${AK}`, "1-0:1.8.0");
      expect(result).toMatchObject({ code: 0 });
      expect(outputOf(result).readings[0]).toMatchObject({ unit: "Wh" });
    }
  });

  it("reads with each ciphering, and by a hash of the secret", async () => {
    for (const query of [
      `auth=hls5&ek=${EK}&ak=${AK}&ciphering=gglo`,
      `auth=hls5&ek=${EK}&ak=${AK}&dk=0F0E0D0C0B0A09080706050403020100`,
      `auth=hls5&ek=${EK}&ak=${AK}&protection=a`,
    ]) {
      expect(await read(ports.hls5, query, "1-0:1.8.0"), query).toMatchObject({ code: 0 });
    }
    expect(await read(ports.hls3, "auth=hls3&secret=secret-1", "1-0:1.8.0")).toMatchObject({ code: 0 });
  });

  it("reads over HDLC", async () => {
    const result = await read(ports.hdlc, `auth=hls5&ek=${EK}&ak=${AK}&transport=hdlc`, "1-0:1.8.0", "profile");
    expect(result.code).toBe(0);
    expect(outputOf(result).readings[1]?.rows?.length).toBeGreaterThan(0);
  });

  it("reads over HDLC with long addresses and a window of seven frames", async () => {
    const query = `auth=hls5&ek=${EK}&ak=${AK}&transport=hdlc&address=4&physical=16&frames=7&frame=512`;
    expect(await read(ports.hdlc, query, "profile", "--entries", "1-96")).toMatchObject({ code: 0 });
  });

  it("reads over UDP", async () => {
    const result = await read(ports.udp, `auth=hls5&ek=${EK}&ak=${AK}&transport=udp`, "clock", "profile", "--entries", "1-96");
    expect(result).toMatchObject({ code: 0 });
    expect(outputOf(result).readings[1]?.rows?.length).toBe(96);
  });

  it("reads by short names, in the clear and ciphered, in blocks of both kinds", async () => {
    for (const query of [
      "auth=lls&password=secret-1",
      `auth=hls5&ek=${EK}&ak=${AK}`,
      `auth=hls5&ek=${EK}&ak=${AK}&blocks=general&pdu=256`,
    ]) {
      const result = await read(ports.shortNames, `${query}&referencing=sn`, "clock", "objects", "profile", "--entries", "1-96");
      expect(result, query).toMatchObject({ code: 0 });
      expect(outputOf(result).objects?.length).toBeGreaterThan(100);
      expect(outputOf(result).readings[1]?.rows?.length).toBe(96);
    }
  });

  it("reads the meter behind a gateway that the prefix names, and no other", async () => {
    const [, , third] = (JSON.parse(serving[6]!.stdout()) as { meters: { meterId: string }[] }).meters;
    const result = await read(ports.gateway, `auth=hls5&ek=${EK}&ak=${AK}&gateway=0:${third?.meterId}`, "0-0:96.1.0");
    expect(outputOf(result).readings[0]?.text).toBe(third?.meterId);
    const nobody = await read(ports.gateway, "gateway=0:nobody", "clock", "--timeout", "300");
    expect(errorOf(nobody)).toMatchObject({ code: "timeout" });
  });

  it("reads a profile by numbers of rows", async () => {
    const result = await read(ports.none, "client=16", "profile", "--entries", "2-4");
    expect(outputOf(result).readings[0]?.rows?.length).toBe(3);
    expect((await read(ports.none, "client=16", "profile", "--entries", "all")).code).toBe(2);
  });

  it("reads a profile by range: rows of the range, no others", async () => {
    const toMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const fromMs = toMs - 6 * HOUR_MS;
    const span = ["--from", new Date(fromMs).toISOString(), "--to", new Date(toMs).toISOString()];
    const result = await read(ports.none, "client=16", "profile", ...span);
    expect(result.code).toBe(0);
    const [profile] = outputOf(result).readings;
    expect(profile?.columns).toHaveLength(6);
    const times = (profile?.rows ?? []).map(([time = ""]) => Date.parse(time));
    expect(times).toEqual(Array.from({ length: 25 }, (_, index) => fromMs + index * 900_000));
  });

  it("shows the objects of the association that it opened", async () => {
    const [all, few] = await Promise.all([
      read(ports.hls5, "auth=lls&password=secret-1", "objects"),
      read(ports.hls5, "client=16", "objects"),
    ]);
    const names = (result: CommandResult): string[] => (outputOf(result).objects ?? []).map(({ obis }) => obis);
    expect(names(all)).toContain("1-0:99.1.0.255");
    expect(names(all).length).toBeGreaterThan(30);
    expect(names(few).length).toBeGreaterThan(0);
  });
});

describe("what cannot be read", () => {
  it("blames a wrong password, and prints none", async () => {
    const result = await read(ports.hls5, "auth=lls&password=wrong-one", "1-0:1.8.0");
    expect(result.code).toBe(1);
    expect(errorOf(result).blame).toBe("security");
    expect(result.stdout + result.stderr).not.toContain("wrong-one");
  });

  it("blames a wrong key, and prints none", async () => {
    const wrong = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    for (const query of [`auth=hls5&ek=${wrong}&ak=${AK}`, `auth=hls5&ek=${EK}&ak=${wrong}`]) {
      const result = await read(ports.hls5, query, "1-0:1.8.0");
      expect(result.code, query).toBe(1);
      expect(["security", "peer"]).toContain(errorOf(result).blame);
      expect(result.stdout).toContain("check the encryption and authentication keys");
      expect((result.stdout + result.stderr).toUpperCase()).not.toContain(wrong);
    }
  });

  it("refuses a counter that was used before", async () => {
    const query = `auth=hls5&ek=${EK}&ak=${AK}&ic=1`;
    await read(ports.hls5, `auth=hls5&ek=${EK}&ak=${AK}`, "1-0:1.8.0");
    const result = await read(ports.hls5, query, "1-0:1.8.0");
    expect(result.code).toBe(1);
    expect(["security", "peer"]).toContain(errorOf(result).blame);
  });

  it("names an object that the meter does not have", async () => {
    const result = await read(ports.none, "client=16", "1-0:9.9.9");
    expect(result.code).toBe(2);
    expect(errorOf(result)).toMatchObject({ code: "no-object", message: expect.stringContaining("1-0:9.9.9") });
  });

  it.each([
    ["dlms://127.0.0.1:4059?auth=hls5", "GMAC and ECDSA need keys"],
    ["dlms://127.0.0.1:4059?password=x&colour=red", 'unknown parameter "colour"'],
    ["http://127.0.0.1:4059", '"http" meters cannot be read here'],
    ["nonsense", "is not a URL"],
    ["dlms://127.0.0.1:4059?auth=hls5&ek=0011&ak=0011", "ek has 2 octets"],
  ])("says what is wrong with %s", async (url, reason) => {
    await expect(readMeter(url, [], { timeout: 1_000 })).rejects.toMatchObject({
      blame: "usage",
      message: expect.stringContaining(reason),
    });
  });

  it("calls a name that nobody knows, and a span that ends before it begins, wrong usage", async () => {
    const unknown = await read(ports.none, "client=16", "no-such-thing");
    expect(unknown.code).toBe(2);
    expect(errorOf(unknown)).toMatchObject({ blame: "usage", code: "name" });
    const backwards = await read(ports.none, "client=16", "profile", "--from", "2026-01-02T00:00Z", "--to", "2026-01-01T00:00Z");
    expect(backwards.code).toBe(2);
    expect(errorOf(backwards)).toMatchObject({ blame: "usage", code: "time" });
  });

  it("shows what can be read beside an answer that cannot, and says where that is broken", async () => {
    const [broken, whole] = ["0-0:96.1.0", "0-0:96.1.1"].map((name) => parseObis(name));
    const model = compileModel({
      associations: [{ clientSap: 16, role: "public", mechanism: "none" }],
      objects: [broken, whole].map((instanceId) => ({
        classId: 1,
        version: 0,
        instanceId: instanceId!,
        attributes: [{ id: 2, access: { public: ACCESS.read } }],
      })),
    });
    const meter: LogicalDevice = {
      model,
      systemTitle: new TextEncoder().encode("AMY00001"),
      read: ({ instanceId }) =>
        instanceId === whole ? { kind: "data", data: data.unsigned(7) } : { kind: "encoded", octets: Uint8Array.of(0x11, 7, 0, 0) },
      write: () => "read-write-denied",
      invoke: () => ({ kind: "refused", result: "object-undefined" }),
    };
    const world = { network: realNetwork, timers: realTimers, random: realRandom() };
    const listener = await listenDlms(world, { host: "127.0.0.1", port: 0 }, { logicalDevice: () => meter });
    const result = await read(listener.address.port, "");
    await listener.close();
    expect(result.code).toBe(6);
    expect(outputOf(result).readings).toMatchObject([
      { obis: "0-0:96.1.0.255", fault: expect.stringMatching(/2 trailing octet\(s\).*byte 2/) },
      { obis: "0-0:96.1.1.255", value: 7 },
    ]);
  });

  it("says that nothing listens", async () => {
    const listener = await realNetwork.listen({ host: "127.0.0.1", port: 0 }, () => {});
    await listener.close();
    const result = await read(listener.address.port, "client=16", "clock");
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ blame: "link", code: "refused" });
  });

  it.each([
    [{ transport: "pigeon" }, '"pigeon" is no transport'],
    [{ auth: "hls9" }, '"hls9" is no authentication'],
    [{ ek: "00" }, "--ek has 1 octets"],
    [{ count: 0 }, "--count is 1 to"],
    [{ profile: "/nowhere/meter.json" }, "cannot be read"],
  ])("does not serve a meter with %j", async (wrong, reason) => {
    const right = {
      protocol: "dlms",
      transport: "wrapper",
      host: "127.0.0.1",
      port: 0,
      count: 1,
      auth: "none",
      password: "x",
      ek: EK,
      ak: AK,
      seed: 1,
      speed: 1,
    };
    await expect(meterServe({ ...right, ...wrong })).rejects.toMatchObject({ blame: "usage", message: expect.stringContaining(reason) });
  });
});
