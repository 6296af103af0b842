import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "@amity/bytes";
import { secureRandomBytes } from "@amity/crypto";
import {
  counterStoreOn,
  createHeadEnd,
  dlmsDriver,
  iecDriver,
  InvocationCounters,
  mbusDriver,
  p1Driver,
  sealedKeyVault,
  sealedStoreOn,
  smlDriver,
  storeRegistry,
  wmbusDriver,
  type CertificationAuthority,
  type HeadEnd,
  type HeadEndOptions,
  type KeyVault,
  type MeterDriver,
  type Registry,
} from "@amity/headend";
import type { ReadingSink } from "@amity/model";
import type { World } from "@amity/runtime";
import type { Store } from "@amity/store";

/** System title of this head-end in every association: `AMT` and a number. */
export const HEAD_END_SYSTEM_TITLE: Uint8Array = new TextEncoder().encode("AMTHES01");

/** The head-end with what it rests on. */
export interface ComposedHeadEnd {
  readonly headEnd: HeadEnd;
  readonly registry: Registry;
  readonly keys: KeyVault;
}

/** Builds the head-end over an open, migrated store. */
export function composeHeadEnd(
  parts: { world: World; store: Store; sink: ReadingSink; masterKey: Uint8Array; authority?: CertificationAuthority | undefined },
  options: HeadEndOptions,
): ComposedHeadEnd {
  const { world, store, sink, masterKey } = parts;
  const registry = storeRegistry(store);
  const keys = sealedKeyVault(masterKey, sealedStoreOn(store), world.random);
  const counters = new InvocationCounters(counterStoreOn(store));
  const drivers = headEndDrivers(parts.authority);
  const headEnd = createHeadEnd({ world, registry, keys, counters, sink, drivers }, { systemTitle: HEAD_END_SYSTEM_TITLE, ...options });
  return { headEnd, registry, keys };
}

/** A driver for every protocol that meters speak to this head-end; `authority` checks and issues the certificates of DLMS meters. */
export function headEndDrivers(authority?: CertificationAuthority): MeterDriver[] {
  const dlms = dlmsDriver({ systemTitle: HEAD_END_SYSTEM_TITLE, ...(authority === undefined ? {} : { authority }) });
  return [dlms, mbusDriver(), wmbusDriver(), iecDriver({ dlms }), smlDriver(), p1Driver()];
}

const MASTER_KEY_OCTETS = 32;

/**
 * The key that seals all other keys, from a file that only we can read; made at first use.
 * @throws UsageError `master-key` for a file of another length, or one that others can read.
 */
export async function loadMasterKey(path: string): Promise<Uint8Array> {
  const known = await readFile(path).catch(() => undefined);
  if (known !== undefined) {
    await refuseReadableByOthers(path);
    if (known.length === MASTER_KEY_OCTETS) return new Uint8Array(known);
    throw new UsageError(`${path} has ${known.length} octets, a master key has ${MASTER_KEY_OCTETS}`, {
      code: "master-key",
      advice: "restore it from its backup: without it the stored meter keys cannot be opened",
    });
  }
  const fresh = secureRandomBytes(MASTER_KEY_OCTETS);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, fresh, { mode: 0o600, flag: "wx" });
  return fresh;
}

/** Windows has no such modes: there it always reads as free for all. */
async function refuseReadableByOthers(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  throw new UsageError(`${path} can be read by others (mode ${(mode & 0o777).toString(8)}): it opens the keys of every meter`, {
    code: "master-key",
    advice: `chmod 600 ${path}, and ask who has read it`,
  });
}
