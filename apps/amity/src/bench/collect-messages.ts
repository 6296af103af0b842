/** Between `amity bench collect` and the process of its meters. */
export type CollectRequest = { readonly kind: "serve"; readonly meters: number } | { readonly kind: "cpu" };

export type CollectReply =
  | {
      readonly kind: "serving";
      /** Civil time of the meters: it stands still. */
      readonly nowMs: number;
      readonly rssBefore: number;
      readonly ports: readonly number[];
      readonly meterIds: readonly string[];
    }
  | { readonly kind: "cpu"; readonly cpuMs: number; readonly rssOctets: number };
