import { DecodeError, SecurityError, type AmityError } from "@amity/bytes";
import { equalInConstantTime } from "@amity/crypto";
import type { CivilDate } from "../application/data-types.ts";
import type { FormatStore } from "../application/compact-frame.ts";
import { blankApplication, readApplication, type Application, type ApplicationContext } from "../application/read-application.ts";
import { linkAddressOctets, readLinkAddress, type MeterAddress } from "../link/address.ts";
import { DEVICE_TYPES } from "../link/device-type.ts";
import { aesKeyOf, DERIVATION, type KeyLookup } from "../transport/meter-key.ts";
import { cmacOctets, isFragment, macInput, readAuthenticationLayer, type AuthenticationLayer } from "./authentication-layer.ts";
import { extendedLinkCounter, isExtendedLink, payloadCrcMatches, readExtendedLink, type ExtendedLink } from "./extended-link.ts";
import { stripFrame, type FrameFormat } from "./frame-format.ts";

/** C fields of wireless M-Bus (EN 13757-4, 12.4). */
export const WIRELESS_CONTROL = {
  sndNke: 0x40,
  sndUd: 0x53,
  sndUd2: 0x43,
  sndNr: 0x44,
  sndIr: 0x46,
  accNr: 0x47,
  accDmd: 0x48,
  reqUd1: 0x5a,
  reqUd2: 0x5b,
  ack: 0x00,
  cnfIr: 0x06,
  rspUd: 0x08,
} as const;

/** A wireless telegram, layer by layer. */
export interface Telegram {
  readonly format: FrameFormat;
  readonly control: number;
  /** Who sent it (link layer). */
  readonly sender: MeterAddress;
  readonly extendedLink: ExtendedLink | undefined;
  readonly authentication: AuthenticationLayer | undefined;
  readonly application: Application;
}

/** What the receiver knows. */
export interface TelegramOptions {
  readonly keys?: KeyLookup | undefined;
  /** What the radio delivers; `auto` finds out. */
  readonly format?: FrameFormat | "auto";
  readonly formats?: FormatStore | undefined;
  /** The meter's civil date at transmission: security mode 3 opens with it only. */
  readonly date?: CivilDate | undefined;
}

/** Decodes one wireless telegram of up to 291 octets on air. @throws DecodeError where the frame itself is broken (length, CRC, no room for an address). */
export function decodeTelegram(octets: Uint8Array, options: TelegramOptions = {}): Telegram {
  const { format, octets: frame } = stripFrame(octets, options.format ?? "auto");
  if (frame.length < 10) throw new DecodeError("truncated: no room for an address", { offset: frame.length, code: "truncated" });
  const problems: AmityError[] = [];
  const length = frame[0] ?? 0;
  if (length !== frame.length - 1) {
    const reason = length > frame.length - 1 ? "truncated" : "trailing";
    problems.push(new DecodeError(`${reason}: L is ${length}, ${frame.length - 1} octets follow it`, { offset: 0, code: reason }));
  }
  // Octets after the announced length are not the telegram's; of one cut short what came is read.
  if (length >= frame.length - 1 || length < 10) return readLayers(frame, format, options, problems);
  const telegram = readLayers(frame.subarray(0, length + 1), format, options, problems);
  // Unless the content goes on behind it: then L is what is wrong.
  const isCut = telegram.application.problems.some(({ code }) => code === "truncated");
  return isCut ? readLayers(frame, format, options, problems) : telegram;
}

/** Its fields and their order are in EN 13757-4:2019 only (table 48). */
const VARIABLE_EXTENDED_LINK = 0x86;

function readLayers(stripped: Uint8Array, format: FrameFormat, options: TelegramOptions, linkProblems: readonly AmityError[]): Telegram {
  const problems = [...linkProblems];
  const sender = readSender(stripped);
  let data = stripped;
  let at = 10;
  let extendedLink: ExtendedLink | undefined;
  let authentication: AuthenticationLayer | undefined;
  try {
    if (at < data.length && isExtendedLink(data[at] ?? 0)) {
      extendedLink = readExtendedLink(data, at);
      data = openExtendedLink(data, extendedLink, sender, options.keys, problems);
      at = extendedLink.payloadOffset + extendedLink.crcOctets;
    }
    if (data[at] === VARIABLE_EXTENDED_LINK && at < data.length) {
      throw new DecodeError("the variable extended link layer (CI 86) is not read", {
        offset: at,
        code: "unsupported",
        advice: "where the meter can be set to the short or long one (CI 8C to 8F), its telegrams are read",
      });
    }
    if (data[at] === 0x90 && at < data.length) {
      authentication = readAuthenticationLayer(data, at);
      at = authentication.payloadOffset;
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    problems.push(error.within(data[at] === 0x90 ? "authentication" : "extendedLink"));
    at = data.length;
  }
  if (authentication !== undefined && isFragment(authentication)) {
    const application = blankApplication(data, at - 1, -1, sender);
    application.name = "fragment";
    application.problems.push(
      ...problems,
      new DecodeError(`fragment ${authentication.fragmentId} of a longer message`, {
        offset: authentication.offset,
        code: "fragment",
        advice: "hand all fragments to a WirelessReceiver",
      }),
    );
    return { format, control: data[1] ?? 0, sender, extendedLink, authentication, application };
  }
  const context: ApplicationContext = {
    linkMeter: sender,
    linkAddress: data.subarray(2, 10),
    keys: options.keys,
    counter: authentication?.counter,
    formats: options.formats,
    date: options.date,
    problems,
    ...(authentication?.mac === undefined ? {} : { checkMac: macCheck(data, authentication, options.keys) }),
  };
  // What a lower layer kept closed has no upper layers to be missed.
  const application =
    at >= data.length ? linkOnly(data, sender, problems) : withMacProblem(readApplication(data, at, data.length, context), authentication);
  return { format, control: data[1] ?? 0, sender, extendedLink, authentication, application };
}

/**
 * Decodes a message put together from fragments (`stepFragments` gives message and authentication). `last` is the telegram
 * that completed it. Offsets count in the message.
 */
export function decodeMessage(
  last: Telegram,
  whole: { readonly message: Uint8Array; readonly authentication: AuthenticationLayer },
  options: TelegramOptions = {},
): Telegram {
  const { message, authentication } = whole;
  const context: ApplicationContext = {
    linkMeter: last.sender,
    keys: options.keys,
    counter: authentication.counter,
    formats: options.formats,
    date: options.date,
    ...(authentication.mac === undefined ? {} : { checkMac: macCheck(message, authentication, options.keys) }),
  };
  return { ...last, authentication, application: withMacProblem(readApplication(message, 0, message.length, context), authentication) };
}

/**
 * Older Hydrometer and Diehl meters put version and type in front of the identification. They show it by a
 * manufacturer's CI, or by a device type that does not exist where the standard wants one.
 */
function readSender(frame: Uint8Array): MeterAddress {
  const plain = readLinkAddress(frame, 2);
  if (plain.manufacturer !== "HYD" && plain.manufacturer !== "DME") return plain;
  const ci = frame[10] ?? 0;
  const isSwapped =
    (ci >= 0xa0 && ci <= 0xb7) || (DEVICE_TYPES[plain.deviceType] === undefined && DEVICE_TYPES[frame[5] ?? 0xff] !== undefined);
  if (!isSwapped) return plain;
  const turned = Uint8Array.of(frame[2] ?? 0, frame[3] ?? 0, ...frame.subarray(6, 10), frame[4] ?? 0, frame[5] ?? 0);
  return readLinkAddress(turned, 0);
}

/** Opens ELL encryption in place and checks the payload CRC; a frame that somebody opened before passes as well. */
function openExtendedLink(
  data: Uint8Array,
  link: ExtendedLink,
  sender: MeterAddress,
  keys: KeyLookup | undefined,
  problems: AmityError[],
): Uint8Array {
  const at = link.payloadOffset;
  if (link.crcOctets === 0 || payloadCrcMatches(data, at)) return data;
  const isEncrypted = link.session?.encryption === 1;
  if (!isEncrypted) {
    problems.push(new DecodeError("the payload CRC does not match", { offset: at, code: "crc" }));
    return data;
  }
  const key = aesKeyOf(keys, sender);
  if (key === undefined) {
    problems.push(
      new SecurityError(`no key for meter ${sender.id}`, { code: "missing-key", offset: at, advice: "give the meter's AES-128 key" }),
    );
    return data.subarray(0, at);
  }
  const out = data.slice();
  out.set(key.cipher.ctr(extendedLinkCounter(data, link), data.subarray(at)), at);
  if (payloadCrcMatches(out, at)) return out;
  problems.push(
    new SecurityError(`the key of meter ${sender.id} does not open this telegram: its payload CRC stays wrong`, {
      code: "wrong-key",
      offset: at,
      advice: "check the key; a damaged telegram looks the same",
    }),
  );
  return data.subarray(0, at);
}

/** The MAC of the AFL under the key derived from its counter (OMS Vol. 2, 9.5; full length always). */
function macCheck(
  data: Uint8Array,
  layer: AuthenticationLayer,
  keys: KeyLookup | undefined,
): Exclude<ApplicationContext["checkMac"], undefined> {
  return (meter, link, direction) => {
    const { mac, counter } = layer;
    const key = aesKeyOf(keys, meter);
    const octets = cmacOctets(layer.messageControl);
    if (mac === undefined || (mac.length === 0 && octets === undefined)) return "none";
    if (key === undefined || counter === undefined || octets === undefined) return "unchecked";
    if (mac.length !== octets) return "differs";
    const identification = (link ?? linkAddressOctets(meter)).subarray(2, 6);
    const constant = direction === "toMeter" ? DERIVATION.authenticateToMeter : DERIVATION.authenticateFromMeter;
    // Key information without a derivation function: the key itself (EN 13757-7, 6.3.4).
    const isDerived = layer.keyInformation === undefined || (layer.keyInformation & 0x30) !== 0;
    const cipher = isDerived ? key.derive(constant, counter, identification) : key.cipher;
    const own = cipher.cmac(macInput(layer, data.subarray(layer.payloadOffset)));
    return equalInConstantTime(mac, own.subarray(0, octets)) ? "matches" : "differs";
  };
}

/** A message whose MAC differs is not to be believed, whatever it says: its records are withheld. */
function withMacProblem(application: Application, layer: AuthenticationLayer | undefined): Application {
  if (application.security.mac !== "differs" || application.security.status === "plaintext") return application;
  const problem = new SecurityError("the message authentication code does not match", {
    code: "bad-mac",
    offset: layer?.offset ?? 0,
    advice: "check the key; the message may be forged or damaged",
  });
  return { ...application, records: [], problems: [...application.problems, problem] };
}

/** ACC-NR and other telegrams that end with the link layer, and those whose extended link layer stayed closed. */
function linkOnly(data: Uint8Array, sender: MeterAddress, problems: readonly AmityError[]): Application {
  const application = blankApplication(data, data.length, -1, sender);
  application.name = "link layer only";
  application.kind = "transportOnly";
  application.problems = [...problems];
  const code = problems.find((problem) => problem instanceof SecurityError)?.code;
  if (code === "missing-key" || code === "wrong-key") {
    application.name = "encrypted";
    application.security = { mode: 0, name: "extended link layer, AES-128-CTR", status: code, mac: "none" };
  }
  return application;
}
