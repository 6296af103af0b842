import type { Explained } from "@amity/bytes";
import { STX, toText, withoutParity } from "../line/characters.ts";
import { LineAssembler } from "../line/line-assembler.ts";
import type { LinePart } from "../line/line-part.ts";
import { COMMAND_MEANINGS } from "../message/command.ts";
import { errorOf, parseDataSets, type DataSet } from "../message/data-set.ts";
import { BAUD_BY_CHARACTER, offerOf, type Identification } from "../message/identification.ts";
import { logEntries } from "../profile/event-log.ts";
import { parseProfile, type ProfileBlock, type ProfileTime } from "../profile/load-profile.ts";

const MODES: Readonly<Record<number, string>> = { 0: "readout", 1: "programming", 2: "binary (mode E)" };
const PROTOCOLS: Readonly<Record<number, string>> = { 0: "normal", 1: "secondary", 2: "HDLC" };

/** True where the octets begin like a message of this protocol. */
export function isIec6205621(octets: Uint8Array): boolean {
  const first = (octets[0] ?? 0) & 0x7f;
  if (first === 0x2f) return isLetterOrAsk(octets[1]);
  if (first === 0x01) return isUpper(octets[1]) && isDigit(octets[2]);
  if (first > 0x20) return /^[\w.:*&-]{1,24}\(/.test(toText(octets, 0, Math.min(octets.length, 32)));
  return first === STX && octets.length > 4 && octets.subarray(1, 4).every((octet) => (octet & 0x7f) >= 0x20);
}

function isLetterOrAsk(octet = 0): boolean {
  return /[A-Za-z?]/.test(String.fromCharCode(octet & 0x7f));
}

function isUpper(octet = 0): boolean {
  return /[A-Z]/.test(String.fromCharCode(octet & 0x7f));
}

function isDigit(octet = 0): boolean {
  return /[0-9]/.test(String.fromCharCode(octet & 0x7f));
}

/**
 * Explains one message or a whole exchange, field by field with offsets. Never throws for what is in the octets: what
 * cannot be read is said in `error`.
 */
export function explainIec6205621(octets: Uint8Array): Explained {
  // With even parity `/`, SOH and STX have their eighth bit set.
  const hasParity = [0xaf, 0x81, 0x82].includes(octets[0] ?? 0);
  const assembler = new LineAssembler();
  assembler.isAckAlone = false;
  const clear = hasParity ? withoutParity(octets) : octets;
  const parts = [...assembler.push(clear), ...assembler.flush()];
  const children = parts.map((part) => explainPart(part));
  const what = `${children.length} message(s)${hasParity ? ", with parity bits" : ""}`;
  const whole = { name: "iec62056-21", offset: 0, length: octets.length, value: what };
  return children.length === 0 ? { ...whole, error: "no message" } : { ...whole, children };
}

function explainPart(part: LinePart): Explained {
  const { offset, octets } = part;
  const place = { offset, length: octets.length };
  switch (part.kind) {
    case "sign-on":
      return { name: "sign-on", ...place, value: part.address === "" ? "whoever is there" : `device ${part.address}` };
    case "identification":
      return { name: "identification", ...place, children: explainIdentification(part.identification, offset) };
    case "option-select": {
      const { protocol, baudCharacter, mode } = part.option;
      const baud = BAUD_BY_CHARACTER[baudCharacter];
      const value = `${PROTOCOLS[protocol] ?? `protocol ${protocol}`}, ${baud} Bd, ${MODES[mode] ?? `mode ${mode} of the manufacturer`}`;
      return { name: "option-select", ...place, value };
    }
    case "ack":
      return { name: "ack", ...place };
    case "nak":
      return { name: "nak", ...place, value: "repeat, or refused" };
    case "damaged":
      return { name: "damaged", ...place, error: part.error.message, ...damagedData(part) };
    case "command": {
      const { name, data, isPartial } = part.command;
      const value = `${name} (${COMMAND_MEANINGS[name] ?? "unknown"})`;
      const children = [
        { name: "command", offset: offset + 1, length: 2, value },
        ...(data === undefined ? [] : [{ name: "data", offset: offset + 4, length: data.length, value: shown(name, data) }]),
        blockCheckNode(octets, offset, isPartial === true),
      ];
      return { name: "command", ...place, children };
    }
    case "data":
      return { name: "data", ...place, children: explainData(part) };
  }
}

/** A password is nobody's business but the meter's. */
function shown(name: string, data: string): string {
  return name === "P1" ? "(password, not shown)" : data;
}

function explainIdentification(identification: Identification, offset: number): Explained[] {
  const { manufacturer, baudCharacter, capabilities, identifier } = identification;
  const offer = offerOf(identification);
  const rate = offer.mode === "A" ? "mode A, no change of rate" : `mode ${offer.mode}, ${offer.baud} Bd`;
  const at = offset + 5 + 2 * capabilities.length;
  return [
    { name: "manufacturer", offset: offset + 1, length: 3, value: manufacturer },
    { name: "baudRate", offset: offset + 4, length: 1, value: `${baudCharacter} (${rate})` },
    ...(capabilities.length === 0
      ? []
      : [{ name: "capabilities", offset: offset + 5, length: at - offset - 5, value: capabilities.join(", ") }]),
    { name: "identifier", offset: at, length: identifier.length, value: identifier },
  ];
}

function explainData(part: Extract<LinePart, { kind: "data" }>): Explained[] {
  const { text, textOffset, offset, octets, isFramed, isPartial } = part;
  const refused = isFramed ? errorOf(text) : undefined;
  if (refused !== undefined)
    return [{ name: "refusal", offset: textOffset, length: text.length, value: refused }, blockCheckNode(octets, offset, isPartial)];
  return [...explainDataSets(text, textOffset), ...(isFramed ? [blockCheckNode(octets, offset, isPartial)] : [])];
}

function explainDataSets(text: string, offset: number): Explained[] {
  const { dataSets, problems } = parseDataSets(text, offset);
  const profile = parseProfile(dataSets);
  const whole = { offset, length: text.length };
  return [
    ...dataSets.map(explainDataSet),
    ...profile.blocks.map((block) => ({ ...whole, ...(logEntries([block]).length > 0 ? explainLogEntry(block) : explainProfile(block)) })),
    ...[...problems, ...profile.problems].map((problem) => ({
      name: "problem",
      offset: problem.offset,
      length: 0,
      error: problem.message,
    })),
  ];
}

/** A load profile: every row at the end of its interval. What is computed stands nowhere: its place is that of the whole. */
function explainProfile({ profile, rows, channels, intervalMinutes }: ProfileBlock): Pick<Explained, "name" | "value" | "children"> {
  const children = rows.map(({ end, values }) => {
    const parts = values.map(({ value }, index) => `${channels[index]?.code ?? "?"} ${value} ${channels[index]?.unit ?? ""}`.trimEnd());
    return { name: "row", offset: 0, length: 0, value: `${end ?? "-"}: ${parts.join(", ")}` };
  });
  const value = `${profile}: ${rows.length} row(s) of ${channels.length} every ${intervalMinutes} min, the first ends ${rows[0]?.end ?? "-"}`;
  return { name: "profile", value, children };
}

function explainLogEntry(block: ProfileBlock): Pick<Explained, "name" | "value"> {
  const said = logEntries([block]).map(({ log, time, flags, otherBits, elements }) => {
    const bits = otherBits === 0 ? [] : [`bits ${otherBits.toString(16)}`];
    const words = [...flags, ...bits, ...elements.map(({ code, value }) => `${code} ${value}`)];
    return `${log}: ${timeText(time)}${words.length === 0 ? "" : `, ${words.join(", ")}`}`;
  });
  return { name: "log entry", value: said.join("; ") };
}

function timeText({ year, month, day, hour, minute, second, season }: ProfileTime): string {
  const [date, clock] = [
    [month, day],
    [hour, minute, second],
  ].map((parts) => parts.map((part) => String(part).padStart(2, "0")));
  return `${year}-${date?.join("-")}T${clock?.join(":")}${season === undefined ? "" : ` ${season} time`}`;
}

function explainDataSet({ address, values, offset, length }: DataSet): Explained {
  const children = values.map(({ value, unit, offset: at }) => ({
    name: "value",
    offset: at,
    length: value.length + (unit === undefined ? 0 : unit.length + 1) + 2,
    value: unit === undefined ? value : `${value} ${unit}`,
  }));
  const only = children.length === 1 ? children[0]?.value : undefined;
  return { name: address === "" ? "values" : address, offset, length, ...(only === undefined ? { children } : { value: only }) };
}

/** The data of a block whose check failed, or that has no end, can be read all the same. */
function damagedData({ text = "", textOffset = 0 }: Extract<LinePart, { kind: "damaged" }>): { children?: readonly Explained[] } {
  const children = explainDataSets(text, textOffset);
  return children.length === 0 ? {} : { children };
}

function blockCheckNode(octets: Uint8Array, offset: number, isPartial: boolean): Explained {
  const at = octets.length - 1;
  const value = `${(octets[at] ?? 0).toString(16).padStart(2, "0")} (right)${isPartial ? ", more blocks follow" : ""}`;
  return { name: "blockCheck", offset: offset + at, length: 1, value };
}
