/** A value on its way to the client in blocks: numbered from 1, each at most `blockOctets`. */
export class OutgoingBlocks {
  readonly invokeIdAndPriority: number;
  readonly #octets: Uint8Array;
  readonly #blockOctets: number;
  #at = 0;
  #sent = 0;

  constructor(invokeIdAndPriority: number, octets: Uint8Array, blockOctets: number) {
    this.invokeIdAndPriority = invokeIdAndPriority;
    this.#octets = octets;
    this.#blockOctets = blockOctets;
  }

  /** Number of the block handed out last. */
  get sent(): number {
    return this.#sent;
  }

  next(): { lastBlock: boolean; blockNumber: number; rawData: Uint8Array } {
    const rawData = this.#octets.subarray(this.#at, this.#at + this.#blockOctets);
    this.#at += rawData.length;
    this.#sent++;
    return { lastBlock: this.#at >= this.#octets.length, blockNumber: this.#sent, rawData };
  }
}
