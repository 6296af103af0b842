import { DecodeError, SecurityError, type AmityError } from "@amity/bytes";
import type { HeardTelegram } from "@amity/concentrator";
import {
  addressText,
  counterNumber,
  decodeMessage,
  decodeTelegram,
  fragmentOf,
  NO_FRAGMENTS,
  singleKey,
  stepFragments,
  type FormatStore,
  type KeyLookup,
  type Telegram,
} from "@amity/mbus";
import type { KeyVault } from "../key-vault.ts";
import { civilDateAt, meterZoneOf } from "../local/meter-zone.ts";
import type { Device } from "../registry.ts";
import { MBUS_KEY } from "./mbus-settings.ts";

/** The key of a wireless meter in the vault, where there is one. */
export async function wirelessKeyOf({ meterId }: Device, keys: KeyVault): Promise<Uint8Array | undefined> {
  const ref = { owner: meterId, purpose: MBUS_KEY };
  return (await keys.has(ref)) ? keys.secret(ref) : undefined;
}

/**
 * Opens what a concentrator heard of a meter, in one telegram or in fragments. @throws DecodeError, SecurityError: what keeps it from
 * being believed (another meter's, a wrong key or MAC, clear text of a meter that has a key).
 */
export function openTelegram(
  device: Device,
  heard: HeardTelegram,
  { key, formats }: { readonly key: Uint8Array | undefined; readonly formats: FormatStore },
): Telegram {
  const keys = key === undefined ? undefined : singleKey(key);
  const date = civilDateAt(meterZoneOf(device), heard.atMs);
  const telegram = wholeOf(heard, { formats, date, ...(keys === undefined ? {} : { keys }) });
  checkTelegram(telegram, device, keys);
  return telegram;
}

/** The message counter of the authentication layer, where its MAC was right. */
export function provenCounterOf({ authentication, application }: Telegram): number | undefined {
  const counter = authentication?.counter;
  return counter === undefined || application.security.mac !== "matches" ? undefined : counterNumber(counter);
}

function wholeOf({ octets, others = [] }: HeardTelegram, options: Parameters<typeof decodeTelegram>[1]): Telegram {
  let state = NO_FRAGMENTS;
  let telegram = decodeTelegram(octets, options);
  for (const next of [undefined, ...others]) {
    if (next !== undefined) telegram = decodeTelegram(next, options);
    const fragment = fragmentOf(telegram);
    if (fragment === undefined) return telegram;
    const step = stepFragments(state, fragment, 0);
    if (step.outcome.kind === "complete") return decodeMessage(telegram, step.outcome, options);
    if (step.outcome.kind === "refused") throw step.outcome.error;
    state = step.state;
  }
  throw new DecodeError("fragments of the message are missing", { offset: -1, code: "fragment" });
}

function checkTelegram({ sender, application }: Telegram, device: Device, key: KeyLookup | undefined): void {
  const wanted = device.route.kind === "wireless" ? device.route.address : undefined;
  if (wanted !== undefined && addressText(sender) !== wanted)
    throw new DecodeError(`the telegram is of ${addressText(sender)}, not of ${wanted}`, { offset: 2, code: "another-meter" });
  const { security, records, problems } = application;
  const untrusted: AmityError | undefined = problems.find((problem) => problem instanceof SecurityError);
  if (untrusted !== undefined) throw untrusted;
  if (key !== undefined && records.length > 0 && security.status === "none") {
    throw new SecurityError(`${device.meterId} has a key, and sends in the clear`, {
      code: "downgrade",
      advice: "the telegram may be forged; take the key away where the meter really sends in the clear",
    });
  }
  const [problem] = problems;
  if (records.length === 0 && problem !== undefined) throw problem;
}
