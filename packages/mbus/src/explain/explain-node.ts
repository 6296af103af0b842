/** One field of a frame for `amity decode`: a tree with offsets in the frame as it came. JSON-safe throughout. */
export interface ExplainNode {
  readonly name: string;
  /** Octets from the start of the frame; -1 where the field stands nowhere (it was computed). */
  readonly offset: number;
  readonly octets: number;
  /** The octets, hexadecimal. */
  readonly hex?: string;
  readonly value?: string | number | boolean | null;
  readonly unit?: string;
  /** What the value means, for people. */
  readonly meaning?: string;
  readonly children?: readonly ExplainNode[];
}

/** What is wrong with a frame. */
export interface ExplainProblem {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
  readonly advice?: string;
}

export interface Explanation {
  readonly protocol: "mbus" | "wmbus";
  /** One line for a list. */
  readonly summary: string;
  readonly root: ExplainNode;
  readonly problems: readonly ExplainProblem[];
}
