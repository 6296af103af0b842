import { DecodeError } from "@amity/bytes";
import type { Zone } from "@amity/intervals";
import { packQuality, QUALITY, type QualityCode } from "@amity/model";
import { civilMsOfDigits, instantOfCivil } from "../civil-digits.ts";
import { parseScaledBig } from "../decimal.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { textLines, type TextLine } from "../text-lines.ts";

/** Registers are kept as integers times 10^-3 Wh. */
export const D0010_SCALER = -3;

/**
 * Reads D0010 "Meter Readings" flows of the British market (Data Transfer Catalogue): MPAN (026), meter (028), register
 * readings (030). Times are UTC unless a zone is given. The footer's count is checked.
 * @throws DecodeError where the first record is no ZHV header of a D0010.
 */
export async function* readD0010(chunks: Chunks, zone?: Zone): AsyncGenerator<InterchangeRecord> {
  const reader = new D0010Reader(zone);
  for await (const line of textLines(chunks)) {
    if (line.text.trim() === "") continue;
    const record = reader.line(line);
    if (record !== undefined) yield record;
  }
  const last = reader.end();
  if (last !== undefined) yield last;
}

class D0010Reader {
  readonly #zone: Zone | undefined;
  #headerSeen = false;
  #footerSeen = false;
  #mpan: string | undefined;
  #status = "";
  #meter: string | undefined;
  #records = 0;
  #lastLine = 0;

  constructor(zone: Zone | undefined) {
    this.#zone = zone;
  }

  line(line: TextLine): InterchangeRecord | undefined {
    this.#lastLine = line.number;
    const fields = line.text.split("|").map((field) => field.trim());
    const type = fields[0] ?? "";
    if (!this.#headerSeen) {
      if (type !== "ZHV" || !(fields[2] ?? "").startsWith("D0010"))
        throw new DecodeError("the file does not begin with a ZHV header of a D0010", { offset: 0, code: "no-header" });
      this.#headerSeen = true;
      return undefined;
    }
    if (type !== "ZPT") this.#records++;
    switch (type) {
      case "026":
        [this.#mpan, this.#status = "", this.#meter] = [fields[1], fields[2], undefined];
        return /^\d{13}$/.test(this.#mpan ?? "") ? undefined : this.#dropped(line, "MPAN", `"${fields[1]}" is not an MPAN of 13 digits`);
      case "028":
        this.#meter = fields[1] === "" ? undefined : fields[1];
        return undefined;
      case "030":
        return this.#reading(line, fields);
      case "ZPT":
        this.#footerSeen = true;
        return this.#footer(line, fields);
      default:
        // Groups that qualify a reading (029 site visit, 032 validation result, 033 reading outcome) carry nothing that is kept.
        return /^\d{3}$/.test(type) ? undefined : aside(line, "group", `"${type}" is no group of a D0010`);
    }
  }

  end(): PutAside | undefined {
    if (!this.#headerSeen) throw new DecodeError("the file is empty", { offset: 0, code: "empty" });
    if (this.#footerSeen) return undefined;
    return { kind: "putAside", line: this.#lastLine, reason: "no footer (ZPT): the file may be cut off" };
  }

  #dropped(line: TextLine, field: string, reason: string): PutAside {
    this.#mpan = undefined;
    return aside(line, field, `${reason}; its readings are left out`);
  }

  #reading(line: TextLine, fields: readonly string[]): InterchangeRecord {
    const [, register = "", at = "", text = ""] = fields;
    if (this.#mpan === undefined) return aside(line, "MPAN", "no usable 026 record before this reading");
    if (this.#meter === undefined) return aside(line, "meterId", "no usable 028 record before this reading");
    const civilMs = civilMsOfDigits(at);
    if (civilMs === undefined) return aside(line, "readingDateTime", `"${at}" is not a date and time`);
    const value = parseScaledBig(text, D0010_SCALER - 3);
    if (value === undefined) return aside(line, "registerReading", `"${text}" is not a number`);
    return {
      kind: "register",
      usagePointId: this.#mpan,
      reading: {
        meterId: this.#meter,
        channel: register,
        unit: "Wh",
        scaler: D0010_SCALER,
        atMs: instantOfCivil(civilMs, this.#zone),
        value,
        quality: QUALITIES[this.#status] ?? QUALITY.raw,
      },
    };
  }

  /** The footer counts groups without header and footer; real senders' counts differ, hence only a remark. */
  #footer(line: TextLine, fields: readonly string[]): PutAside | undefined {
    const declared = Number(fields[2]);
    if (declared === this.#records) return undefined;
    return aside(line, "recordCount", `the footer counts ${fields[2]} records, ${this.#records} were read`);
  }
}

/** Validation status (J0022): validated, failed, not validated. */
const QUALITIES: Readonly<Record<string, QualityCode>> = {
  V: packQuality({ source: "external", category: "valid", method: "validated", final: false }),
  F: packQuality({ source: "external", category: "failedValidation", method: "none", final: false }),
};

function aside(line: TextLine, field: string, reason: string): PutAside {
  return { kind: "putAside", line: line.number, field, reason, text: line.text.slice(0, 120) };
}
