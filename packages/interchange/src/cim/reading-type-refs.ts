import { UsageError } from "@amity/bytes";
import { readingTypeRef, type CimReadingType } from "./cim-terms.ts";

export interface ReadingTypeRef {
  readonly ref: string;
  /** Power of ten of the written values: three places coarser than they are kept, as readers keep them three places finer. */
  readonly multiplier: number;
}

/** Channels of one document whose references are remembered. */
const CHANNELS_MAX = 1_000_000;

/** The reading types of a document. Two channels of a meter never share one: they would come back as one channel. */
export class ReadingTypeRefs {
  readonly #channels = new Map<string, string>();

  /** @throws UsageError `not-representable` for a unit or length without a number, or a type that another channel has. */
  of(meterId: string, quantity: CimReadingType): ReadingTypeRef {
    const multiplier = quantity.scaler + 3;
    const ref = readingTypeRef({ ...quantity, scaler: multiplier });
    if (ref === undefined) {
      throw new UsageError(`no ReadingType for ${quantity.unit} each ${quantity.intervalSeconds} s`, { code: "not-representable" });
    }
    const key = JSON.stringify([meterId, ref]);
    const other = this.#channels.get(key);
    if (other !== undefined && other !== quantity.channel) {
      throw new UsageError(`channels ${other} and ${quantity.channel} of ${meterId} have one reading type, ${ref}`, {
        code: "not-representable",
        advice: "export them one at a time",
      });
    }
    if (this.#channels.size < CHANNELS_MAX) this.#channels.set(key, quantity.channel);
    return { ref, multiplier };
  }
}
