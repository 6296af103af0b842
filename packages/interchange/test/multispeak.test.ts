import { zoneOf } from "@amity/intervals";
import { packQuality, QUALITY, unpackQuality } from "@amity/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatOf,
  MULTISPEAK_VERSIONS,
  readMultispeak,
  writeMultispeakBlock,
  writeMultispeakIntervals,
  writeMultispeakReadings,
  type InterchangeRecord,
} from "../src/index.ts";
import { asidesIn, chunksOf, collect, intervalsIn, recordsOf, registersIn, textOf } from "./reading.ts";
import { anyQuality, registerRecord, seriesRecord } from "./record-fixtures.ts";

const read = (text: string): Promise<InterchangeRecord[]> => collect(readMultispeak(chunksOf(text, 50)));

describe.each(MULTISPEAK_VERSIONS)("MultiSpeak %s", (version) => {
  it("interval data come back unchanged from their own writer, whatever the values, qualities and chunks", async () => {
    const slots = fc.array(fc.tuple(fc.integer({ min: -1e12, max: 1e12 }), anyQuality), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(slots, fc.integer({ min: 1, max: 300 }), async (values, size) => {
        const records = [seriesRecord(values), seriesRecord(values, { channel: "1-0:2.8.0" })];
        const written = await textOf(writeMultispeakIntervals(recordsOf(records), { version }));
        expect(await collect(readMultispeak(chunksOf(written, size)))).toEqual(records);
      }),
      { numRuns: 40 },
    );
  });

  it("readings come back unchanged from their own writer", async () => {
    // Version 3.0 has no place for the quality of a reading.
    const quality = version === "3.0" ? fc.constant(QUALITY.raw) : anyQuality;
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 0n, max: 10n ** 18n }), quality, async (value, code) => {
        const records = [registerRecord(value, code), registerRecord(value + 1n, code, "1-0:3.8.0")];
        const written = await textOf(writeMultispeakReadings(recordsOf(records), { version }));
        const missing = unpackQuality(code).category === "missing";
        expect(registersIn(await read(written))).toEqual(missing ? [] : records);
      }),
      { numRuns: 40 },
    );
  });

  it("formatted blocks come back unchanged from their own writer", async () => {
    const records = [registerRecord(123_456n, QUALITY.raw), registerRecord(7n, QUALITY.raw, "1-0:2.8.0")];
    const written = await textOf(writeMultispeakBlock(recordsOf(records), { version }));
    expect(await read(written)).toEqual(records);
    await expect(
      textOf(writeMultispeakBlock(recordsOf([registerRecord(1n, QUALITY.raw, "1-0:3.8.0")]), { version })),
    ).rejects.toMatchObject({
      code: "not-representable",
    });
  });

  it("is told from its first octets", async () => {
    const written = await textOf(writeMultispeakIntervals(recordsOf([seriesRecord([[1, QUALITY.raw]])]), { version }));
    expect(formatOf(new TextEncoder().encode(written))).toBe("multispeak");
  });

  it("cut off anywhere is refused", async () => {
    const written = await textOf(writeMultispeakIntervals(recordsOf([seriesRecord([[1, QUALITY.raw]])]), { version }));
    for (let length = 0; length < written.length - 2; length += 13) {
      await expect(read(written.slice(0, length)), `after ${length}`).rejects.toMatchObject({ blame: "decode" });
    }
  });
});

const V3 = 'xmlns="http://www.multispeak.org/Version_3.0"';

describe("a MultiSpeak message of others", () => {
  it("of meter reads in a SOAP envelope gives energy both ways, demand and rate periods", async () => {
    const records = await read(
      `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><MultiSpeakMsgHeader ${V3} Version="3.0"/></soap:Header>
       <soap:Body><ReadingChangedNotification ${V3}><changedMeterReads><meterRead objectID="7" verb="New">
       <meterNo>54005127</meterNo><deviceID>9</deviceID><readingDate>2012-08-14T14:00:00-05:00</readingDate><posKWh>4711</posKWh><negKWh>12</negKWh>
       <kW>2.5</kW><kWDateTime>2012-08-13T17:30:00-05:00</kWDateTime><TOUReadings><TOUReading><ratePeriod>2</ratePeriod><kWh>100</kWh></TOUReading></TOUReadings>
       <readingValues><readingValue><units>kVARh</units><value>3.25</value><name>posKVARh</name><dateTime>2012-08-14T14:00:00-05:00</dateTime></readingValue></readingValues>
       </meterRead></changedMeterReads><transactionID>t</transactionID></ReadingChangedNotification></soap:Body></soap:Envelope>`,
    );
    expect(registersIn(records).map(({ reading }) => [reading.channel, reading.unit, reading.value, reading.atMs])).toEqual([
      ["1-0:1.8.0", "Wh", 4_711_000_000n, Date.parse("2012-08-14T19:00:00Z")],
      ["1-0:2.8.0", "Wh", 12_000_000n, Date.parse("2012-08-14T19:00:00Z")],
      ["msp:kW", "W", 2_500_000n, Date.parse("2012-08-13T22:30:00Z")],
      ["1-0:1.8.2", "Wh", 100_000_000n, Date.parse("2012-08-14T19:00:00Z")],
      ["1-0:3.8.0", "varh", 3_250_000n, Date.parse("2012-08-14T19:00:00Z")],
    ]);
    expect(registersIn(records)[0]?.usagePointId).toBe("54005127");
  });

  it("in the data blocks that the standard describes gives values with one, none or two statuses", async () => {
    const [record] = intervalsIn(
      await read(
        `<IntervalDataNotification ${V3}><intervalReads><statusDelimiter>,</statusDelimiter><intervalDelimiter>;</intervalDelimiter><profiles>
         <profile profileID="p"><intervalLength>15</intervalLength><channels><channel><index>1</index><fieldName>posKWh</fieldName><units>kWh</units></channel></channels></profile>
         </profiles><blocks><block><profileID>p</profileID><meterNo>M1</meterNo><intervalStart>2024-01-01T00:00:00Z</intervalStart>
         <dB><chs><ch><idx>1</idx><d>1,2;5;6,3.8.0,7.8.1;;2,3.8.0;</d></ch></chs></dB></block></blocks></intervalReads></IntervalDataNotification>`,
      ),
    );
    expect(record?.series).toMatchObject({ meterId: "M1", intervalSeconds: 900, startMs: Date.UTC(2024, 0, 1), unit: "Wh" });
    expect([...(record?.series.values ?? [])]).toEqual([1_000_000, 5_000_000, 6_000_000, 0, 2_000_000]);
    expect([...(record?.series.qualities ?? [])].map((code) => unpackQuality(code).category)).toEqual([
      "questionable",
      "raw",
      "estimated",
      "missing",
      "estimated",
    ]);
  });

  it("in a formatted block counts positions from 1 or from 0, takes each value's own time and leaves out empty fields", async () => {
    const block = (first: number): string =>
      `<FormattedBlockNotification ${V3}><changedMeterReads><separator>|</separator><valSyntax>
       ${["meterNo", "transponderID", "posKWh", "posKWhDateTime", "kVAR", "kVARDateTime"]
         .map(
           (name, at) =>
             `<syntaxItem><fieldName>${name}</fieldName><position>${at + first}</position><uom>${name === "kVAR" ? "kVAR" : ""}</uom></syntaxItem>`,
         )
         .join(
           "",
         )}</valSyntax><valueList><val>M1|99|1.5|2024-07-01T00:00:00|3|2024-07-01T01:00:00Z</val><val>M2|98|||4|2024-07-01T01:00:00Z</val></valueList></changedMeterReads></FormattedBlockNotification>`;
    for (const first of [0, 1]) {
      const records = await collect(readMultispeak(chunksOf(block(first)), zoneOf("America/Chicago")));
      expect(asidesIn(records)).toEqual([]);
      expect(registersIn(records).map(({ usagePointId, reading }) => [usagePointId, reading.channel, reading.value, reading.atMs])).toEqual(
        [
          ["M1", "1-0:1.8.0", 1_500_000n, Date.parse("2024-07-01T05:00:00Z")],
          ["M1", "msp:kVAR", 3_000_000n, Date.parse("2024-07-01T01:00:00Z")],
          ["M2", "msp:kVAR", 4_000_000n, Date.parse("2024-07-01T01:00:00Z")],
        ],
      );
    }
  });

  it("puts aside by line and field what cannot be used, and reads the rest", async () => {
    const records = await read(
      `<ReadingChangedNotification ${V3}><changedMeterReads>
<meterRead><readingDate>2024-01-01T00:00:00Z</readingDate><posKWh>1</posKWh></meterRead>
<meterRead><meterNo>M1</meterNo><readingDate>soon</readingDate><posKWh>1</posKWh></meterRead>
<meterRead><meterNo>M1</meterNo><readingDate>2024-01-01T00:00:00Z</readingDate><posKWh>many</posKWh><negKWh>2</negKWh></meterRead>
<meterRead><meterNo>M1</meterNo><readingValues><readingValue><units>furlong</units><value>1</value><fieldName>way</fieldName></readingValue></readingValues></meterRead>
</changedMeterReads></ReadingChangedNotification>`,
    );
    expect(asidesIn(records).map(({ line, field, reason }) => [line, field, reason])).toEqual([
      [2, "meterID", "no meter is named"],
      [3, "timeStamp", '"soon" is not a time'],
      [4, "value", '"many" is not a number'],
      [5, "fieldName", 'unit "furlong" of way is not known'],
    ]);
    expect(registersIn(records)).toHaveLength(1);
  });

  it("of gallons and cubic feet is kept in cubic metres to the millilitre", async () => {
    const value = (uom: string): string =>
      `<readingValue><units>${uom}</units><value>1000</value><fieldName>WaterVolume</fieldName><timeStamp>2024-01-01T00:00:00Z</timeStamp></readingValue>`;
    const records = await read(
      `<ReadingChangedNotification xmlns="http://www.multispeak.org/Version_4.1_Release"><changedMeterReads><meterReading><meterID meterNo="W1">x</meterID>
       <readingValues>${value("US gl")}${value("cubic feet")}${value("ccf")}</readingValues></meterReading></changedMeterReads></ReadingChangedNotification>`,
    );
    expect(registersIn(records).map(({ usagePointId, reading }) => [usagePointId, reading.unit, reading.scaler, reading.value])).toEqual([
      ["W1", "m3", -6, 3_785_412n],
      ["W1", "m3", -6, 28_316_847n],
      ["W1", "m3", -6, 2_831_684_659n],
    ]);
  });

  it("names energies in the words of vendors and of version 3.0", async () => {
    const value = (name: string, text: string): string =>
      `<readingValue><value>1</value><${name}>${text}</${name}><dateTime>2024-01-01T00:00:00Z</dateTime></readingValue>`;
    const records = await read(
      `<ReadingChangedNotification ${V3}><changedMeterReads><meterRead><meterNo>M1</meterNo><readingValues>${value("readingValueType", "Energy")}
       ${value("readingValueType", "Negative Energy")}${value("fieldName", "deliveredKWh")}${value("fieldName", "netKWh")}</readingValues></meterRead></changedMeterReads></ReadingChangedNotification>`,
    );
    expect(registersIn(records).map(({ reading }) => reading.channel)).toEqual(["1-0:1.8.0", "1-0:2.8.0", "1-0:1.8.0", "1-0:16.8.0"]);
  });

  it("without readings says so, and what is no XML is refused", async () => {
    expect(await read(`<PingURL ${V3}/>`)).toEqual([{ kind: "putAside", line: 0, reason: "the message holds no meter readings" }]);
    await expect(read("posKWh")).rejects.toMatchObject({ blame: "decode" });
  });

  it("with a quality of version 5.0 in attributes is understood", async () => {
    const records = await read(
      `<n:ReadingsChangedNotification xmlns:n="http://www.multispeak.org/V5.0/wsdl/NOT_Server" xmlns:a="http://www.multispeak.org/V5.0/commonArrays" xmlns:m="http://www.multispeak.org/V5.0">
       <n:ArrayOfMeterReading><a:meterReading><m:meterID meterName="M5" objectGUID="00000000-0000-0000-0000-000000000000">x</m:meterID><m:readingValues><m:readingValue>
       <m:value>12.5</m:value><m:timeStamp>2024-01-01T00:00:00Z</m:timeStamp><m:readingQualityCode originatingSystemID="003" codeCategory="8" codeIndex="0"/>
       <m:readingTypeCodeOption><m:readingTypeCode>0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0</m:readingTypeCode></m:readingTypeCodeOption></m:readingValue></m:readingValues></a:meterReading></n:ArrayOfMeterReading></n:ReadingsChangedNotification>`,
    );
    const estimated = packQuality({ source: "mdms", category: "estimated", method: "none", final: false });
    expect(registersIn(records)[0]).toMatchObject({
      usagePointId: "M5",
      reading: { channel: "1-0:1.8.0", scaler: 0, value: 12_500n, quality: estimated },
    });
  });
});
