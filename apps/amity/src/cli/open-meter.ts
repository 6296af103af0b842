import { lookup } from "node:dns/promises";
import { AmityError, LinkError } from "@amity/bytes";
import {
  LN_SERVICES,
  SN_SERVICES,
  connectDlms,
  explain,
  gatewayLink,
  memoryCounter,
  memoryReceivedCounter,
  openDatagramLink,
  openHdlcLink,
  openModeE,
  parseObis,
  wrapperLink,
} from "@amity/dlms";
import type { ApduTrace, ClientOptions, Companion, ConformanceBit, DlmsClient, PduLink, SecurityOptions } from "@amity/dlms";
import { realNetwork, realRandom, realTimers } from "@amity/runtime";
import { readCertificateFolder } from "../laboratory/certificate-files.ts";
import { DEFAULT_SYSTEM_TITLE, type CipheringChoice } from "./meter-security.ts";
import type { MeterUrl } from "./meter-url.ts";
import { remark } from "./output.ts";

export interface OpenMeterOptions {
  /** For each request. */
  readonly timeoutMs: number;
  /** Print every APDU on stderr. */
  readonly trace: boolean;
  /** What a companion specification says of the client. */
  readonly companionClient?: Companion["clients"][number] | undefined;
}

/** Where the public client finds the counter that the meter has seen, by the client that uses it, then the common one. */
const COUNTER_OBJECTS = (clientSap: number): readonly string[] => [`0-0:43.1.${clientSap}`, "0-0:43.1.0", "0-0:43.1.1"];
const PUBLIC_CLIENT = 16;
const WORLD = { timers: realTimers, random: realRandom() };

/** Opens the association that a meter's URL describes. @throws UsageError, LinkError, PeerError, SecurityError. */
export async function openMeter(meter: MeterUrl, options: OpenMeterOptions): Promise<DlmsClient> {
  const { ciphering, clientSap, maxPduOctets } = meter;
  const window = meter.generalBlockWindow;
  const base: ClientOptions = {
    ...shared(meter, options),
    clientSap,
    authentication: meter.authentication,
    preEstablished: options.companionClient?.isPreEstablished === true,
    ...(ciphering === undefined ? { systemTitle: DEFAULT_SYSTEM_TITLE } : {}),
    ...(maxPduOctets === undefined ? {} : { maxPduOctets }),
    ...(window === undefined ? {} : { blockWindow: window, conformance: conformanceWithGeneralBlocks(meter) }),
  };
  if (ciphering === undefined) return connectDlms(await linkTo(meter, clientSap), base, WORLD);
  const security = await securityOf(ciphering, () => readCounter(meter, options));
  return connectDlms(await linkTo(meter, clientSap), { ...base, security }, WORLD);
}

function shared(
  meter: MeterUrl,
  options: OpenMeterOptions,
): Pick<ClientOptions, "serverSap" | "shortNames" | "timeoutMs"> & { trace?: ApduTrace } {
  const { serverSap, shortNames } = meter;
  return { serverSap, shortNames, timeoutMs: options.timeoutMs, ...(options.trace ? { trace: printTrace } : {}) };
}

/** General block transfer in place of the blocks of single services. */
function conformanceWithGeneralBlocks({ shortNames, ciphering }: MeterUrl): ConformanceBit[] {
  const services = (shortNames ? SN_SERVICES : LN_SERVICES).filter((name) => !name.startsWith("block-transfer-with"));
  return [...services, "general-block-transfer", ...(ciphering === undefined ? [] : (["general-protection"] as const))];
}

async function securityOf(choice: CipheringChoice, lastCounter: () => Promise<number>): Promise<SecurityOptions> {
  const { suite, encryptionKey, authenticationKey, masterKey, dedicatedKey, protection, ciphering, keyInfo, signing } = choice;
  const folder = choice.certificates === undefined ? undefined : await readCertificateFolder(choice.certificates, Date.now());
  const counter = choice.invocationCounter ?? (await lastCounter()) + 1;
  return {
    suite,
    systemTitle: choice.systemTitle ?? folder?.clientTitle ?? DEFAULT_SYSTEM_TITLE,
    ...(folder?.meterTitle === undefined ? {} : { peerSystemTitle: folder.meterTitle }),
    keys: {
      encryptionKey,
      authenticationKey,
      ...(masterKey === undefined ? {} : { masterKey }),
      ...(folder === undefined ? {} : { elliptic: folder.elliptic }),
    },
    protection,
    ciphering,
    keyInfo,
    signing,
    sent: memoryCounter(counter),
    received: memoryReceivedCounter(),
    ...(dedicatedKey === undefined ? {} : { dedicatedKey }),
  };
}

async function linkTo(meter: MeterUrl, clientSap: number): Promise<PduLink> {
  const link = await bareLink(meter, clientSap);
  return meter.gateway === undefined ? link : gatewayLink(link, meter.gateway);
}

async function bareLink(meter: MeterUrl, clientSap: number): Promise<PduLink> {
  const { host, port, transport } = meter;
  if (transport === "udp") {
    const { address, family } = await resolved(host);
    return openDatagramLink(realNetwork, { host: family === 6 ? "::" : "0.0.0.0", port: 0 }, { host: address, port });
  }
  const connection = await realNetwork.connect({ host, port });
  if (transport === "wrapper") return wrapperLink(connection, "client");
  const { addressOctets, physicalDevice, windowFrames, frameOctets } = meter.hdlc;
  return openHdlcLink(transport === "mode-e" ? await openModeE(connection, realTimers) : connection, realTimers, {
    clientSap,
    serverSap: meter.serverSap,
    ...(addressOctets === undefined ? {} : { addressOctets }),
    ...(physicalDevice === undefined ? {} : { physicalDevice }),
    // What the URL names is said to the meter, the usual values too: some meters take no connection without them.
    announcement: windowFrames === undefined && frameOctets === undefined ? "changed" : "all",
    parameters: {
      ...(windowFrames === undefined ? {} : { transmitWindow: windowFrames, receiveWindow: windowFrames }),
      ...(frameOctets === undefined ? {} : { transmitOctets: frameOctets, receiveOctets: frameOctets }),
    },
  });
}

/** Datagrams are told apart by the address that they come from, which is a number. */
async function resolved(host: string): Promise<{ address: string; family: number }> {
  try {
    return await lookup(host);
  } catch (error) {
    throw new LinkError(`there is no host ${host}`, { code: "refused", cause: error });
  }
}

/** The last counter that the meter has seen, through its public association; 0 where it does not say. */
async function readCounter(meter: MeterUrl, options: OpenMeterOptions): Promise<number> {
  const named = options.companionClient?.invocationCounter;
  try {
    const publicOptions: ClientOptions = {
      ...shared(meter, options),
      clientSap: PUBLIC_CLIENT,
      authentication: { mechanism: "none" },
    };
    const client = await connectDlms(await linkTo(meter, PUBLIC_CLIENT), publicOptions, WORLD);
    try {
      for (const name of [...(named === undefined ? [] : [named]), ...COUNTER_OBJECTS(meter.clientSap)]) {
        const outcome = await client.get({ classId: 1, instanceId: parseObis(name), attributeId: 2 });
        if (outcome.kind === "data" && "value" in outcome.data && typeof outcome.data.value === "number") return outcome.data.value;
      }
    } finally {
      await client.release();
    }
  } catch (error) {
    if (!(error instanceof AmityError)) throw error;
    remark(`the public client cannot read the invocation counter (${error.message}); beginning at 1, give ic=N to change that`);
  }
  return 0;
}

function printTrace({ direction, plain }: Parameters<ApduTrace>[0]): void {
  const { name, value } = explain(plain, { form: "apdu" });
  remark(`${direction === "sent" ? "→" : "←"} ${name}${value === undefined ? "" : ` ${value}`}  ${Buffer.from(plain).toString("hex")}`);
}
