/** A highest quarter-hour demand and the end of it. */
export interface P1Peak {
  readonly watts: number;
  readonly endMs: number;
  readonly isSummer: boolean;
}

/** One meter behind the electricity meter. */
export interface P1MeterChannel {
  readonly channel: 1 | 2 | 3 | 4;
  readonly deviceType: number;
  readonly equipmentId: string;
  readonly instantMs: number;
  readonly isSummer: boolean;
  /** In thousandths of the unit. */
  readonly milli: number;
  readonly unit: "m3" | "GJ" | "kWh";
  /** Default open. */
  readonly isValveShut?: boolean;
}

/** What the simulated meter measured. Integers throughout: energies in Wh and varh, powers in W and var. */
export interface P1Meter {
  readonly manufacturer: string;
  readonly identifier: string;
  readonly equipmentId: string;
  readonly instantMs: number;
  readonly isSummer: boolean;
  readonly tariff: 1 | 2;
  /** By tariff. */
  readonly importedWh: readonly [number, number];
  readonly exportedWh: readonly [number, number];
  readonly importedVarh?: number;
  readonly exportedVarh?: number;
  readonly importW: number;
  readonly exportW: number;
  readonly importVar?: number;
  readonly exportVar?: number;
  readonly phases: readonly {
    readonly voltageDv: number;
    readonly currentCa: number;
    readonly importW: number;
    readonly exportW: number;
    readonly importVar?: number;
    readonly exportVar?: number;
  }[];
  /** Default connected. */
  readonly isDisconnected?: boolean;
  /** Power failures of any length. */
  readonly failureCount?: number;
  /** Those of three minutes and more. */
  readonly powerFailures?: readonly { readonly endMs: number; readonly isSummer: boolean; readonly durationS: number }[];
  /** Belgium: the running quarter-hour, the peak of this month, and of months before: the instant that a month ended, oldest first. */
  readonly demand?: {
    readonly currentW: number;
    readonly peak: P1Peak | undefined;
    readonly months: readonly { readonly endMs: number; readonly isSummer: boolean; readonly peak: P1Peak | undefined }[];
  };
  readonly message?: string;
  readonly channels?: readonly P1MeterChannel[];
}
