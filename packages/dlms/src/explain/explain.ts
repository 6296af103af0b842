import { AmityError, ByteReader, DecodeError, toHex, type Explained } from "@amity/bytes";
import { GCM_TAG_OCTETS } from "@amity/crypto";
import { apdu } from "../apdu/apdu.ts";
import {
  DEDICATED_TAGS,
  GENERAL_CIPHERING_TAG,
  GENERAL_DEDICATED_TAG,
  GENERAL_GLOBAL_TAG,
  GENERAL_SIGNING_TAG,
  GLOBAL_TAGS,
} from "../apdu/ciphered.ts";
import { TracingReader, type TracedField } from "../codec/traced.ts";
import { FLAG } from "../hdlc/frame.ts";
import { LLC_COMMAND, LLC_RESPONSE } from "../hdlc/llc.ts";
import { PLC_DATA_REQUEST } from "../hdlc/plc-llc.ts";
import { GATEWAY_REQUEST, GATEWAY_RESPONSE, decodeGateway } from "../link/gateway.ts";
import { WRAPPER_HEADER_OCTETS, WRAPPER_VERSION } from "../link/wrapper.ts";
import { unprotectGeneral } from "../security/general-ciphering.ts";
import { SECURITY_HEADER_OCTETS, securityHeaderOf, unprotect } from "../security/protect.ts";
import type { Protection, SecuritySuite } from "../security/security-options.ts";
import { explainHdlc } from "./explain-hdlc.ts";
import { meaningOf } from "./meaning.ts";

/** A key to try on ciphered APDUs. */
export interface ExplainKey {
  /** What the explanation calls it. Never the key itself. */
  readonly label: string;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
}

/** What octets are: an APDU, or what carries one. `llc` is that of HDLC without its frame, `plc` that of the PLC profiles. */
export type ExplainedForm = "apdu" | "wrapper" | "hdlc" | "llc" | "plc";

export interface ExplainOptions {
  readonly keys?: readonly ExplainKey[];
  /** System titles of both sides, for ciphered APDUs that do not carry one. */
  readonly systemTitles?: readonly Uint8Array[];
  /** Default: by the first octets. */
  readonly form?: ExplainedForm;
}

const LLC_OCTETS = LLC_COMMAND.length;
/** Deciphered APDUs inside ciphered ones: signing and two layers of ciphering at most. */
const NESTING_MAX = 4;

/**
 * Explains a wrapper PDU, an HDLC frame or an APDU, field by field with offsets; ciphered APDUs are opened with whichever
 * key fits. Never throws for what is in the octets: what cannot be read is said in `error`.
 */
export function explain(octets: Uint8Array, options: ExplainOptions = {}): Explained {
  const form = options.form ?? formOf(octets);
  if (form === "wrapper") return explainWrapper(octets, options);
  if (form === "hdlc") return explainHdlc(octets, (apdu, offset) => explainApdu(apdu, offset, options, 0));
  if (form === "llc" || form === "plc") return explainLlc(octets, form, options);
  return explainApdu(octets, 0, options, 0);
}

/** What the first octets look like. No APDU begins with 00 or 90; a gateway's network E6 or E7 without an address would be a strange one. */
function formOf(octets: Uint8Array): ExplainedForm {
  if (octets[0] === FLAG) return "hdlc";
  if (octets[0] === 0 && octets.length >= WRAPPER_HEADER_OCTETS) return "wrapper";
  if (octets[0] === PLC_DATA_REQUEST && octets.length > LLC_OCTETS) return "plc";
  const isLlc = [LLC_COMMAND, LLC_RESPONSE].some((header) => header.every((octet, index) => octet === octets[index]));
  return isLlc && octets.length > LLC_OCTETS ? "llc" : "apdu";
}

function explainLlc(octets: Uint8Array, form: "llc" | "plc", options: ExplainOptions): Explained {
  const whole = { name: form === "plc" ? "plc-llc" : "llc", offset: 0, length: octets.length };
  if (octets.length < LLC_OCTETS) return { ...whole, error: `an LLC header has ${LLC_OCTETS} octets, ${octets.length} came` };
  const names = form === "plc" ? ["control", "destinationLsap", "sourceLsap"] : ["destinationLsap", "sourceLsap", "quality"];
  const children = names.map((name, offset) => ({ name, offset, length: 1, value: String(octets[offset]) }));
  return { ...whole, children: [...children, explainApdu(octets.subarray(LLC_OCTETS), LLC_OCTETS, options, 0)] };
}

function explainWrapper(octets: Uint8Array, options: ExplainOptions): Explained {
  if (octets.length < WRAPPER_HEADER_OCTETS) {
    const error = `a wrapper header has ${WRAPPER_HEADER_OCTETS} octets, ${octets.length} came`;
    return { name: "wrapper", offset: 0, length: octets.length, error };
  }
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const field = (name: string, offset: number): Explained => ({ name, offset, length: 2, value: String(view.getUint16(offset)) });
  const length = view.getUint16(6);
  const body = octets.subarray(WRAPPER_HEADER_OCTETS, WRAPPER_HEADER_OCTETS + length);
  const children = [field("version", 0), field("sourcePort", 2), field("destinationPort", 4), field("length", 6)];
  const present = octets.length - WRAPPER_HEADER_OCTETS;
  const wrong = [
    ...(view.getUint16(0) === WRAPPER_VERSION ? [] : [`the wrapper's version is ${view.getUint16(0)}, only ${WRAPPER_VERSION} is defined`]),
    ...(present === length ? [] : [`the header announces ${length} octets, ${present} follow`]),
  ];
  const error = wrong.length === 0 ? {} : { error: wrong.join("; ") };
  return {
    name: "wrapper",
    offset: 0,
    length: octets.length,
    ...error,
    children: [...children, explainApdu(body, WRAPPER_HEADER_OCTETS, options, 0)],
  };
}

function explainApdu(octets: Uint8Array, base: number, options: ExplainOptions, depth: number): Explained {
  if (octets[0] === GATEWAY_REQUEST || octets[0] === GATEWAY_RESPONSE) return explainGateway(octets, base, options, depth);
  const root: TracedField = { name: "apdu", offset: base, length: octets.length, children: [] };
  const reader = new TracingReader(octets, root, { base });
  let error: string | undefined;
  try {
    apdu.decode(reader);
    reader.expectEnd("APDU");
  } catch (cause) {
    error = textOf(cause);
  }
  const [top] = root.children;
  const children = top === undefined ? [] : top.children.map(explainField);
  const opened = depth < NESTING_MAX ? explainCiphered(octets, top, options, depth) : [];
  return {
    name: top?.name ?? "apdu",
    offset: base,
    length: octets.length,
    ...(error === undefined ? {} : { error }),
    ...(children.length + opened.length === 0 ? valueOf(top) : { children: [...children, ...opened] }),
  };
}

function explainGateway(octets: Uint8Array, base: number, options: ExplainOptions, depth: number): Explained {
  const whole = { offset: base, length: octets.length };
  try {
    const pdu = decodeGateway(octets);
    if (pdu === undefined) return { name: "gateway", ...whole };
    const at = octets.length - pdu.apdu.length;
    const children = [
      { name: "networkId", offset: base + 1, length: 1, value: String(pdu.networkId) },
      { name: "physicalAddress", offset: base + 3, length: pdu.physicalAddress.length, value: toHex(pdu.physicalAddress) },
      explainApdu(pdu.apdu, base + at, options, depth + 1),
    ];
    return { name: `gateway-${pdu.direction}`, ...whole, children };
  } catch (error) {
    return { name: "gateway", ...whole, error: textOf(error) };
  }
}

function explainField(field: TracedField): Explained {
  const { name, offset, length, children } = field;
  const nested = children.map(explainField);
  if (nested.length > 0) return { name, offset, length, children: nested };
  return { name, offset, length, ...valueOf(field) };
}

function valueOf(field: TracedField | undefined): { value?: string } {
  return field === undefined || field.value === undefined ? {} : { value: meaningOf(field.name, field.value) };
}

const CIPHERED_TAGS = new Set([...GLOBAL_TAGS.values(), ...DEDICATED_TAGS.values(), GENERAL_GLOBAL_TAG, GENERAL_DEDICATED_TAG]);

/** The security header of a ciphered APDU, and what is inside where a key fits. AARQ and AARE hold theirs deeper. */
function explainCiphered(octets: Uint8Array, top: TracedField | undefined, options: ExplainOptions, depth: number): Explained[] {
  if (top === undefined) return [];
  const information = valueAt(top, "userInformation");
  if (information !== undefined) {
    const title = (valueAt(top, "callingApTitle") ?? valueAt(top, "respondingApTitle"))?.octets;
    const systemTitles = [...(title === undefined ? [] : [title]), ...(options.systemTitles ?? [])];
    return [explainApdu(information.octets, information.offset, { ...options, systemTitles }, depth + 1)];
  }
  if (octets[0] === GENERAL_SIGNING_TAG) {
    const signed = valueAt(top, "content");
    return signed === undefined ? [] : [explainApdu(signed.octets, signed.offset, options, depth + 1)];
  }
  if (octets[0] === GENERAL_CIPHERING_TAG) return explainGeneralCiphering(octets, top, options, depth);
  if (!CIPHERED_TAGS.has(octets[0] ?? 0)) return [];
  const content = top.value instanceof Uint8Array ? top.value : valueAt(top, "content")?.octets;
  if (content === undefined) return [];
  const sender = valueAt(top, "systemTitle")?.octets;
  const titles = sender?.length === 8 ? [sender] : (options.systemTitles ?? []);
  return explainContent(content, top.offset + top.length - content.length, titles, { options, depth });
}

const HEADER_FIELDS: ReadonlySet<string> = new Set(["securityControl", "invocationCounter"]);

/** Keys that are named can be tried; wrapped and agreed ones need secrets that no explanation is given. */
function explainGeneralCiphering(octets: Uint8Array, top: TracedField, options: ExplainOptions, depth: number): Explained[] {
  const content = valueAt(top, "content");
  if (content === undefined) return [];
  const fields = explainContent(content.octets, content.offset, [], { options: {}, depth });
  const deciphered = { name: "deciphered", offset: content.offset, length: content.octets.length };
  const keys = options.keys ?? [];
  for (const key of keys) {
    try {
      const { plain } = unprotectGeneral(((content.octets[0] ?? 0) & 0x0f) as SecuritySuite, key, octets);
      const inside = explainApdu(plain, 0, options, depth + 1);
      return [...fields.filter(({ name }) => HEADER_FIELDS.has(name)), { ...deciphered, value: `with ${key.label}`, children: [inside] }];
    } catch (error) {
      if (!(error instanceof AmityError)) throw error;
    }
  }
  return keys.length === 0 ? fields : [...fields, { ...deciphered, error: "no key given fits: wrapped and agreed keys cannot be tried" }];
}

/** The octets of a field and where they start: at the end of what the field took. */
function valueAt(top: TracedField, name: string): { octets: Uint8Array; offset: number } | undefined {
  const field = top.children.find((child) => child.name === name);
  return field?.value instanceof Uint8Array ? { octets: field.value, offset: field.offset + field.length - field.value.length } : undefined;
}

function explainContent(
  content: Uint8Array,
  offset: number,
  titles: readonly Uint8Array[],
  { options, depth }: { options: ExplainOptions; depth: number },
): Explained[] {
  let header;
  try {
    header = securityHeaderOf(content);
  } catch (error) {
    return [{ name: "security", offset, length: content.length, error: textOf(error) }];
  }
  const control = `suite ${header.suite}, ${header.protection ?? "unprotected"}${header.broadcast ? ", broadcast key" : ""}${header.compressed ? ", compressed" : ""}`;
  const fields: Explained[] = [
    { name: "securityControl", offset, length: 1, value: control },
    { name: "invocationCounter", offset: offset + 1, length: 4, value: String(header.invocationCounter) },
  ];
  const body = explainBody(content.subarray(SECURITY_HEADER_OCTETS), offset + SECURITY_HEADER_OCTETS, header.protection);
  const keys = options.keys ?? [];
  if (header.suite > 2 || keys.length === 0) return [...fields, ...body];
  const suite = header.suite as SecuritySuite;
  for (const key of keys) {
    for (const systemTitle of titles) {
      const plain = opened({ suite, systemTitle, ...key }, content);
      if (plain === undefined) continue;
      const inside = explainApdu(plain, 0, options, depth + 1);
      const value = `with ${key.label}, sent by ${toHex(systemTitle)}`;
      return [...fields, { name: "deciphered", offset, length: content.length, value, children: [inside] }];
    }
  }
  const error =
    titles.length === 0
      ? "the system title of the sender is not known, and no key opens without it"
      : `no key given fits: a key, the system title (${titles.map((title) => toHex(title)).join(" or ")}) or an octet on the way is wrong`;
  return [...fields, ...body, { name: "deciphered", offset, length: content.length, error }];
}

/** What follows the security header of an APDU that is not opened. */
function explainBody(body: Uint8Array, offset: number, protection: Protection | undefined): Explained[] {
  const isTagged = protection === "authenticated" || protection === "authenticated-encrypted";
  if (isTagged && body.length < GCM_TAG_OCTETS)
    return [{ name: "authenticationTag", offset, length: body.length, error: `an authentication tag has ${GCM_TAG_OCTETS} octets` }];
  const length = body.length - (isTagged ? GCM_TAG_OCTETS : 0);
  const isClear = protection === undefined || protection === "authenticated";
  const text: Explained = { name: isClear ? "plaintext" : "ciphertext", offset, length, value: toHex(body.subarray(0, length)) };
  const tag = { name: "authenticationTag", offset: offset + length, length: GCM_TAG_OCTETS, value: toHex(body.subarray(length)) };
  return isTagged ? [text, tag] : [text];
}

/** Without a tag any key "fits": then the octets must be an APDU. */
function opened(input: Parameters<typeof unprotect>[0], content: Uint8Array): Uint8Array | undefined {
  try {
    const plain = unprotect(input, content);
    if (securityHeaderOf(content).protection === "encrypted") apdu.decode(new ByteReader(plain));
    return plain;
  } catch {
    return undefined;
  }
}

function textOf(error: unknown): string {
  if (error instanceof DecodeError || error instanceof AmityError) return error.message;
  throw error;
}

/** The tree as indented lines: offset, name, value. */
export function formatExplained(tree: Explained, indent = ""): string {
  const where = String(tree.offset).padStart(5);
  const what = `${tree.name}${tree.value === undefined ? "" : `: ${tree.value}`}${tree.error === undefined ? "" : `  !! ${tree.error}`}`;
  const own = `${where}  ${indent}${what}`;
  return [own, ...(tree.children ?? []).map((child) => formatExplained(child, `${indent}  `))].join("\n");
}
