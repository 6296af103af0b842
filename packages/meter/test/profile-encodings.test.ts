import {
  connectDlms,
  decodeData,
  entrySelection,
  expandProfile,
  parseObis,
  rangeSelection,
  wrapperLink,
  type AccessSelection,
  type ClientOptions,
  type ConformanceBit,
  type DlmsData,
} from "@amity/dlms";
import { describe, expect, it } from "vitest";
import { parseMeterType } from "../src/index.ts";
import { openBench, utc, type MeterBench } from "./bench/meter-bench.ts";

const startMs = Date.UTC(2026, 0, 20, 1);
const HOUR_MS = 3_600_000;
const BUFFER = { classId: 7, instanceId: parseObis("1-0:99.1.0"), attributeId: 2 };
const SERVICES: readonly ConformanceBit[] = ["get", "block-transfer-with-get-or-read", "selective-access"];
const SELECTIONS: readonly (AccessSelection | undefined)[] = [
  undefined,
  rangeSelection(utc(startMs - 30 * HOUR_MS), utc(startMs - 20 * HOUR_MS)),
  entrySelection(1, 10),
  entrySelection(5, 20, 1, 3),
];

/** The octets of the load profile as a meter of that type sends them. */
async function read(profileEncoding: string, conformance: readonly ConformanceBit[], selection?: AccessSelection): Promise<Uint8Array> {
  const bench: MeterBench = await openBench({
    startMs,
    parts: { type: parseMeterType(JSON.stringify({ profileEncoding, loadProfile: { depthDays: 3 } })) },
  });
  const options: ClientOptions = {
    clientSap: 2,
    authentication: { mechanism: "lls", password: bench.fleet.keys(bench.target.meterId).readingPassword },
    conformance,
  };
  const link = bench.headEnd.network.connect({ host: "street", port: 4_059 });
  const client = await bench.simulation.runFor(
    link.then((connection) => connectDlms(wrapperLink(connection, "client"), options, bench.headEnd)),
  );
  const outcome = await bench.simulation.runFor(client.getRaw(BUFFER, selection));
  if (outcome.kind !== "data") throw new Error(outcome.result);
  return outcome.octets;
}

const rowsOf = (octets: Uint8Array): DlmsData => expandProfile(decodeData(octets), 900);

describe("a load profile", () => {
  it.each(["null-data", "delta", "compact-array"] as const)(
    "gives the same rows as %s, in fewer octets, however they are selected",
    async (way) => {
      for (const selection of SELECTIONS) {
        const plain = await read("plain", SERVICES, selection);
        const short = await read(way, [...SERVICES, "delta-value-encoding"], selection);
        expect(short.length).toBeLessThan(plain.length);
        expect(rowsOf(short)).toEqual(decodeData(plain));
      }
    },
  );

  it("sends differences to nobody who did not agree to them", async () => {
    expect(await read("delta", SERVICES)).toEqual(await read("plain", SERVICES));
  });
});
