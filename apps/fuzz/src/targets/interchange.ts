import { FILE_FORMATS, expandInput, formatOf, readInterchange, type FileFormat } from "@amity/interchange";
import { zoneOf } from "@amity/intervals";
import { gzipSync } from "node:zlib";
import type { FuzzTarget } from "../fuzz-target.ts";
import { isRefusal } from "./refusals.ts";

const KIB = 1024;
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const OPTIONS = { zone: zoneOf("Europe/Berlin"), usagePointId: "UP1" };
/** Records that are taken from one input: what goes on for ever is cut off here, and shows as allocation before. */
const RECORDS_MAX = 20_000;

const MSCONS =
  "UNA:+.? 'UNB+UNOC:3+4012345000023:14+4012345000016:14+261121:0300+1'UNH+1+MSCONS:D:04B:UN:2.3'BGM+7+1+9'DTM+137:202611210300?+00:303'" +
  "NAD+MS+4012345000023::9'NAD+MR+4012345000016::9'UNS+D'NAD+DP'LOC+172+DE00014559929E0000001X000000000001'DTM+163:202611200000?+00:303'" +
  "DTM+164:202611200030?+00:303'LIN+1'PIA+5+1-1?:1.29.0:SRW'QTY+220:1.5:KWH'DTM+163:202611200000?+00:303'DTM+164:202611200015?+00:303'UNT+16+1'UNZ+1+1'";

const ESPI =
  '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi"><entry><id>urn:uuid:1</id><link rel="self" href="U/1/M/1"/><content><espi:MeterReading/></content></entry>' +
  "<entry><content><espi:ReadingType><espi:commodity>1</espi:commodity><espi:flowDirection>1</espi:flowDirection><espi:intervalLength>900</espi:intervalLength><espi:powerOfTenMultiplier>0</espi:powerOfTenMultiplier><espi:uom>72</espi:uom></espi:ReadingType></content></entry>" +
  "<entry><content><espi:IntervalBlock><espi:interval><espi:duration>900</espi:duration><espi:start>1763683200</espi:start></espi:interval><espi:IntervalReading><espi:timePeriod><espi:duration>900</espi:duration><espi:start>1763683200</espi:start></espi:timePeriod><espi:value>17</espi:value></espi:IntervalReading></espi:IntervalBlock></content></entry></feed>";

const CIM =
  '<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"><MeterReading><Meter><mRID>M1</mRID></Meter><Readings><timeStamp>2026-11-21T00:15:00Z</timeStamp><value>1.5</value>' +
  '<ReadingType ref="0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/></Readings><IntervalBlocks><IntervalReadings><timeStamp>2026-11-21T00:15:00Z</timeStamp><value>7</value></IntervalReadings>' +
  '<ReadingType ref="0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/></IntervalBlocks></MeterReading></MeterReadings>';

const MULTISPEAK =
  '<ReadingChangedNotification xmlns="http://www.multispeak.org/Version_3.0"><changedMeterReads><meterRead objectID="7" verb="New"><meterNo>54005127</meterNo>' +
  "<readingDate>2026-11-21T00:00:00-05:00</readingDate><posKWh>4711</posKWh><kW>2.5</kW><kWDateTime>2026-11-20T17:30:00-05:00</kWDateTime>" +
  "<readingValues><readingValue><units>kVARh</units><value>3.25</value><name>posKVARh</name><dateTime>2026-11-21T00:00:00-05:00</dateTime></readingValue></readingValues>" +
  "</meterRead></changedMeterReads></ReadingChangedNotification>";

/** A small good file of each format. */
const FILES: Readonly<Record<FileFormat, string>> = {
  csv: "timestamp,kWh\n2026-11-21T00:00:00Z,1.5\n2026-11-21T00:15:00Z,1.25\n2026-11-21T00:30:00Z,\n",
  nem12: `100,NEM12,202611210300,MDA1,RET1\n200,NEM1201009,E1,1,E1,N1,METER1,kWh,30,\n300,20261120,${Array.from({ length: 48 }, (_, index) => `${index}.5`).join(",")},A,,,20261121030000,\n400,1,2,E52,,\n500,O,S01009,20261121,\n900\n`,
  espi: ESPI,
  cim: CIM,
  mscons: MSCONS,
  multispeak: MULTISPEAK,
  cmep: "MEPMD01,19970819,UTIL,,,,202611210300,,METER1,,OK,E,KWHREG,1,00000100,2,202611210000,R,12.5,202611210100,R,13.5\n",
  d0010:
    "ZHV|0000001|D0010002|M|UDMS|X|UDMS|20261121030000||||OPER|\n026|1200023305967|V|\n028|S95C12345|C|\n030|01|20261120000000|12345.0||||T|N|\n032|1|N|\nZPT|0000001|4||1|20261121030000|\n",
  df2: `#F2|20261121\n101,1200023305967,AI,20261120,${Array.from({ length: 48 }, () => "A,1.5").join(",")}\n`,
};

/** One target a format, and one for archives and for telling formats apart. */
export const targets: readonly FuzzTarget[] = [...FILE_FORMATS.map(formatTarget), archiveTarget()];

function formatTarget(format: FileFormat): FuzzTarget {
  return {
    name: format,
    counted: ["packages/interchange/src"],
    inputOctetsMax: 4 * KIB,
    allocationOctetsMax: 48 * KIB * KIB,
    seeds: () => [text(FILES[format])],
    dictionary: ["\n", ",", "0.001", "-1", "20261120", "9999999999999999", "&amp;", "<!--", "'", "+", ":", "|", "E1", "NULL"].map(text),
    decode: (octets) => taken(readInterchange(format, halves(octets), OPTIONS)),
  };
}

function archiveTarget(): FuzzTarget {
  return {
    name: "archive",
    counted: ["packages/interchange/src"],
    inputOctetsMax: 2 * KIB,
    allocationOctetsMax: 96 * KIB * KIB,
    // The time in a gzip header must not change from run to run: zlib writes zero there.
    seeds: () => [...Object.values(FILES).map(text), gzipSync(text(FILES.csv))],
    dictionary: [Uint8Array.of(0x1f, 0x8b, 8), text("PK\u0003\u0004"), text("PK\u0005\u0006"), text("<?xml"), text("<!DOCTYPE")],
    async decode(octets) {
      const reading = async () => {
        for await (const { name, chunks } of expandInput("input", halves(octets))) {
          await taken(readInterchange(formatOf(octets, name), chunks, OPTIONS));
        }
      };
      await reading().catch(thrownUnlessRefusal);
    },
  };
}

async function taken(records: AsyncIterable<unknown>): Promise<void> {
  try {
    let count = 0;
    for await (const _ of records) if (++count >= RECORDS_MAX) return;
  } catch (error) {
    thrownUnlessRefusal(error);
  }
}

function thrownUnlessRefusal(error: unknown): void {
  if (!isRefusal(error)) throw error;
}

/** Two chunks: what a reader holds between chunks is tried as well. */
async function* halves(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets.subarray(0, octets.length >> 1);
  yield octets.subarray(octets.length >> 1);
}
