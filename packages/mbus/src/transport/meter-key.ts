import { AesContext } from "@amity/crypto";
import { addressText, type MeterAddress } from "../link/address.ts";

/** Constants D of the key derivation (OMS Vol. 2, 9.5.3). */
export const DERIVATION = { encryptFromMeter: 0x00, authenticateFromMeter: 0x01, encryptToMeter: 0x10, authenticateToMeter: 0x11 } as const;

/** A meter's key with everything that can be set up ahead of its telegrams. Derived keys of the newest counter are kept. */
export class MeterKey {
  readonly cipher: AesContext;
  #counter = "";
  #derived = new Map<number, AesContext>();

  /** @throws UsageError `key-length`. */
  constructor(key: Uint8Array) {
    this.cipher = new AesContext(key);
  }

  /**
   * Key for one message (OMS Vol. 2, 9.5): CMAC over D, message counter (4, LE), identification (4, as sent), 07 x 7.
   */
  derive(constant: number, counter: Uint8Array, identification: Uint8Array): AesContext {
    const mark = `${counter.join()}/${identification.join()}`;
    if (mark !== this.#counter) {
      this.#counter = mark;
      this.#derived.clear();
    }
    const known = this.#derived.get(constant);
    if (known !== undefined) return known;
    const input = new Uint8Array(16).fill(0x07);
    input[0] = constant;
    input.set(counter.subarray(0, 4), 1);
    input.set(identification.subarray(0, 4), 5);
    const key = new AesContext(this.cipher.cmac(input));
    this.#derived.set(constant, key);
    return key;
  }
}

/** Finds the key of a meter, or `undefined`. */
export type KeyLookup = (meter: MeterAddress) => MeterKey | undefined;

/** Keys by meter: first by the whole address, then by the identification number alone. */
export class KeyRing {
  readonly #byAddress = new Map<string, MeterKey>();
  readonly #byId = new Map<string, MeterKey>();

  /** Adds or replaces the key of a meter; an identification alone serves whoever carries it. */
  set(meter: MeterAddress | string, key: Uint8Array): this {
    if (typeof meter === "string") this.#byId.set(meter.toLowerCase(), new MeterKey(key));
    else this.#byAddress.set(addressText(meter), new MeterKey(key));
    return this;
  }

  readonly lookup: KeyLookup = (meter) => {
    const byAddress = this.#byAddress.size === 0 ? undefined : this.#byAddress.get(addressText(meter));
    return byAddress ?? this.#byId.get(meter.id);
  };
}

/** The same key for everybody: what a person at a terminal has. */
export function singleKey(key: Uint8Array): KeyLookup {
  const only = new MeterKey(key);
  return () => only;
}
