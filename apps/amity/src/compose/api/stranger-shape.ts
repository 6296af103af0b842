import type { WirelessStranger } from "@amity/api";
import type { HeadEndViews } from "@amity/headend";
import { instantText } from "./cursor.ts";

/** A wireless meter that nobody registered, as the API shows it. */
export function strangerShape(stranger: ReturnType<HeadEndViews["strangers"]>[number]): WirelessStranger {
  const { concentratorId, address, firstMs, lastMs, telegrams, asksInstallation } = stranger;
  return { concentratorId, address, firstHeard: instantText(firstMs), lastHeard: instantText(lastMs), telegrams, asksInstallation };
}
