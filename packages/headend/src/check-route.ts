import { UsageError } from "@amity/bytes";
import type { Device, Route } from "./registry.ts";

/** @throws UsageError `bad-route` where the protocol does not come that way. */
export function checkRoute({ meterId, protocol, route }: Device, known: readonly Route["kind"][]): void {
  if (known.includes(route.kind)) return;
  throw new UsageError(`${meterId}: a meter of ${protocol} is reached by ${known.join(", ")}, not by ${route.kind}`, { code: "bad-route" });
}
