import { digest } from "@amity/crypto";

/** Image transfer states (IEC 62056-6-2, class 18, attribute 6). */
export const IMAGE_STATES = {
  notInitiated: 0,
  initiated: 1,
  verificationSuccessful: 3,
  verificationFailed: 4,
  activationSuccessful: 6,
} as const;
export type ImageState = (typeof IMAGE_STATES)[keyof typeof IMAGE_STATES];

/** Fits the meter's APDU with its ciphering. */
export const IMAGE_BLOCK_OCTETS = 512;
export const IMAGE_OCTETS_MAX = 512 * 1024;
const IDENTIFIER_OCTETS_MAX = 32;
const DIGEST_OCTETS = 32;

/**
 * The receiving side of one image transfer. An image ends with the SHA-256 of what stands before it: that is what is
 * verified. Half-received images live in memory only, as in a meter without a store for them.
 */
export class ImageTransfer {
  isEnabled = true;
  #state: ImageState = IMAGE_STATES.notInitiated;
  #identifier: Uint8Array = NONE;
  #octets: Uint8Array = NONE;
  /** One octet a block: 1 where it is there. */
  #present: Uint8Array = NONE;

  get state(): ImageState {
    return this.#state;
  }
  get identifier(): Uint8Array {
    return this.#identifier;
  }
  get size(): number {
    return this.#octets.length;
  }
  /** The digest at the end of a verified image. */
  get signature(): Uint8Array {
    return this.#octets.subarray(this.#octets.length - DIGEST_OCTETS);
  }
  get blockCount(): number {
    return this.#present.length;
  }
  /** Number of blocks where all are there. */
  get firstMissingBlock(): number {
    const missing = this.#present.indexOf(0);
    return missing < 0 ? this.blockCount : missing;
  }
  hasBlock(block: number): boolean {
    return this.#present[block] === 1;
  }

  /** Begins anew. @returns false where the meter cannot take such an image. */
  initiate(identifier: Uint8Array, size: number): boolean {
    if (!this.isEnabled || size <= DIGEST_OCTETS || size > IMAGE_OCTETS_MAX) return false;
    if (identifier.length === 0 || identifier.length > IDENTIFIER_OCTETS_MAX) return false;
    this.#identifier = identifier.slice();
    this.#octets = new Uint8Array(size);
    this.#present = new Uint8Array(Math.ceil(size / IMAGE_BLOCK_OCTETS));
    this.#state = IMAGE_STATES.initiated;
    return true;
  }

  /** Takes a block; one that came before may come again. @returns false out of turn, beyond the image, or of the wrong length. */
  takeBlock(block: number, octets: Uint8Array): boolean {
    const canTake = this.#state === IMAGE_STATES.initiated || this.#state === IMAGE_STATES.verificationFailed;
    if (!this.isEnabled || !canTake || block >= this.blockCount) return false;
    const at = block * IMAGE_BLOCK_OCTETS;
    if (octets.length !== Math.min(IMAGE_BLOCK_OCTETS, this.size - at)) return false;
    this.#octets.set(octets, at);
    this.#present[block] = 1;
    this.#state = IMAGE_STATES.initiated;
    return true;
  }

  /** Checks a whole image. @returns false where blocks are missing (the state stays) or the digest is wrong. */
  verify(): boolean {
    if (this.#state === IMAGE_STATES.verificationSuccessful) return true;
    if (!this.isEnabled || this.#state !== IMAGE_STATES.initiated || this.firstMissingBlock < this.blockCount) return false;
    const content = this.#octets.subarray(0, this.size - DIGEST_OCTETS);
    const expected = digest("sha256", content);
    const isRight = expected.every((octet, index) => octet === this.signature[index]);
    this.#state = isRight ? IMAGE_STATES.verificationSuccessful : IMAGE_STATES.verificationFailed;
    return isRight;
  }

  /** Only what was verified may run. */
  get canActivate(): boolean {
    return this.isEnabled && this.#state === IMAGE_STATES.verificationSuccessful;
  }

  /** The image runs: its octets are let go. */
  activated(): void {
    this.#octets = NONE;
    this.#present = NONE;
    this.#state = IMAGE_STATES.activationSuccessful;
  }
}

const NONE: Uint8Array = new Uint8Array(0);
