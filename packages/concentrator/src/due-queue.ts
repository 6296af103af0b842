interface Entry<K> {
  readonly key: K;
  readonly dueMs: number;
  readonly order: number;
}

/** Keys by the instant they are due, earliest first, ties in the order they came. A key is in it once: putting it again moves it. */
export class DueQueue<K> {
  #heap: Entry<K>[] = [];
  readonly #current = new Map<K, Entry<K>>();
  #order = 0;

  get size(): number {
    return this.#current.size;
  }

  put(key: K, dueMs: number): void {
    const entry: Entry<K> = { key, dueMs, order: this.#order++ };
    this.#current.set(key, entry);
    this.#push(entry);
    // Moved keys leave their old entry behind; sweep before those outnumber the live ones.
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#current.size) this.#sweep();
  }

  remove(key: K): void {
    this.#current.delete(key);
  }

  /** The earliest instant that something is due, `undefined` when empty. */
  nextMs(): number | undefined {
    this.#dropStale();
    return this.#heap[0]?.dueMs;
  }

  /** Takes the earliest key out if it is due at `nowMs`. */
  take(nowMs: number): K | undefined {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.#pop();
    this.#current.delete(first.key);
    return first.key;
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined && this.#current.get(first.key) !== first; first = this.#heap[0]) this.#pop();
  }

  #sweep(): void {
    const live = [...this.#current.values()];
    this.#heap = [];
    for (const entry of live) this.#push(entry);
  }

  #push(entry: Entry<K>): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, left)) child++;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(left: Entry<unknown>, right: Entry<unknown>): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
}
