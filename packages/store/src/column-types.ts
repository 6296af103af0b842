import { DecodeError } from "@amity/bytes";
import pg from "pg";

/** Type numbers of PostgreSQL's catalogue (pg_type.dat). */
const BYTEA = 17;
const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;

/** How columns of these types come back from statements; all others as the driver has them. */
export const columnTypes = {
  getTypeParser(type: number, format?: "text" | "binary"): (text: string) => unknown {
    switch (type) {
      case INT8:
        return BigInt;
      case DATE:
        return (text) => text;
      case TIMESTAMPTZ:
        return instantOfText;
      case BYTEA:
        return octetsOfText;
      default:
        return pg.types.getTypeParser(type, format ?? "text") as (text: string) => unknown;
    }
  },
};

/** `2026-03-29 01:00:00.25+00`, as sessions in UTC print it, to UTC ms. */
function instantOfText(text: string): number {
  if (text === "infinity") return Infinity;
  if (text === "-infinity") return -Infinity;
  const instantMs = Date.parse(text.replace(" ", "T").replace(/\+00$/, "Z"));
  if (Number.isNaN(instantMs)) throw new DecodeError(`"${text}" is no UTC timestamp`, { offset: 0, code: "timestamp" });
  return instantMs;
}

function octetsOfText(text: string): Uint8Array {
  const octets = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
}
