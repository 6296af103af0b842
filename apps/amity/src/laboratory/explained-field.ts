/** A part of a frame as a person reads it: one shape for every protocol. */
export interface ExplainedField {
  readonly name: string;
  /** Octets from the start of the frame (or of what was deciphered from it). */
  readonly offset: number;
  readonly length: number;
  readonly value?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly children?: readonly ExplainedField[];
}
