import { UsageError } from "@amity/bytes";
import type { FuzzTarget } from "../fuzz-target.ts";

interface TargetModule {
  readonly names: readonly string[];
  /** Loaded when one of them is searched: a worker instruments what it needs, not the house. */
  load(): Promise<{ readonly targets: readonly FuzzTarget[] }>;
}

/** Every reader of octets from outside, by the module that holds its target. */
const MODULES: readonly TargetModule[] = [
  { names: ["dlms", "hdlc"], load: () => import("./dlms.ts") },
  { names: ["dlms-client", "dlms-server", "dlms-blocks"], load: () => import("./dlms-exchanges.ts") },
  { names: ["hdlc-client", "hdlc-server", "mode-e"], load: () => import("./hdlc-stations.ts") },
  { names: ["certificate"], load: () => import("./certificate.ts") },
  { names: ["mbus", "wmbus"], load: () => import("./mbus.ts") },
  { names: ["mbus-master", "mbus-slave", "wmbus-sessions"], load: () => import("./mbus-stations.ts") },
  { names: ["wmbus-tls"], load: () => import("./mbus-tls.ts") },
  { names: ["concentrator"], load: () => import("./concentrator.ts") },
  { names: ["sml", "p1", "iec62056-21"], load: () => import("./local-ports.ts") },
  { names: ["sml-session", "iec-session", "p1-session"], load: () => import("./local-port-sessions.ts") },
  {
    names: ["csv", "nem12", "espi", "cim", "mscons", "multispeak", "cmep", "d0010", "df2", "archive"],
    load: () => import("./interchange.ts"),
  },
];
/** On which the fuzzer itself is tested. Not among `TARGET_NAMES`. */
const PLANTED: TargetModule = { names: ["planted"], load: () => import("./planted.ts") };

export const TARGET_NAMES: readonly string[] = MODULES.flatMap(({ names }) => names);

/** @throws UsageError `target` for a name that is none. */
export async function targetNamed(name: string): Promise<FuzzTarget> {
  const module = [...MODULES, PLANTED].find(({ names }) => names.includes(name));
  const found = (await module?.load())?.targets.find((target) => target.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`no decoder "${name}"; there are ${TARGET_NAMES.join(", ")}`, { code: "target" });
}
