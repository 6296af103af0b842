import type { Zone } from "@amity/intervals";
import { QUALITY } from "@amity/model";
import { IntervalRun, isOnGrid } from "../interval-run.ts";
import type { InterchangeRecord, PutAside } from "../records.ts";
import { childOf, childrenOf, textAt, type XmlElement } from "../xml/xml-elements.ts";
import { multispeakInstant } from "./multispeak-instant.ts";
import { qualityOfStatuses } from "./multispeak-status.ts";
import { meterIdOf, quantityOfField, quantityOfTypeCode, scaledOf, type MultispeakQuantity } from "./multispeak-terms.ts";

interface Profile {
  readonly intervalSeconds: number;
  /** By the index of the channel. */
  readonly channels: ReadonlyMap<string, MultispeakQuantity | string>;
}

/** Seconds of the units of time in which an interval length is given; minutes where none is. */
const TIME_UNITS: Readonly<Record<string, number>> = { "": 60, minutes: 60, seconds: 1, hours: 3600, days: 86_400 };
/** Intervals of one channel in one block. */
const INTERVALS_MAX = 1_000_000;

/** Reads IntervalData objects part by part: delimiters and profiles, then one meter's block after another. */
export class IntervalDataReader {
  readonly #zone: Zone | undefined;
  #statusDelimiter = ",";
  #intervalDelimiter = ";";
  #profiles: ReadonlyMap<string, Profile> = new Map();

  constructor(zone: Zone | undefined) {
    this.#zone = zone;
  }

  *element(element: XmlElement): Generator<InterchangeRecord> {
    if (element.name === "statusDelimiter") this.#statusDelimiter = element.text || "\t";
    else if (element.name === "intervalDelimiter") this.#intervalDelimiter = element.text || "\t";
    else if (element.name === "profiles") this.#profiles = profilesOf(element);
    else yield* this.#block(element);
  }

  *#block(block: XmlElement): Generator<InterchangeRecord> {
    const meterId = meterIdOf(block);
    const profileId = textAt(block, "profileID");
    const profile = this.#profiles.get(profileId) ?? (this.#profiles.size === 1 ? [...this.#profiles.values()][0] : undefined);
    const startMs = multispeakInstant(textAt(block, "intervalStart"), this.#zone);
    if (meterId === undefined) yield aside(block, "meterID", "no meter is named");
    else if (profile === undefined) yield aside(block, "profileID", `there is no profile "${profileId}"`);
    else if (!isIntervalLength(profile.intervalSeconds))
      yield aside(block, "intervalLength", `${profile.intervalSeconds} s is no interval length`);
    else if (startMs === undefined) yield aside(block, "intervalStart", `"${textAt(block, "intervalStart")}" is not a time`);
    else if (!isOnGrid(startMs, profile.intervalSeconds)) {
      yield aside(block, "intervalStart", `the time is off the grid of ${profile.intervalSeconds} s`);
    } else {
      const common = this.#records(textAt(block, "dB", "cS"));
      for (const channel of childrenOf(childOf(block, "dB", "chs"), "ch"))
        yield* this.#channel(channel, { meterId, startMs, common, profile });
    }
  }

  *#channel(
    channel: XmlElement,
    block: { meterId: string; startMs: number; common: readonly string[]; profile: Profile },
  ): Generator<InterchangeRecord> {
    const index = textAt(channel, "idx");
    const quantity = block.profile.channels.get(index) ?? `the profile has no channel ${index}`;
    if (typeof quantity === "string") {
      yield aside(channel, "channel", quantity);
      return;
    }
    const records = this.#records(textAt(channel, "d"));
    if (records.length > INTERVALS_MAX) {
      yield aside(channel, "d", `${records.length} intervals in one block, ${INTERVALS_MAX} may be`);
      return;
    }
    const { intervalSeconds } = block.profile;
    const { scaler, text } = quantity;
    const identity = { usagePointId: block.meterId, meterId: block.meterId };
    const run = new IntervalRun({ ...identity, channel: quantity.channel, unit: text.unit, scaler, intervalSeconds });
    for (const [at, record] of records.entries()) {
      const [valueText = "", ...statuses] = record.split(this.#statusDelimiter).map((part) => part.trim());
      const value = valueText === "" ? 0n : scaledOf(valueText, quantity);
      if (value === undefined || !Number.isSafeInteger(Number(value))) {
        yield aside(channel, `d ${at + 1}`, `"${valueText}" is not a number that can be kept`);
        continue;
      }
      const common = (block.common[at] ?? "").split(this.#statusDelimiter);
      const quality = valueText === "" ? QUALITY.missing : qualityOfStatuses([...common.map((part) => part.trim()), ...statuses]);
      const ended = run.add(block.startMs + at * intervalSeconds * 1000, Number(value), quality);
      if (ended !== undefined) yield ended;
    }
    const rest = run.end();
    if (rest !== undefined) yield rest;
  }

  /** The intervals of a string: each ended, or separated, by the delimiter. */
  #records(text: string): string[] {
    if (text === "") return [];
    const records = text.split(this.#intervalDelimiter);
    if (records.at(-1)?.trim() === "") records.pop();
    return records;
  }
}

function isIntervalLength(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds > 0 && 86_400 % seconds === 0;
}

function profilesOf(element: XmlElement): Map<string, Profile> {
  const profiles = new Map<string, Profile>();
  for (const profile of childrenOf(element, "profile")) {
    const length = childOf(profile, "intervalLength");
    const seconds = Number(length?.text || "NaN") * (TIME_UNITS[(length?.attributes.get("units") ?? "").toLowerCase()] ?? Number.NaN);
    const channels = new Map(
      childrenOf(childOf(profile, "channels"), "channel").map((channel) => [textAt(channel, "index"), quantityOf(channel)]),
    );
    profiles.set(profile.attributes.get("profileID") ?? "", { intervalSeconds: seconds, channels });
  }
  return profiles;
}

function quantityOf(channel: XmlElement): MultispeakQuantity | string {
  const code = childOf(channel, "readingTypeCode");
  return code === undefined ? quantityOfField(textAt(channel, "fieldName"), textAt(channel, "units")) : quantityOfTypeCode(code);
}

function aside(element: XmlElement, field: string, reason: string): PutAside {
  return { kind: "putAside", line: element.line, field, reason, text: `<${element.name}>` };
}
