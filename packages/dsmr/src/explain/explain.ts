import { AmityError, DecodeError, SecurityError, toHex, type Explained } from "@amity/bytes";
import { GCM_TAG_OCTETS } from "@amity/crypto";
import { parseDataSets, toText, type DataSet } from "@amity/iec62056-21";
import { CIPHERED_TAG, openCiphered, readCipheredFrame, type P1Keys } from "../ciphered/ciphered-frame.ts";
import { parseP1Time } from "../telegram/p1-time.ts";
import { TELEGRAM_OCTETS_MAX, decodeTelegram } from "../telegram/telegram.ts";
import { meaningOf } from "./meaning.ts";

export interface ExplainOptions {
  /** To try on ciphered telegrams. */
  readonly keys?: readonly (P1Keys & { readonly label: string })[];
}

/**
 * True where the octets begin like a telegram, clear or ciphered: an identification, an empty line (which some leave out where the first
 * object is one that only P1 has), then data sets until `!`.
 */
export function isDsmr(octets: Uint8Array): boolean {
  if (octets[0] === CIPHERED_TAG && octets[1] === 8) {
    try {
      readCipheredFrame(octets);
      return true;
    } catch {
      return false;
    }
  }
  const head = String.fromCharCode(...octets.subarray(0, 512));
  return /^\/[A-Za-z]{3}[^\r\n]*\r?\n(\r?\n[0-9]+-[0-9]+:|(1-3:0\.2\.8|0-0:1\.0\.0|0-0:42\.0\.0|0-0:96\.1\.[0-9]+|0-0:96\.13\.[0-9])\()/.test(
    head,
  );
}

/** Explains a telegram field by field with offsets. Never throws for what is in the octets: `error` says what is wrong. */
export function explainDsmr(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  return octets[0] === CIPHERED_TAG ? explainCiphered(octets, options) : explainClear(octets);
}

function explainClear(octets: Uint8Array): Explained {
  const whole = { name: "p1", offset: 0, length: octets.length };
  try {
    const { manufacturer, identifier, dataSets, crc, endOffset, problems } = decodeTelegram(octets);
    const start = octets.indexOf(0x2f);
    const wrong = problems.find(({ code }) => code === "crc");
    return {
      ...whole,
      children: [
        { name: "manufacturer", offset: start + 1, length: 3, value: manufacturer },
        { name: "identifier", offset: start + 5, length: identifier.length, value: identifier },
        ...dataSets.map(explainDataSet),
        { name: "end", offset: endOffset, length: 1 },
        {
          name: "crc",
          offset: endOffset + 1,
          length: crc === "absent" ? 0 : 4,
          ...(wrong === undefined ? { value: crc } : { value: crc, error: wrong.message }),
        },
        ...problems
          .filter((problem) => problem !== wrong)
          .map((problem) => ({ name: "problem", offset: problem.offset, length: 0, error: problem.message })),
      ],
    };
  } catch (error) {
    return { ...whole, error: textOf(error), children: soundPart(octets) };
  }
}

/** Of a telegram without its end: the identification and the data sets that came whole. */
function soundPart(octets: Uint8Array): Explained[] {
  const start = octets.indexOf(SLASH);
  const headEnd = start < 0 ? -1 : octets.indexOf(LF, start);
  if (headEnd < 0) return [];
  const identification = {
    name: "identification",
    offset: start,
    length: headEnd - start,
    value: toText(octets, start, headEnd).trimEnd(),
  };
  const end = Math.min(octets.length, headEnd + 1 + TELEGRAM_OCTETS_MAX);
  const { dataSets, problems } = parseDataSets(toText(octets, headEnd + 1, end), headEnd + 1);
  return [
    identification,
    ...dataSets.map(explainDataSet),
    ...problems.map(({ offset, message }) => ({ name: "problem", offset, length: 0, error: message })),
  ];
}

const SLASH = 0x2f;
const LF = 0x0a;

function explainDataSet({ address, values, offset, length }: DataSet): Explained {
  const meaning = meaningOf(address);
  const name = meaning === undefined ? address : `${address} (${meaning})`;
  const children = values.map(({ value, unit, offset: at }) => {
    const time = parseP1Time(value);
    const text = unit === undefined ? value : `${value} ${unit}`;
    const octets = value.length + (unit === undefined ? 0 : unit.length + 1) + 2;
    const season = time?.isSummer === undefined ? "" : time.isSummer ? " summer time" : " winter time";
    return { name: "value", offset: at, length: octets, value: time === undefined ? text : `${text} (${time.local}${season})` };
  });
  const only = children.length === 1 ? children[0]?.value : undefined;
  return { name, offset, length, ...(only === undefined ? { children } : { value: only }) };
}

function explainCiphered(octets: Uint8Array, { keys = [] }: ExplainOptions): Explained {
  const whole = { name: "p1-ciphered", offset: 0, length: octets.length };
  try {
    const { systemTitle, invocationCounter, content } = readCipheredFrame(octets);
    const at = octets.length - content.length;
    const children: Explained[] = [
      { name: "systemTitle", offset: 2, length: 8, value: toHex(systemTitle) },
      { name: "securityControl", offset: at - 5, length: 1, value: "30 (suite 0, authenticated and encrypted)" },
      { name: "invocationCounter", offset: at - 4, length: 4, value: String(invocationCounter) },
      { name: "tag", offset: octets.length - GCM_TAG_OCTETS, length: GCM_TAG_OCTETS, value: toHex(content.subarray(-GCM_TAG_OCTETS)) },
    ];
    const opened = openedWith(octets, keys);
    if (opened !== undefined) children.push({ name: "deciphered", offset: at, length: content.length, ...opened });
    else if (keys.length > 0) children.push({ name: "deciphered", offset: at, length: content.length, error: "no key given fits" });
    return { ...whole, children };
  } catch (error) {
    return { ...whole, error: textOf(error) };
  }
}

/** Where only the encryption key fits, the telegram is shown, with a word on what that proves. */
function openedWith(
  octets: Uint8Array,
  keys: NonNullable<ExplainOptions["keys"]>,
): Pick<Explained, "value" | "error" | "children"> | undefined {
  for (const { label, encryptionKey, authenticationKey } of keys) {
    const attempts: P1Keys[] = [...(authenticationKey === undefined ? [] : [{ encryptionKey, authenticationKey }]), { encryptionKey }];
    for (const attempt of attempts) {
      try {
        const { telegram, isAuthenticated } = openCiphered(octets, attempt);
        const children = [explainClear(telegram)];
        if (isAuthenticated) return { value: `with ${label}, authenticated`, children };
        // Without its tag any key "fits": then it must be a telegram.
        if (telegram[0] === 0x2f) return { value: `with ${label}`, error: "the tag was not confirmed: the sender is not proven", children };
      } catch (error) {
        if (!(error instanceof SecurityError) && !(error instanceof DecodeError)) throw error;
      }
    }
  }
  return undefined;
}

function textOf(error: unknown): string {
  if (error instanceof AmityError) return error.message;
  throw error;
}
