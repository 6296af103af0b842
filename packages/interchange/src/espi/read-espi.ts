import { DecodeError } from "@amity/bytes";
import { QUALITY, type Unit } from "@amity/model";
import { qualityOfCim } from "../cim/cim-quality.ts";
import { IntervalRun, isOnGrid } from "../interval-run.ts";
import type { Chunks, InterchangeRecord, PutAside } from "../records.ts";
import { childOf, childrenOf, textAt, xmlElements, type XmlElement } from "../xml/xml-elements.ts";
import { linksOf, type EntryLinks } from "./espi-links.ts";
import { CHANNEL_EXTENSION, channelOfEspi, isRegisterKind, QUALITY_EXTENSION, qualityOfEspi } from "./espi-terms.ts";
import { unitOfSymbol } from "../unit-symbol.ts";

export interface EspiOptions {
  /** Whose readings they are; by default the last part of the usage point's own address in the feed. */
  readonly usagePointId?: string;
}

interface ReadingType {
  readonly unit: Unit;
  readonly channel: string;
  readonly scaler: number;
  readonly intervalSeconds: number;
  readonly isRegister: boolean;
  readonly defaultQuality: number;
}

/** Parts of an address that are looked at. */
const ANCESTORS_MAX = 32;
/** Interval blocks that may wait for a reading type that comes after them. */
const WAITING_MAX = 10_000;

/**
 * Reads Green Button usage data (NAESB REQ.21 ESPI in an Atom feed): interval blocks join their meter reading and reading
 * type by the links of the feed. Values are exact integers times 10^powerOfTenMultiplier; times are UTC epoch seconds.
 * @throws DecodeError where the document is no well-formed XML or no Atom feed of ESPI.
 */
export async function* readEspi(chunks: Chunks, options: EspiOptions = {}): AsyncGenerator<InterchangeRecord> {
  const feed = new EspiFeed(options);
  for await (const entry of xmlElements(chunks, new Set(["entry"]))) yield* feed.entry(entry);
  yield* feed.end();
}

class EspiFeed {
  readonly #options: EspiOptions;
  /** MeterReading resources by their address. */
  readonly #readings = new Map<string, EntryLinks>();
  readonly #types = new Map<string, ReadingType | string>();
  #waiting: { readonly block: XmlElement; readonly links: EntryLinks }[] = [];
  #entries = 0;
  #blocks = 0;

  constructor(options: EspiOptions) {
    this.#options = options;
  }

  *entry(entry: XmlElement): Generator<InterchangeRecord> {
    this.#entries++;
    const links = linksOf(entry);
    for (const resource of childOf(entry, "content")?.children ?? []) {
      if (resource.name === "MeterReading") this.#meterReading(resource, links);
      else if (resource.name === "ReadingType") this.#types.set(links.self, readingTypeOf(resource));
      else if (resource.name === "IntervalBlock") {
        this.#blocks++;
        const type = this.#typeOf(links);
        if (type !== undefined) yield* this.#block(resource, links, type);
        else if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ block: resource, links });
        else yield aside(resource, "ReadingType", "too many interval blocks come before their reading type");
      }
    }
  }

  /** Some custodians put the reading type inside the meter reading instead of beside it. */
  #meterReading(resource: XmlElement, links: EntryLinks): void {
    const inside = childOf(resource, "ReadingType");
    const address = `${links.self}#ReadingType`;
    if (inside !== undefined) this.#types.set(address, readingTypeOf(inside));
    this.#readings.set(links.self, inside === undefined ? links : { ...links, related: [...links.related, address] });
  }

  *end(): Generator<InterchangeRecord> {
    if (this.#entries === 0) throw new DecodeError("no entry of an Atom feed is in the document", { offset: -1, code: "no-feed" });
    for (const { block, links } of this.#waiting) {
      const type = this.#typeOf(links);
      if (type === undefined) yield aside(block, "ReadingType", "no link leads from this interval block to a reading type");
      else yield* this.#block(block, links, type);
    }
    this.#waiting = [];
    if (this.#blocks === 0) {
      yield {
        kind: "putAside",
        line: 0,
        reason: "the feed holds no interval blocks: no readings (customer data and summaries are read apart)",
      };
    }
  }

  /** The block's address lies below its meter reading's; the meter reading is related to its type. A feed with one type needs no links. */
  #typeOf(links: EntryLinks): ReadingType | string | undefined {
    for (const address of [...ancestorsOf(links.self), ...ancestorsOf(links.up)]) {
      for (const related of this.#readings.get(address)?.related ?? []) {
        const type = this.#types.get(related);
        if (type !== undefined) return type;
      }
    }
    const [only, another] = this.#types.values();
    return another === undefined && this.#readings.size <= 1 ? only : undefined;
  }

  *#block(block: XmlElement, links: EntryLinks, type: ReadingType | string): Generator<InterchangeRecord> {
    if (typeof type === "string") {
      yield aside(block, "ReadingType", type);
      return;
    }
    const usagePointId = this.#options.usagePointId ?? /\/UsagePoint\/([^/]+)/.exec(`/${links.self} /${links.up}`)?.[1];
    const id = usagePointId === undefined ? "unknown" : decoded(usagePointId);
    let run: IntervalRun | undefined;
    for (const element of childrenOf(block, "IntervalReading")) {
      const reading = readingOf(element, type);
      if (reading.kind === "putAside") {
        yield reading;
        continue;
      }
      const { startMs, value, quality, seconds } = reading;
      const { channel, unit, scaler } = type;
      if (type.isRegister) {
        yield { kind: "register", usagePointId: id, reading: { meterId: id, channel, unit, scaler, atMs: startMs, value, quality } };
        continue;
      }
      if (run?.description.intervalSeconds !== seconds) {
        const ended = run?.end();
        if (ended !== undefined) yield ended;
        run = new IntervalRun({ usagePointId: id, meterId: id, channel, unit, scaler, intervalSeconds: seconds });
      }
      const ended = run?.add(startMs, Number(value), quality);
      if (ended !== undefined) yield ended;
    }
    const rest = run?.end();
    if (rest !== undefined) yield rest;
  }
}

/** An address and those above it: `a/b/c`, `a/b`, `a`. */
function ancestorsOf(address: string): string[] {
  const out: string[] = [];
  for (let at = address.length; at > 0 && out.length < ANCESTORS_MAX; at = address.lastIndexOf("/", at - 1)) out.push(address.slice(0, at));
  return out;
}

/** The reading type, or why it cannot be used. */
function readingTypeOf(element: XmlElement): ReadingType | string {
  const uom = textAt(element, "uom");
  const unit = unitOfSymbol(uom);
  if (unit === undefined) return `unit of measure ${uom === "" ? "(none)" : uom} is not known`;
  const power = textAt(element, "powerOfTenMultiplier") || "0";
  if (!/^-?\d{1,2}$/.test(power)) return `"${power}" is no power of ten`;
  const length = textAt(element, "intervalLength") || "0";
  if (!/^\d{1,7}$/.test(length)) return `"${length}" is no interval length`;
  return {
    unit,
    channel: textAt(element, "extension", CHANNEL_EXTENSION) || channelOfEspi(textAt(element, "flowDirection"), unit),
    scaler: Number(power),
    intervalSeconds: Number(length),
    isRegister: isRegisterKind(textAt(element, "accumulationBehaviour")),
    defaultQuality: qualityOfEspi(textAt(element, "defaultQuality")) ?? QUALITY.raw,
  };
}

interface Reading {
  readonly kind: "reading";
  readonly startMs: number;
  readonly value: bigint;
  readonly quality: number;
  readonly seconds: number;
}

function readingOf(element: XmlElement, type: ReadingType): Reading | PutAside {
  const start = textAt(element, "timePeriod", "start");
  if (!/^\d{1,11}$/.test(start)) return aside(element, "timePeriod.start", `"${start}" is not a time in seconds`);
  const value = textAt(element, "value");
  if (!/^-?\d{1,15}$/.test(value)) return aside(element, "value", `"${value}" is not an integer of 48 bits`);
  const duration = textAt(element, "timePeriod", "duration");
  const seconds = /^\d{1,7}$/.test(duration) && Number(duration) > 0 ? Number(duration) : type.intervalSeconds;
  const startMs = Number(start) * 1000;
  if (!type.isRegister) {
    if (seconds <= 0 || seconds > 86_400) return aside(element, "timePeriod.duration", `"${duration}" seconds are no interval`);
    if (!isOnGrid(startMs, seconds)) return aside(element, "timePeriod.start", `the time is off the grid of ${seconds} s`);
  }
  // Several qualities may stand side by side: the last one that is known says most.
  let quality = type.defaultQuality;
  for (const stated of childrenOf(element, "ReadingQuality")) quality = qualityOfEspi(textAt(stated, "quality")) ?? quality;
  quality = qualityOfCim(textAt(element, "extension", QUALITY_EXTENSION)) ?? quality;
  return { kind: "reading", startMs, value: BigInt(value), quality, seconds };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function aside(element: XmlElement, field: string, reason: string): PutAside {
  return { kind: "putAside", line: element.line, field, reason, text: `<${element.name}>` };
}
