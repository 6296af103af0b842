/**
 * A running 64-bit hash over the events of a simulation: equal hashes mean the same events in the same order.
 * Not cryptographic: it guards against accidents of ordering, not against people.
 */
export class EventHash {
  #low = 0x811c9dc5;
  #high = 0xcbf29ce4;
  #count = 0;

  add(text: string): void {
    this.#count++;
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x85ebca6b);
      high = Math.imul(high ^ code, 0x9e3779b1);
    }
    low ^= high >>> 15;
    this.#high = Math.imul(high ^ (low >>> 13), 0xc2b2ae35) >>> 0;
    this.#low = Math.imul(low ^ this.#count, 0x27d4eb2f) >>> 0;
  }

  get count(): number {
    return this.#count;
  }

  /** 16 hex digits. */
  toString(): string {
    return this.#high.toString(16).padStart(8, "0") + this.#low.toString(16).padStart(8, "0");
  }
}
