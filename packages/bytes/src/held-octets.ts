/** What a stream delivered and nobody took yet. It grows as needed; who appends keeps the limit. */
export class HeldOctets {
  #storage: Uint8Array;
  /** Octets before this place were taken. They are given up when room is wanted, not octet by octet: a flood of short messages stays cheap. */
  #start = 0;
  #view: Uint8Array;

  /** @param capacity octets for which there is room from the start */
  constructor(capacity: number) {
    this.#storage = new Uint8Array(capacity);
    this.#view = this.#storage.subarray(0, 0);
  }

  get length(): number {
    return this.#view.length;
  }

  /** What is held, only until the next `append` or `take`. */
  get buffer(): Uint8Array {
    return this.#view;
  }

  append(chunk: Uint8Array): void {
    const held = this.#view;
    const needed = held.length + chunk.length;
    if (this.#start + needed > this.#storage.length) {
      // Moved within the storage only where at least as much was taken as has to be moved.
      const storage =
        needed > this.#storage.length || held.length > this.#start
          ? new Uint8Array(Math.max(needed, 2 * this.#storage.length))
          : this.#storage;
      storage.set(held);
      this.#storage = storage;
      this.#start = 0;
    }
    this.#storage.set(chunk, this.#start + held.length);
    this.#view = this.#storage.subarray(this.#start, this.#start + needed);
  }

  /** Takes the first octets off, as a copy. */
  take(octets: number): Uint8Array {
    const taken = this.#view.slice(0, octets);
    this.#view = this.#view.subarray(octets);
    this.#start = this.#view.length === 0 ? 0 : this.#start + taken.length;
    return taken;
  }
}
