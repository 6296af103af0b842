import { DecodeError } from "@amity/bytes";
import type { Files } from "@amity/runtime";

const PATH = "wireless-meters.json";
/** Meters that one concentrator listens for. */
export const WIRELESS_METERS_MAX = 10_000;
/** Meters of others, or of nobody, that are remembered; the one silent for longest is forgotten first. */
const STRANGERS_MAX = 500;

/** A meter that is listened for. The concentrator has no key of it. */
export interface WirelessMeterEntry {
  readonly meterId: string;
  /** `addressText` of @amity/mbus, e.g. `KAM-76348799-1b-16`. */
  readonly address: string;
}

/** A meter that was heard and is on no list. */
export interface HeardStranger {
  readonly address: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly telegrams: number;
  /** It asked to be installed (SND-IR) since it was first heard. */
  readonly asksInstallation: boolean;
}

/** Which meters a concentrator listens for: those of its options and those that the head-end bound to it, and who else is on the air. */
export class KnownMeters {
  readonly #files: Files;
  readonly #byAddress = new Map<string, WirelessMeterEntry>();
  readonly #strangers = new Map<string, HeardStranger>();
  readonly #lastHeardMs = new Map<string, number>();
  #given: readonly WirelessMeterEntry[] = [];
  #bound: readonly WirelessMeterEntry[];

  private constructor(files: Files, bound: readonly WirelessMeterEntry[]) {
    this.#files = files;
    this.#bound = bound;
    this.#index();
  }

  static async open(files: Files): Promise<KnownMeters> {
    const content = await files.read(PATH);
    return new KnownMeters(files, content === undefined ? [] : parse(content));
  }

  get all(): readonly WirelessMeterEntry[] {
    return [...this.#byAddress.values()];
  }
  get strangers(): readonly HeardStranger[] {
    return [...this.#strangers.values()];
  }
  at(address: string): WirelessMeterEntry | undefined {
    return this.#byAddress.get(address);
  }
  has(meterId: string): boolean {
    return this.all.some((meter) => meter.meterId === meterId);
  }
  lastHeardMs(address: string): number | undefined {
    return this.#lastHeardMs.get(address);
  }

  /** The meters that the concentrator's own options name. */
  give(meters: readonly WirelessMeterEntry[]): void {
    this.#given = meters;
    this.#index();
  }

  /** The meters that the head-end wants heard, in place of those that it wanted before. @throws LinkError when the disk refuses. */
  async bind(meters: readonly WirelessMeterEntry[]): Promise<void> {
    const entries = meters.map(({ meterId, address }) => [meterId, address]);
    await this.#files.replace(PATH, new TextEncoder().encode(JSON.stringify(entries)));
    this.#bound = meters;
    this.#index();
  }

  heardKnown(address: string, atMs: number): void {
    this.#lastHeardMs.set(address, atMs);
  }

  heardStranger(address: string, atMs: number, asksInstallation: boolean): void {
    const known = this.#strangers.get(address) ?? { address, firstMs: atMs, lastMs: atMs, telegrams: 0, asksInstallation: false };
    this.#strangers.delete(address);
    this.#strangers.set(address, {
      ...known,
      lastMs: atMs,
      telegrams: known.telegrams + 1,
      asksInstallation: known.asksInstallation || asksInstallation,
    });
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > STRANGERS_MAX && oldest !== undefined) this.#strangers.delete(oldest);
  }

  #index(): void {
    this.#byAddress.clear();
    for (const meter of [...this.#given, ...this.#bound]) this.#byAddress.set(meter.address, meter);
    for (const address of this.#byAddress.keys()) this.#strangers.delete(address);
    for (const address of this.#lastHeardMs.keys()) if (!this.#byAddress.has(address)) this.#lastHeardMs.delete(address);
  }
}

/** A damaged list is an empty one: the head-end gives it again. */
function parse(content: Uint8Array): WirelessMeterEntry[] {
  try {
    const entries: unknown = JSON.parse(new TextDecoder().decode(content));
    return Array.isArray(entries) ? entries.map(parseEntry) : [];
  } catch {
    return [];
  }
}

function parseEntry(entry: unknown): WirelessMeterEntry {
  const [meterId, address]: unknown[] = Array.isArray(entry) ? entry : [];
  if (typeof meterId !== "string" || typeof address !== "string") throw new DecodeError("no entry", { offset: -1 });
  return { meterId, address };
}
