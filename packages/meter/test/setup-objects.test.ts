import { connectDlms, data, decodeData, encodeData, obisToOctets, parseObis, wrapperLink, type DlmsData } from "@amity/dlms";
import { beforeEach, describe, expect, it } from "vitest";
import { executionTime, openBench, text, type MeterBench } from "./bench/meter-bench.ts";

const MINUTE_MS = 60_000;
const startMs = Date.UTC(2026, 0, 20, 1);
const DONE = { kind: "done" };

let bench: MeterBench;

beforeEach(async () => {
  bench = await openBench({ startMs });
});

const name = (obis: string): DlmsData => data.octets(obisToOctets(parseObis(obis)));

describe("compact data", () => {
  it("holds the template's number and the values without types, which its description gives back", async () => {
    const buffer = await bench.get(62, "0-0:66.0.0", 2);
    const description = await bench.get(62, "0-0:66.0.0", 5);
    if (buffer.type !== "octet-string" || description.type !== "octet-string") throw new Error("no octets");
    expect(buffer.value[0]).toBe(1);
    const content = buffer.value.slice(1);
    const rebuilt = decodeData(Uint8Array.of(0x13, ...description.value, content.length, ...content));
    const [row] = rebuilt.type === "compact-array" ? rebuilt.value : [];
    const cells = row?.type === "structure" ? row.value : [];
    expect(cells[1]).toMatchObject({ type: "double-long-unsigned" });
    const total = await bench.number(3, "1-0:1.8.0", 2);
    expect(total - (cells[1] as { value: number }).value).toBeLessThan(5);
  });

  it("captures what the utility lists, with the number that it gives", async () => {
    const capture = data.structure(data.longUnsigned(1), name("0-0:42.0.0"), data.integer(2), data.longUnsigned(0));
    expect(await bench.set(62, "0-0:66.0.0", 3, data.array(capture))).toBe("success");
    expect(await bench.set(62, "0-0:66.0.0", 4, data.unsigned(9))).toBe("success");
    const buffer = await bench.get(62, "0-0:66.0.0", 2);
    const own = encodeData(await bench.get(1, "0-0:42.0.0", 2)).slice(1);
    expect(buffer).toEqual(data.octets(Uint8Array.of(9, ...own)));
  });
});

describe("the parameter monitor", () => {
  const PARAMETER = data.structure(data.longUnsigned(71), name("0-0:17.0.0"), data.integer(4));

  it("shows the last change of what is on its list, with its time, and of nothing else", async () => {
    expect(await bench.act(65, "0-0:16.2.0", 1, PARAMETER)).toEqual(DONE);
    expect(await bench.set(71, "0-0:17.0.0", 4, data.doubleLongUnsigned(9_000))).toBe("success");
    expect(await bench.set(71, "0-0:17.0.0", 6, data.doubleLongUnsigned(90))).toBe("success");
    expect(await bench.get(65, "0-0:16.2.0", 2)).toEqual(
      data.structure(data.longUnsigned(71), name("0-0:17.0.0"), data.integer(4), data.doubleLongUnsigned(9_000)),
    );
    expect(await bench.get(65, "0-0:16.2.0", 3)).not.toEqual(data.octets(new Uint8Array(12).fill(0xff)));
    expect(await bench.act(65, "0-0:16.2.0", 2, PARAMETER)).toEqual(DONE);
    expect(await bench.act(65, "0-0:16.2.0", 2, PARAMETER)).toEqual({ kind: "refused", result: "other-reason" });
    expect(await bench.get(65, "0-0:16.2.0", 4)).toEqual(data.array());
  });
});

describe("function control", () => {
  it("switches the schedules off and on", async () => {
    const status = (isOn: boolean): DlmsData => data.array(data.structure(text("SCHEDULES"), data.boolean(isOn)));
    expect(await bench.set(22, "0-0:15.0.1", 4, executionTime(13, 0))).toBe("success");
    expect(await bench.act(122, "0-0:44.1.0", 1, status(false))).toEqual(DONE);
    await bench.later(startMs + 90 * MINUTE_MS);
    expect(await bench.number(70, "0-0:96.3.10", 3)).toBe(1);
    expect(await bench.act(122, "0-0:44.1.0", 1, status(true))).toEqual(DONE);
    await bench.later(startMs + 26 * 60 * MINUTE_MS);
    expect(await bench.number(70, "0-0:96.3.10", 3)).toBe(0);
    expect(await bench.act(122, "0-0:44.1.0", 1, data.array(data.structure(text("COFFEE"), data.boolean(true))))).toEqual({
      kind: "refused",
      result: "other-reason",
    });
  });
});

describe("port protection", () => {
  it("locks the port for longer with each wrong attempt beyond those allowed, and lets go of it", async () => {
    const PORT = [124, "0-0:44.2.0"] as const;
    expect(await bench.set(...PORT, 2, data.enumerated(0))).toBe("other-reason");
    expect(await bench.set(...PORT, 3, data.longUnsigned(2))).toBe("success");
    expect(await bench.set(...PORT, 2, data.enumerated(1))).toBe("success");
    const attempt = (): Promise<unknown> =>
      bench.simulation.runFor(
        bench.headEnd.network
          .connect({ host: "street", port: 4_059 })
          .then((connection) =>
            connectDlms(
              wrapperLink(connection, "client"),
              { clientSap: 2, authentication: { mechanism: "lls", password: new Uint8Array(8) } },
              bench.headEnd,
            ),
          )
          .catch((error: unknown) => String(error)),
      );
    for (let index = 0; index < 2; index++) expect(String(await attempt())).toContain("authentication");
    expect(await bench.number(...PORT, 9)).toBe(2);
    expect(await bench.number(...PORT, 8)).toBe(0);
    expect(String(await attempt())).toContain("authentication");
    expect(await bench.number(...PORT, 8)).toBe(1);
    expect(String(await attempt())).not.toContain("authentication");
    await bench.later(startMs + 2 * MINUTE_MS);
    expect(await bench.number(...PORT, 8)).toBe(0);
    // The bench has associated in between: the row of failures is over, their sum is not.
    expect(await bench.number(...PORT, 9)).toBe(0);
    expect(await bench.number(...PORT, 10)).toBe(3);
    expect(await bench.act(...PORT, 1)).toEqual(DONE);
    expect(await bench.number(...PORT, 10)).toBe(3);
  });
});

describe("setup objects", () => {
  it("tell what the meter's ports are, and keep their passwords to themselves", async () => {
    expect(await bench.number(41, "0-0:25.0.0", 2)).toBe(4_059);
    expect(await bench.get(42, "0-0:25.1.0", 8)).toEqual(data.boolean(true));
    expect(await bench.number(23, "0-0:22.0.0", 5)).toBe(128);
    expect(await bench.get(47, "0-0:25.6.0", 3)).toEqual(data.enumerated(1));
    await expect(bench.get(19, "0-0:20.0.0", 7)).rejects.toThrow("read-write-denied");
    expect(await bench.set(45, "0-0:25.4.0", 2, text("meters.example"))).toBe("success");
    expect(await bench.get(45, "0-0:25.4.0", 2)).toEqual(text("meters.example"));
  });

  it("map the status word", async () => {
    expect(await bench.get(63, "0-0:96.5.0", 2)).toEqual(data.bits(8, Uint8Array.of(8)));
  });

  it("take a message for the customer, which is there for the customer's client too, and refuse a long one", async () => {
    expect(await bench.set(1, "0-0:96.13.0", 2, text("Thank you"))).toBe("success");
    expect(await bench.get(1, "0-0:96.13.0", 2)).toEqual(text("Thank you"));
    expect(await bench.set(1, "0-0:96.13.0", 2, text("x".repeat(513)))).toBe("other-reason");
  });
});
