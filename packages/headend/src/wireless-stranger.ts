import type { HeardStranger } from "@amity/concentrator";

/** A wireless meter that a concentrator hears and that is on no list. */
export interface WirelessStranger extends HeardStranger {
  readonly concentratorId: string;
}
