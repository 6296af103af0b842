import { DecodeError, fromHex } from "@amity/bytes";
import { decodeData, type DlmsData } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";

/** What an attribute was set to, or what it leaves the factory with. */
export function settingOf(meter: SimulatedMeter, object: string, attributeId: number, factory: DlmsData): DlmsData {
  const hex = meter.configured(object, attributeId);
  return hex === undefined ? factory : decodeData(fromHex(hex));
}

/** Settings that are the same for many meters, understood once. */
const UNDERSTOOD_MAX = 512;

/**
 * Remembers what settings mean: the functions of ten thousand meters ask for them all the time, and most are set alike.
 * What cannot be understood (a setting from before the form was checked) counts as `fallback`.
 */
export class UnderstoodSettings<T> {
  readonly #known = new Map<string, T>();
  readonly #understand: (values: readonly (DlmsData | undefined)[]) => T;
  readonly #fallback: T;

  /** `understand` gets what was set, `undefined` for attributes that are as the factory left them. */
  constructor(understand: (values: readonly (DlmsData | undefined)[]) => T, fallback: T) {
    this.#understand = understand;
    this.#fallback = fallback;
  }

  of(meter: SimulatedMeter, attributes: readonly (readonly [object: string, attributeId: number])[]): T {
    const set = attributes.map(([object, attributeId]) => meter.configured(object, attributeId));
    const key = set.join("/");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const understood = this.#try(set);
    if (this.#known.size >= UNDERSTOOD_MAX) this.#known.clear();
    this.#known.set(key, understood);
    return understood;
  }

  #try(set: readonly (string | undefined)[]): T {
    try {
      return this.#understand(set.map((hex) => (hex === undefined ? undefined : decodeData(fromHex(hex)))));
    } catch (error) {
      if (error instanceof DecodeError) return this.#fallback;
      throw error;
    }
  }
}
