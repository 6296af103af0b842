import { DecodeError } from "@amity/bytes";
import type { Modifier, ValueInfo, ValueKind, VifRow } from "./value-info.ts";
import { FB_VIFS, FD_FD_VIFS, FD_VIFS, PRIMARY_VIFS } from "./vif-primary.ts";
import { COMBINABLE_VIFES, EXTENDED_VIFES, RECORD_ERRORS, RECORD_QUALIFIERS, type VifeRow } from "./vife-combinable.ts";

/** More VIFEs than this are refused (EN 13757-3, 6.4.5). */
export const VIFES_MAX = 10;

/** Where `readValueInfo` left off. One object is reused by the record loop: it is read at once, never kept. */
export interface Cursor {
  at: number;
}

const NO_MODIFIERS: readonly Modifier[] = [];

/**
 * Reads VIF, plain-text unit and VIFEs from `cursor.at` and moves the cursor behind them.
 * Reserved codes yield `quantity: "unknown"` with the codes kept.
 * @throws DecodeError `truncated`, `too-many-vifes`, `plain-text-unit`.
 */
export function readValueInfo(data: Uint8Array, cursor: Cursor, end: number, base: number): ValueInfo {
  const at = cursor.at;
  if (at >= end) throw truncated(at + base);
  const vif = data[at] ?? 0;
  if (vif < 0x80 && vif !== 0x7c) {
    cursor.at = at + 1;
    return SINGLE[vif] ?? UNKNOWN;
  }
  const second = data[at + 1] ?? 0x80;
  if (second < 0x80 && at + 1 < end) {
    const known = vif === 0xfd ? FD_SINGLE[second] : vif === 0xfb ? FB_SINGLE[second] : undefined;
    if (known !== undefined) {
      cursor.at = at + 2;
      return known;
    }
  }
  return readExtended(data, cursor, end, base);
}

/** Codes up to and including the first octet without extension bit. */
function readExtended(data: Uint8Array, cursor: Cursor, end: number, base: number): ValueInfo {
  const start = cursor.at;
  const first = data[start] ?? 0;
  const isText = (first & 0x7f) === 0x7c;
  let at = start;
  let text: string | undefined;
  const codes: number[] = [];
  const textFirst = isText && first >= 0x80 && isTextFirst(data, at, end);
  if (textFirst) {
    codes.push(first);
    const length = data[at + 1] ?? 0;
    text = plainText(data, at + 2, length);
    at += 2 + length;
  }
  let more = codes.length === 0 || first >= 0x80;
  while (more) {
    if (at >= end) throw truncated(at + base);
    if (codes.length > VIFES_MAX) {
      throw new DecodeError(`more than ${VIFES_MAX} VIFEs`, { offset: at + base, code: "too-many-vifes" });
    }
    const code = data[at++] ?? 0;
    codes.push(code);
    more = code >= 0x80;
  }
  if (isText && text === undefined) {
    if (at >= end) throw truncated(at + base);
    const length = data[at] ?? 0;
    if (at + 1 + length > end) {
      throw new DecodeError(`a plain-text unit of ${length} octets does not fit`, { offset: at + base, code: "plain-text-unit" });
    }
    text = plainText(data, at + 1, length);
    at += 1 + length;
  }
  cursor.at = at;
  const info = interpretCodes(codes, text);
  return textFirst ? { ...info, isTextFirst: true } : info;
}

/**
 * After FC the standard puts the VIFEs before the text; older meters put the text first. A length that is followed by
 * that many printable characters is taken for text.
 */
function isTextFirst(data: Uint8Array, at: number, end: number): boolean {
  const length = data[at + 1] ?? 0;
  if (length === 0 || length > 0x20 || at + 2 + length >= end) return false;
  for (let index = 0; index < length; index++) {
    const octet = data[at + 2 + index] ?? 0;
    if (octet < 0x20 || octet === 0x7f) return false;
  }
  return true;
}

/** Characters come last first (EN 13757-3, annex C.2), ISO 8859-1. */
function plainText(data: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let index = length - 1; index >= 0; index--) text += String.fromCharCode(data[at + index] ?? 0);
  return text;
}

/** What a list of VIF and VIFE codes says. Pure: the same list, the same answer. */
export function interpretCodes(codes: readonly number[], text?: string): ValueInfo {
  const first = codes[0] ?? 0x7f;
  const vif = first & 0x7f;
  let used = 1;
  let plain: ValueInfo | undefined = SINGLE[vif];
  if (first === 0xfb || first === 0xfd) {
    const code = (codes[1] ?? 0) & 0x7f;
    used = 2;
    plain = first === 0xfb ? FB_SINGLE[code] : FD_SINGLE[code];
    if (first === 0xfd && codes[1] === 0xfd) {
      plain = FD_FD_SINGLE[(codes[2] ?? 0) & 0x7f];
      used = 3;
    }
  } else if (vif === 0x7c) {
    plain = { ...UNKNOWN, quantity: "plainText", unit: text ?? "" };
  }
  return combine(plain ?? UNKNOWN, codes, used, text);
}

/** A value information under construction. */
interface Draft {
  exponent: number;
  offset: number;
  unit: string;
  kind: ValueKind;
  recordError: string | undefined;
  readonly modifiers: Modifier[];
}

function combine(plain: ValueInfo, codes: readonly number[], used: number, text: string | undefined): ValueInfo {
  const { exponent, offset, unit, kind } = plain;
  const draft: Draft = { exponent, offset, unit, kind, recordError: undefined, modifiers: [] };
  const isManufacturer = plain.quantity === "manufacturerSpecific";
  for (let index = used; index < codes.length && !isManufacturer; index++) {
    const code = (codes[index] ?? 0) & 0x7f;
    if (code === 0x7f) {
      // What follows is the manufacturer's: the plain meaning before it holds, the rest of the codes is kept raw.
      draft.modifiers.push({ code, name: "manufacturerSpecific" });
      break;
    }
    if (code === 0x7c) {
      const extended = (codes[++index] ?? 0) & 0x7f;
      draft.modifiers.push(EXTENDED[extended] ?? { code: 0xfc00 | extended, name: "unknown" });
      // Said of the data, not of what was measured: an integer without sign (type C), bits (type D).
      if (draft.kind === "number" && extended === 0x11) draft.kind = "unsigned";
      if (draft.kind === "number" && extended === 0x12) draft.kind = "flags";
    } else apply(code, draft);
  }
  return {
    quantity: plain.quantity === "plainText" && text === undefined ? "unknown" : plain.quantity,
    unit: draft.unit,
    exponent: draft.exponent,
    kind: draft.kind,
    modifiers: draft.modifiers.length === 0 ? NO_MODIFIERS : draft.modifiers,
    offset: draft.offset,
    codes,
    ...(text === undefined ? {} : { text }),
    ...(draft.recordError === undefined ? {} : { recordError: draft.recordError }),
  };
}

/** One VIFE of the first table. */
function apply(code: number, draft: Draft): void {
  if (code < 0x20) {
    const error = RECORD_ERRORS[code];
    if (error === undefined) draft.modifiers.push({ code, name: RECORD_QUALIFIERS[code] ?? (code === 0 ? "noError" : "unknown") });
    else draft.recordError = error;
  } else if (code >= 0x70 && code <= 0x77) draft.exponent += code - 0x76;
  else if (code === 0x7d) draft.exponent += 3;
  else if (code >= 0x78 && code <= 0x7b) draft.offset += 10 ** (code - 0x7b);
  else {
    draft.modifiers.push(COMBINABLE[code] ?? { code, name: "unknown" });
    Object.assign(draft, meaningOf(code));
  }
}

/** Some VIFEs turn the record into a date, a count or a duration: the VIF then only names what it is about. */
function meaningOf(code: number): { unit: string; kind: ValueKind; exponent: number } | undefined {
  if (code === 0x39 || code === 0x6a || code === 0x6b || code === 0x6e || code === 0x6f) return AS_DATE;
  if (code >= 0x40 && code <= 0x4f) {
    if ((code & 0x02) !== 0) return AS_DATE;
    return (code & 0x07) === 0x01 ? AS_COUNT : undefined;
  }
  if (code >= 0x50 && code <= 0x67) return AS_DURATION[code & 0x03];
  return undefined;
}

const AS_DATE = { unit: "", kind: "dateTime", exponent: 0 } as const;
const AS_COUNT = { unit: "", kind: "number", exponent: 0 } as const;
const AS_DURATION = (["s", "min", "h", "d"] as const).map((unit) => ({ unit, kind: "number", exponent: 0 }) as const);

const UNKNOWN: ValueInfo = { quantity: "unknown", unit: "", exponent: 0, kind: "number", modifiers: NO_MODIFIERS, offset: 0, codes: [] };

const SINGLE: readonly ValueInfo[] = table(PRIMARY_VIFS, []).map((info, code) =>
  code === 0x7f ? { ...info, quantity: "manufacturerSpecific", kind: "manufacturer" } : info,
);
const FB_SINGLE: readonly ValueInfo[] = table(FB_VIFS, [0xfb]);
const FD_SINGLE: readonly ValueInfo[] = table(FD_VIFS, [0xfd]);
const FD_FD_SINGLE: readonly ValueInfo[] = table(FD_FD_VIFS, [0xfd, 0xfd]);
const COMBINABLE: readonly (Modifier | undefined)[] = modifierTable(COMBINABLE_VIFES, 0);
const EXTENDED: readonly (Modifier | undefined)[] = modifierTable(EXTENDED_VIFES, 0xfc00);

function table(rows: readonly VifRow[], prefix: readonly number[]): ValueInfo[] {
  const out = Array.from({ length: 128 }, (_, code): ValueInfo => ({ ...UNKNOWN, codes: [...prefix, code] }));
  for (const row of rows) {
    for (let code = row.first; code <= row.last; code++) {
      const step = code - row.first;
      out[code] = {
        quantity: row.quantity,
        unit: typeof row.unit === "string" ? row.unit : (row.unit[step] ?? ""),
        exponent: row.exponent === undefined ? 0 : row.exponent + step,
        kind: row.kind ?? "number",
        modifiers: NO_MODIFIERS,
        offset: 0,
        codes: [...prefix, code],
      };
    }
  }
  return out;
}

function modifierTable(rows: readonly VifeRow[], prefix: number): (Modifier | undefined)[] {
  const out: (Modifier | undefined)[] = [];
  for (const row of rows) {
    for (let code = row.first; code <= row.last; code++) {
      const name = typeof row.name === "string" ? row.name : (row.name[code - row.first] ?? "unknown");
      out[code] = { code: prefix | code, name };
    }
  }
  return out;
}

function truncated(offset: number): DecodeError {
  return new DecodeError("truncated: the record ends inside its value information", { offset, code: "truncated" });
}
