/** What a stream delivered and nobody took yet. It grows as needed; who appends keeps the limit. */
export class HeldOctets {
  #buffer: Uint8Array;
  #length = 0;

  /** @param capacity octets for which there is room from the start */
  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The storage: only the first `length` octets mean anything, and only until the next `append` or `take`. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }

  /** Takes the first octets off, as a copy. */
  take(octets: number): Uint8Array {
    const taken = this.#buffer.slice(0, octets);
    this.#buffer.copyWithin(0, octets, this.#length);
    this.#length -= octets;
    return taken;
  }
}
