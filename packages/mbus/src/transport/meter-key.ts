import { UsageError } from "@amity/bytes";
import { AesContext, DES_OCTETS, desCbcDecrypt, desCbcEncrypt, gcmDecrypt, gcmEncrypt } from "@amity/crypto";
import { addressText, type MeterAddress } from "../link/address.ts";

/** Constants D of the key derivation (OMS Vol. 2, 9.5.3). */
export const DERIVATION = { encryptFromMeter: 0x00, authenticateFromMeter: 0x01, encryptToMeter: 0x10, authenticateToMeter: 0x11 } as const;

/**
 * A meter's key with everything that can be set up ahead of its telegrams: AES (16 octets), or DES (8) of old meters. Derived
 * keys of the newest counter are kept.
 */
export class MeterKey {
  readonly algorithm: "aes" | "des";
  readonly #cipher: AesContext | undefined;
  readonly #aesKey: Uint8Array | undefined;
  readonly #desKey: Uint8Array | undefined;
  #counter = "";
  #derived = new Map<number, AesContext>();

  /** @throws UsageError `key-length`. */
  constructor(key: Uint8Array) {
    this.algorithm = key.length === DES_OCTETS ? "des" : "aes";
    if (this.algorithm === "des") this.#desKey = key.slice();
    else {
      this.#aesKey = key.slice();
      this.#cipher = new AesContext(key);
    }
  }

  /** @throws UsageError `key-length` for a DES key. */
  get cipher(): AesContext {
    if (this.#cipher === undefined) throw new UsageError("a DES key is no AES key", { code: "key-length" });
    return this.#cipher;
  }

  /** AES-GCM with a tag of 12 octets (security mode 9). @throws SecurityError `bad-tag`, UsageError `key-length` for a DES key. */
  gcmOpen(iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
    return gcmDecrypt({ key: this.#aesOctets(), iv, aad }, sealed);
  }

  /** The inverse of `gcmOpen`: ciphertext and tag. @throws UsageError `key-length` for a DES key. */
  gcmSeal(iv: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
    return gcmEncrypt({ key: this.#aesOctets(), iv, aad }, plain);
  }

  #aesOctets(): Uint8Array {
    if (this.#aesKey === undefined) throw new UsageError("a DES key is no AES key", { code: "key-length" });
    return this.#aesKey;
  }

  /** DES-CBC (security modes 2 and 3). @throws UsageError `key-length` for an AES key. */
  desDecrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    return desCbcDecrypt(this.#desOctets(), iv, blocks);
  }

  /** The inverse of `desDecrypt`. @throws UsageError `key-length` for an AES key. */
  desEncrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    return desCbcEncrypt(this.#desOctets(), iv, blocks);
  }

  #desOctets(): Uint8Array {
    if (this.#desKey === undefined) throw new UsageError("an AES key is no DES key", { code: "key-length" });
    return this.#desKey;
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

/** The AES key of a meter, `undefined` where there is none or it is a DES key. */
export function aesKeyOf(keys: KeyLookup | undefined, meter: MeterAddress): MeterKey | undefined {
  const key = keys?.(meter);
  return key?.algorithm === "aes" ? key : undefined;
}

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
