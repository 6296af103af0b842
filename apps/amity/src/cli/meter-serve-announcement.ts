import { toHex } from "@amity/bytes";
import { LABORATORY_CLIENT_TITLE } from "../laboratory/laboratory-certificates.ts";
import { LABORATORY_CLIENTS } from "../laboratory/laboratory-device.ts";
import type { LaboratoryKeys } from "./laboratory-options.ts";
import { printJson, printLine } from "./output.ts";

/** What is said of the meters that are served. The keys are the laboratory's own, given or known to everybody: no secret of a fleet. */
export interface Announcement {
  readonly host: string;
  readonly transport: string;
  readonly gateway?: boolean;
  readonly auth: string;
  readonly password: string;
  readonly suite: number;
  readonly referencing: string;
  readonly keys: LaboratoryKeys;
  /** Where certificates and client keys of suites 1 and 2 are. */
  readonly certificates: string | undefined;
  readonly json?: boolean;
}

export interface ServedMeter {
  readonly meterId: string;
  readonly port: number;
  readonly systemTitle: Uint8Array;
}

const METERS_LISTED_MAX = 1_000;

/** Says how to reach the meters. */
export function announceMeters(said: Announcement, meters: readonly ServedMeter[]): void {
  if (said.json === true) printJson(asJson(said, meters));
  else for (const line of asText(said, meters)) printLine(line);
}

function asJson(said: Announcement, meters: readonly ServedMeter[]): unknown {
  const { transport, auth, password, suite, referencing, certificates, host } = said;
  return {
    event: "listening",
    protocol: "dlms",
    transport,
    ...(said.gateway === true ? { gateway: true } : {}),
    auth,
    suite,
    referencing,
    serverSap: 1,
    clients: { ...LABORATORY_CLIENTS },
    password,
    ...hexKeys(said),
    ...(certificates === undefined ? {} : { certificates, clientSystemTitle: LABORATORY_CLIENT_TITLE }),
    meters: meters
      .slice(0, METERS_LISTED_MAX)
      .map(({ meterId, port, systemTitle }) => ({ meterId, host, port, systemTitle: toHex(systemTitle).toUpperCase() })),
  };
}

function asText(said: Announcement, meters: readonly ServedMeter[]): string[] {
  const { auth, password, certificates, suite } = said;
  const [first] = meters;
  const last = meters.at(-1)?.port;
  const { ek, ak, kek } = hexKeys(said);
  const secret = auth === "none" ? "" : needsKeys(auth) ? `, suite ${suite}, ek ${ek}, ak ${ak}` : `, secret "${password}"`;
  return [
    `${meters.length} simulated meter(s), DLMS over ${said.transport}, on ${said.host}:${first?.port}${last === first?.port ? "" : ` to ${last}`}`,
    `  logical device 1, meter ${first?.meterId}, system title ${toHex(first?.systemTitle ?? new Uint8Array(0)).toUpperCase()}`,
    ...(said.referencing === "sn" ? ["  objects have short names as well"] : []),
    ...(said.gateway === true ? ["  behind a gateway: the prefix names network 0 and the meter's id"] : []),
    `  client 16  public, no authentication: ${auth === "none" ? "reads everything" : "identity, clock, invocation counter"}`,
    `  client 2   reading, LLS password "${password}"`,
    `  client 1   management, ${auth}${secret}`,
    ...(needsKeys(auth) ? [`  master key ${kek}`] : []),
    ...(certificates === undefined
      ? []
      : [`  certificates, and keys of the client ${LABORATORY_CLIENT_TITLE}, are in ${certificates}${meters.length > 1 ? "/METER" : ""}`]),
    `  try        npx amity read "${readUrl(said, first)}"`,
  ];
}

function hexKeys({ keys }: Announcement): { ek: string; ak: string; kek: string } {
  const hex = (key: Uint8Array): string => toHex(key).toUpperCase();
  return { ek: hex(keys.encryptionKey), ak: hex(keys.authenticationKey), kek: hex(keys.masterKey) };
}

function readUrl(said: Announcement, meter: ServedMeter | undefined): string {
  const { host, auth, transport, password, suite, referencing, certificates } = said;
  const query = new URLSearchParams({ client: "1", auth });
  if (needsKeys(auth)) {
    const { ek, ak } = hexKeys(said);
    query.set("ek", ek);
    query.set("ak", ak);
    if (suite > 0) query.set("suite", String(suite));
  } else if (auth !== "none") query.set(auth === "lls" ? "password" : "secret", password);
  if (auth === "hls7" && certificates !== undefined) query.set("certificates", certificates);
  if (transport !== "wrapper") query.set("transport", transport);
  if (referencing === "sn") query.set("referencing", "sn");
  if (said.gateway === true) query.set("gateway", `0:${meter?.meterId}`);
  return `dlms://${host}:${meter?.port}?${query.toString()}`;
}

/** GMAC and ECDSA need ciphering. */
function needsKeys(auth: string): boolean {
  return auth === "hls5" || auth === "hls7";
}
