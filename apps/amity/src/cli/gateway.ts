import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromHex, toHex, UsageError } from "@amity/bytes";
import { startSmartMeterGateway, type LocalPort } from "@amity/concentrator";
import { secureRandomBytes } from "@amity/crypto";
import type { SecurityKeys } from "@amity/dlms";
import { realWorld } from "@amity/runtime";
import { addressOption } from "./address-option.ts";
import { printJson, remark } from "./output.ts";
import { untilSignal } from "./until-signal.ts";

export interface GatewayOptions {
  readonly protocol: string;
  readonly meter: string;
  readonly id: string;
  readonly listen: number;
  readonly host: string;
  readonly keyFile?: string;
  readonly data: string;
  readonly json?: boolean;
}

const PROTOCOLS: readonly LocalPort["protocol"][] = ["sml", "p1", "iec62056-21"];
const KEY_OCTETS = 16;
/** `AMG` and a number: gateways of the head-end are told apart by their keys, not by this. */
const SYSTEM_TITLE: Uint8Array = new TextEncoder().encode("AMG00001");

/** `amity gateway`: stands beside a basic meter and serves it as a ciphered DLMS meter, until interrupted. */
export async function gateway(options: GatewayOptions): Promise<void> {
  const protocol = PROTOCOLS.find((name) => name === options.protocol);
  if (protocol === undefined) {
    throw new UsageError(`"${options.protocol}" is no protocol of a local port`, { code: "protocol", advice: PROTOCOLS.join(", ") });
  }
  const world = realWorld({ filesRoot: options.data });
  const keyFile = options.keyFile ?? join(options.data, "keys.json");
  // The data folder comes into being with its first file.
  await world.files.replace("meter", new TextEncoder().encode(options.id));
  const running = await startSmartMeterGateway(world, {
    meterId: options.id,
    systemTitle: SYSTEM_TITLE,
    keys: await keysOf(keyFile),
    local: { protocol, address: addressOption(options.meter, "--meter") },
    listen: { host: options.host, port: options.listen },
  });
  const { host, port } = running.address;
  if (options.json === true) printJson({ meterId: options.id, host, port, protocol, keyFile, clientSap: 1, authentication: "hls5" });
  else
    remark(
      `${options.id} is served as DLMS on ${host}:${port} (client 1, HLS5-GMAC, suite 0; keys in ${keyFile}); its ${protocol} port is at ${options.meter}`,
    );
  await untilSignal();
  await running.stop();
}

/** The keys of the head-end's association: from a file that only we can read, made at first use. @throws UsageError. */
async function keysOf(path: string): Promise<SecurityKeys> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) {
    const keys = { encryptionKey: secureRandomBytes(KEY_OCTETS), authenticationKey: secureRandomBytes(KEY_OCTETS) };
    const json = { encryptionKey: toHex(keys.encryptionKey), authenticationKey: toHex(keys.authenticationKey) };
    await writeFile(path, `${JSON.stringify(json, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
    return keys;
  }
  const broken = (): UsageError =>
    new UsageError(`${path} holds no keys`, {
      code: "key-file",
      advice: 'JSON with "encryptionKey" and "authenticationKey", 32 hex digits each',
    });
  try {
    const json = JSON.parse(text) as { readonly encryptionKey?: unknown; readonly authenticationKey?: unknown };
    return { encryptionKey: keyOf(json.encryptionKey), authenticationKey: keyOf(json.authenticationKey) };
  } catch {
    // The cause would quote the file.
    throw broken();
  }
}

function keyOf(hex: unknown): Uint8Array {
  const octets = fromHex(typeof hex === "string" ? hex : "");
  if (octets.length !== KEY_OCTETS) throw new UsageError("not 16 octets", { code: "key-length" });
  return octets;
}
