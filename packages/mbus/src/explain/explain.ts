import { DecodeError, toHex } from "@amity/bytes";
import { readApplication, type Application } from "../application/read-application.ts";
import { BAUD_BY_CI, CONTROL_INFORMATION } from "../application/control-information.ts";
import type { FormatStore } from "../application/compact-frame.ts";
import type { CivilDate } from "../application/data-types.ts";
import { deviceTypeName } from "../link/device-type.ts";
import { manufacturerName } from "../link/manufacturer.ts";
import { decodeWiredMessage, type WiredMessage } from "../link/wired-message.ts";
import { knownFormats } from "../profiles/known-formats.ts";
import type { KeyLookup } from "../transport/meter-key.ts";
import {
  damagedFrameA,
  damagedFrameB,
  frameALength,
  offsetOnAir,
  stripFrame,
  type DamagedFrame,
  type FrameFormat,
} from "../wireless/frame-format.ts";
import { isExtendedLink } from "../wireless/extended-link.ts";
import { decodeTelegram, type Telegram } from "../wireless/telegram.ts";
import { explainAddress, explainApplication, explainProfiles, explainProblems, hexOctet } from "./explain-application.ts";
import type { Explanation, ExplainNode } from "./explain-node.ts";

export interface ExplainOptions {
  readonly keys?: KeyLookup | undefined;
  readonly formats?: FormatStore;
  /** The meter's civil date when it sent the frame: security mode 3 opens with it only. */
  readonly date?: CivilDate | undefined;
  /** Default: found out by the octets. */
  readonly protocol?: "mbus" | "wmbus";
}

/**
 * Which of the two a frame is: by head and length, or, where a length is wrong, by a head that hardly anything else has. `undefined`:
 * neither.
 */
export function detectMbus(octets: Uint8Array): "mbus" | "wmbus" | undefined {
  const [first = -1, second = -1, third = -1, fourth = -1] = octets;
  if (first === 0x68 && fourth === 0x68 && second === third) return "mbus";
  if ((first === 0x10 && octets.length === 5 && octets[4] === 0x16) || (first === 0xe5 && octets.length === 1)) return "mbus";
  const fits = octets.length === first + 1 || octets.length === frameALength(Math.max(first, 9));
  if (fits && first >= 9) return "wmbus";
  if (first === 0x68 && fourth === 0x68) return "mbus";
  return hasWirelessHead(octets) ? "wmbus" : undefined;
}

/** A telegram of a meter: SND-NR, SND-IR or RSP-UD, three letters, eight decimal digits, a CI field (behind the first CRC of format A, too). */
function hasWirelessHead(octets: Uint8Array): boolean {
  if (octets.length < 12 || !METER_CONTROLS.has(octets[1] ?? 0)) return false;
  if (!/^[A-Z]{3}$/.test(manufacturerName((octets[2] ?? 0) | ((octets[3] ?? 0) << 8)))) return false;
  if (!octets.subarray(4, 8).every((octet) => octet >> 4 < 10 && (octet & 15) < 10)) return false;
  return [octets[10], octets[12]].some((ci = 0) => isExtendedLink(ci) || ci === 0x90 || CONTROL_INFORMATION[ci]?.direction === "fromMeter");
}

const METER_CONTROLS: ReadonlySet<number> = new Set([0x44, 0x46, 0x08]);

/**
 * Explains a wired or wireless frame field by field, with offsets in the frame as given (`amity decode`). Frames with
 * errors are explained as far as they were sound. @throws DecodeError where not even the link layer could be read.
 */
export function explainMbus(octets: Uint8Array, options: ExplainOptions = {}): Explanation {
  const protocol = options.protocol ?? detectMbus(octets) ?? "wmbus";
  return protocol === "mbus" ? explainWired(octets, options) : explainWireless(octets, options);
}

/** Known layouts never change here: one store serves all. */
let layouts: FormatStore | undefined;
const defaultFormats = (): FormatStore => (layouts ??= knownFormats());

const same = (offset: number): number => offset;

function explainWired(octets: Uint8Array, options: ExplainOptions): Explanation {
  const { frame, application, problem } = readWired(octets, options);
  if (frame.kind === "ack") {
    return {
      protocol: "mbus",
      summary: "acknowledgement",
      root: { name: "frame", offset: 0, octets: 1, hex: "e5", meaning: "acknowledgement" },
      problems: [],
    };
  }
  const start = frame.kind === "short" ? 1 : 4;
  const control: ExplainNode = {
    name: "control",
    offset: start,
    octets: 1,
    hex: hexOctet(frame.control),
    meaning: wiredControl(frame.control),
  };
  const address: ExplainNode = {
    name: "address",
    offset: start + 1,
    octets: 1,
    value: frame.address,
    meaning: addressMeaning(frame.address),
  };
  const length: ExplainNode[] = frame.kind === "long" ? [{ name: "length", offset: 1, octets: 2, value: octets[1] ?? 0 }] : [];
  const content =
    application === undefined ? [] : [...explainApplication(application, 6, octets, same), ...explainProfiles(application, options.keys)];
  const sum: ExplainNode = { name: "checksum", offset: octets.length - 2, octets: 1, hex: hexOctet(octets[octets.length - 2] ?? 0) };
  const baud = application === undefined ? undefined : BAUD_BY_CI[application.controlInformation];
  return {
    protocol: "mbus",
    summary: application === undefined ? wiredControl(frame.control) : `${baud === undefined ? summaryOf(application) : `set ${baud} Bd`}`,
    root: {
      name: "frame",
      offset: 0,
      octets: octets.length,
      meaning: `${frame.kind} frame`,
      children: [...length, control, address, ...content, sum],
    },
    problems: explainProblems([...(problem === undefined ? [] : [problem]), ...(application?.problems ?? [])], same),
  };
}

/** A long frame with a broken tail still has a head and most of its message: what can be read is shown beside the error. */
function readWired(octets: Uint8Array, options: ExplainOptions): WiredMessage & { readonly problem?: DecodeError } {
  const context = { keys: options.keys, formats: options.formats ?? defaultFormats(), date: options.date };
  try {
    return decodeWiredMessage(octets, context);
  } catch (error) {
    if (!(error instanceof DecodeError) || octets[0] !== 0x68 || octets.length < 8) throw error;
    const [, length = 0, , , control = 0, address = 0, controlInformation = 0] = octets;
    const end = Math.max(7, Math.min(octets.length, length + 4));
    const frame = { kind: "long", control, address, controlInformation, data: octets.subarray(7, end) } as const;
    return { frame, application: readApplication(octets, 6, end, context), problem: error };
  }
}

function explainWireless(octets: Uint8Array, options: ExplainOptions): Explanation {
  const { telegram, format, problem } = readWireless(octets, options);
  const place = (offset: number): number => Math.min(offsetOnAir(offset, format), octets.length);
  const { application } = telegram;
  const children: ExplainNode[] = [
    { name: "length", offset: 0, octets: 1, value: octets[0] ?? 0 },
    {
      name: "control",
      offset: 1,
      octets: 1,
      hex: hexOctet(telegram.control),
      meaning: WIRELESS_NAMES[telegram.control & 0x4f] ?? "unknown",
    },
    explainAddress("sender", telegram.sender, 2),
    ...explainLayers(telegram, place),
    ...explainApplication(application, ciOffset(telegram), octets, place),
    ...explainProfiles(application, options.keys),
  ];
  const crcs = problem === undefined ? "CRCs right" : "damaged";
  const name = format === "none" ? "telegram without CRCs" : `telegram, frame format ${format.toUpperCase()}, ${crcs}`;
  return {
    protocol: "wmbus",
    summary: `${summaryOf(application)}`,
    root: { name: "frame", offset: 0, octets: octets.length, meaning: name, children },
    problems: [...explainProblems(problem === undefined ? [] : [problem], same), ...explainProblems(application.problems, place)],
  };
}

interface ReadWireless {
  readonly telegram: Telegram;
  readonly format: FrameFormat;
  readonly problem?: DecodeError;
}

/** A frame whose length or CRCs are wrong still has a head and, mostly, a message: what can be read is shown beside the error. */
function readWireless(octets: Uint8Array, options: ExplainOptions): ReadWireless {
  const known = { keys: options.keys, formats: options.formats ?? defaultFormats(), date: options.date };
  const damaged = (frame: DamagedFrame): ReadWireless => {
    const { format, octets: stripped, problem } = frame;
    return { telegram: decodeTelegram(stripped, { ...known, format: "none" }), format, problem };
  };
  const frameA = damagedFrameA(octets);
  if (frameA !== undefined && !isSound(octets)) return damaged(frameA);
  const telegram = decodeTelegram(octets, known);
  const frameB = telegram.format === "none" && telegram.application.problems.length > 0 ? damagedFrameB(octets) : undefined;
  const asB = frameB === undefined ? undefined : damaged(frameB);
  // As one with a wrong CRC it makes sense, as one without it does not; or it is opened by the key only so.
  const isB = asB !== undefined && (asB.telegram.application.problems.length === 0 || (isClosed(telegram) && !isClosed(asB.telegram)));
  return isB ? asB : { telegram, format: telegram.format };
}

/** A payload CRC, check octets or a MAC say that what was deciphered is not what was sent. */
function isClosed({ application: { security } }: Telegram): boolean {
  return security.status === "wrong-key" || security.status === "damaged";
}

/** Whether the frame is whole in some format. */
function isSound(octets: Uint8Array): boolean {
  try {
    const { format } = stripFrame(octets);
    return format !== "none";
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function ciOffset({ extendedLink, authentication }: Telegram): number {
  if (authentication !== undefined) return authentication.payloadOffset;
  return extendedLink === undefined ? 10 : extendedLink.payloadOffset + extendedLink.crcOctets;
}

function explainLayers(telegram: Telegram, place: (offset: number) => number): ExplainNode[] {
  const { extendedLink: link, authentication: layer } = telegram;
  const nodes: ExplainNode[] = [];
  if (link !== undefined) {
    const { session } = link;
    nodes.push({
      name: "extendedLink",
      offset: place(10),
      octets: link.payloadOffset + link.crcOctets - 10,
      meaning: `CI ${hexOctet(link.controlInformation)}`,
      children: [
        { name: "communicationControl", offset: place(11), octets: 1, hex: hexOctet(link.communicationControl) },
        { name: "accessNumber", offset: place(12), octets: 1, value: link.accessNumber },
        ...(link.receiver === undefined ? [] : [explainAddress("receiver", link.receiver, place(13))]),
        ...(session === undefined
          ? []
          : [
              {
                name: "session",
                offset: place(link.payloadOffset - 4),
                octets: 4,
                value: session.number,
                meaning: session.encryption === 1 ? "AES-128-CTR" : "not encrypted",
              },
            ]),
      ],
    });
  }
  if (layer !== undefined) {
    nodes.push({
      name: "authentication",
      offset: place(layer.offset),
      octets: layer.payloadOffset - layer.offset,
      meaning: `fragment ${layer.fragmentId}${layer.moreFragments ? ", more follow" : ""}`,
      children: [
        ...(layer.counter === undefined ? [] : [{ name: "messageCounter", offset: -1, octets: 4, hex: toHex(layer.counter) }]),
        ...(layer.mac === undefined
          ? []
          : [{ name: "mac", offset: -1, octets: layer.mac.length, hex: toHex(layer.mac), meaning: telegram.application.security.mac }]),
      ],
    });
  }
  return nodes;
}

function summaryOf(application: Application): string {
  const { meter, records, security } = application;
  const who = meter === undefined ? "" : `${meter.manufacturer} ${meter.id} (${deviceTypeName(meter.deviceType)}), `;
  const closed =
    security.status === "none" || security.status === "decrypted" || security.status === "plaintext" ? "" : `, ${security.status}`;
  return `${who}${application.name}, ${records.length} record(s)${closed}`;
}

const WIRELESS_NAMES: Readonly<Record<number, string>> = {
  0x40: "SND-NKE",
  0x43: "SND-UD",
  0x44: "SND-NR",
  0x46: "SND-IR",
  0x47: "ACC-NR",
  0x48: "ACC-DMD",
  0x4a: "REQ-UD1",
  0x4b: "REQ-UD2",
  0x00: "ACK",
  0x06: "CNF-IR",
  0x08: "RSP-UD",
};

function wiredControl(control: number): string {
  const isFromMaster = (control & 0x40) !== 0;
  const bits = isFromMaster
    ? [control & 0x20 ? "FCB" : "", control & 0x10 ? "FCV" : ""]
    : [control & 0x20 ? "ACD" : "", control & 0x10 ? "DFC" : ""];
  const name = WIRELESS_NAMES[control & 0x4f] ?? "unknown";
  return [name, ...bits.filter((bit) => bit !== "")].join(" ");
}

function addressMeaning(address: number): string {
  if (address === 0) return "unconfigured";
  if (address === 253) return "selected by secondary address";
  if (address === 254) return "every meter, with answer";
  return address === 255 ? "every meter, without answer" : "primary address";
}
