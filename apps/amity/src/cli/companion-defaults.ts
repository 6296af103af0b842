import { UsageError } from "@amity/bytes";
import { COMPANIONS, companionClient, findCompanion, type Ciphering, type Companion, type MechanismName } from "@amity/dlms";

/** A companion specification as `--companion` and `--role` name it. */
export interface CompanionChoice {
  readonly companion: Companion;
  readonly client: Companion["clients"][number];
}

/** @throws UsageError for a companion or a role that is not known. */
export function companionChoice(id: string | undefined, role: string | undefined): CompanionChoice | undefined {
  if (id === undefined) {
    if (role !== undefined) throw new UsageError("--role goes with --companion", { code: "companion" });
    return undefined;
  }
  const companion = findCompanion(id);
  if (companion === undefined) {
    throw new UsageError(`the companion ${id} is not known`, {
      code: "companion",
      advice: `one of: ${COMPANIONS.map((one) => one.id).join(", ")}`,
    });
  }
  const client = companionClient(
    companion,
    role ?? (companionClient(companion, "management") === undefined ? (companion.clients[0]?.role ?? "") : "management"),
  );
  if (client === undefined) {
    const roles = companion.clients.map((one) => one.role).join(", ");
    throw new UsageError(`${companion.title} has no client ${role ?? ""}`, { code: "companion", advice: `one of: ${roles}` });
  }
  return { companion, client };
}

/** Adds to a meter's URL what its companion says and the URL leaves open. */
export function withCompanionDefaults(url: string, { companion, client }: CompanionChoice): string {
  if (!URL.canParse(url)) return url;
  const full = new URL(url);
  const { ciphering } = companion.quirks;
  const defaults: Readonly<Record<string, string | undefined>> = {
    client: String(client.sap),
    auth: AUTH[client.mechanism],
    ciphering: client.isCiphered && ciphering !== undefined && full.searchParams.has("ek") ? CIPHERING[ciphering] : undefined,
    transport: companion.transports.some((transport) => transport.startsWith("wrapper"))
      ? undefined
      : companion.transports.includes("hdlc-tcp")
        ? "hdlc"
        : undefined,
  };
  for (const [name, value] of Object.entries(defaults)) {
    if (value !== undefined && !full.searchParams.has(name)) full.searchParams.set(name, value);
  }
  return full.toString();
}

const AUTH: Readonly<Record<MechanismName, string>> = {
  none: "none",
  lls: "lls",
  "hls-manufacturer": "hls2",
  "hls-md5": "hls3",
  "hls-sha1": "hls4",
  "hls-gmac": "hls5",
  "hls-sha256": "hls6",
  "hls-ecdsa": "hls7",
};
const CIPHERING: Readonly<Record<Ciphering, string>> = {
  global: "glo",
  dedicated: "ded",
  "general-global": "gglo",
  "general-dedicated": "gded",
  "general-ciphering": "general",
};
