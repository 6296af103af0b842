import type { MeterId, RegisterReading } from "@amity/model";
import type { CommandRecord, ConcentratorId, StoredEvent } from "./registry.ts";
import type { BackfillProgress } from "./read-models.ts";

/** What the head-end tells those who watch it live. Nothing depends on anybody hearing it. */
export type HeadEndNotice =
  | { readonly kind: "collected"; readonly meterId: MeterId; readonly intervals: number; readonly newestMs: number | undefined }
  | { readonly kind: "registers"; readonly meterId: MeterId; readonly registers: readonly RegisterReading[] }
  | { readonly kind: "event"; readonly event: StoredEvent }
  | { readonly kind: "command"; readonly command: CommandRecord }
  | { readonly kind: "session"; readonly meterId: MeterId; readonly ok: boolean; readonly error?: string }
  | { readonly kind: "concentrator"; readonly concentratorId: ConcentratorId; readonly online: boolean; readonly error?: string }
  | { readonly kind: "backfill"; readonly progress: BackfillProgress };

/** Ends the subscription. */
export type Unsubscribe = () => void;
