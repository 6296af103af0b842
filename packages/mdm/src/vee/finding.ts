/** What a hit means: `info` is only noted, `issue` marks the intervals as failed, `terminate` also stops the later rules. */
export type Severity = "info" | "issue" | "terminate";

export type ParameterValue = number | string | boolean | readonly string[];
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** One hit of one rule: everything that is needed to say why. */
export interface Finding {
  readonly ruleId: string;
  readonly kind: string;
  readonly ruleSetId: string;
  readonly ruleSetVersion: number;
  readonly parameters: Parameters;
  readonly severity: Severity;
  /** Indices into the judged series, end exclusive; equal where the finding is about no single interval. */
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** The numbers that were compared, by name with unit. */
  readonly numbers: Readonly<Record<string, number>>;
  /** One plain sentence. */
  readonly reason: string;
}

/** What a rule says of a span; the engine adds the rest. */
export interface Hit {
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly numbers: Readonly<Record<string, number>>;
  readonly reason: string;
}

export type ReportHit = (hit: Hit) => void;
