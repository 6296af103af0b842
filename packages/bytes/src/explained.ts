/** A frame, a message or a part of one, as a person reads it. Plain data: its JSON is the machine-readable form. */
export interface Explained {
  readonly name: string;
  /** Octets from the start of the frame, or of a plaintext that was deciphered from it. */
  readonly offset: number;
  readonly length: number;
  readonly value?: string;
  /** What went wrong here; what could be read before stands beside it. */
  readonly error?: string;
  readonly children?: readonly Explained[];
}
