import { UsageError } from "@amity/bytes";
import type { Address } from "@amity/runtime";

const PORT_MAX = 65_535;

/** `HOST:PORT` as an option gives it; an IPv6 host stands in brackets. @throws UsageError `address` naming the option. */
export function addressOption(text: string, option: string): Address {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] !== undefined && port > 0 && port <= PORT_MAX) return { host: match[1], port };
  throw new UsageError(`${option} "${text}" is no address`, { code: "address", advice: "HOST:PORT, e.g. 127.0.0.1:4059" });
}
