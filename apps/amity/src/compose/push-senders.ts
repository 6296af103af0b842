import { toHex } from "@amity/bytes";
import { memoryReceivedCounter, type PushSender, type ReceivedCounter } from "@amity/dlms";
import type { Device, InvocationCounters, KeyVault, Registry } from "@amity/headend";
import type { MeterId } from "@amity/model";
import type { Timers } from "@amity/runtime";

/** A name that is not known is looked for in the registry again this often (machine ms). */
const LOOK_AGAIN_MS = 15_000;

/** What the head-end knows of meters that cipher their pushes: keys, and counters, of which none is taken twice. */
export class PushSenders {
  readonly #keys: KeyVault;
  readonly #counters: InvocationCounters;
  readonly #received = new Map<MeterId, ReceivedCounter>();

  constructor(keys: KeyVault, counters: InvocationCounters) {
    this.#keys = keys;
    this.#counters = counters;
  }

  /** @throws SecurityError `unknown-key`. */
  async sender(meterId: MeterId): Promise<PushSender> {
    const encryptionKey = await this.#keys.secret({ owner: meterId, purpose: "guek" });
    const authenticationKey = await this.#keys.secret({ owner: meterId, purpose: "gak" });
    const received = this.#received.get(meterId) ?? memoryReceivedCounter();
    this.#received.set(meterId, received);
    // Confirmations have numbers of their own, reserved in the same place: no number is ever used by both.
    const sent = this.#counters.lease(meterId);
    await sent.ensure(1);
    return { keys: { encryptionKey, authenticationKey }, received, protection: "authenticated-encrypted", sent };
  }
}

/**
 * Meters by what they call themselves in a push: the settings `logicalDeviceName` and, where they cipher, `systemTitle` (16 hexadecimal
 * digits). What is not known makes it look again, for the next push of the same meter.
 */
export class PushDirectory {
  readonly #registry: Pick<Registry, "activeDevices">;
  readonly #timers: Pick<Timers, "elapsedMs">;
  #names: ReadonlyMap<string, MeterId> = new Map();
  #titles: ReadonlyMap<string, MeterId> = new Map();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(registry: Pick<Registry, "activeDevices">, timers: Pick<Timers, "elapsedMs">) {
    this.#registry = registry;
    this.#timers = timers;
  }

  async load(): Promise<void> {
    this.#lookedMs = this.#timers.elapsedMs();
    const devices = (await this.#registry.activeDevices()).map(({ device }) => device);
    this.#names = byText(devices, "logicalDeviceName", (name) => name);
    this.#titles = byText(devices, "systemTitle", (title) => title.toLowerCase());
  }

  ofName(logicalDeviceName: string): MeterId | undefined {
    return this.#found(this.#names.get(logicalDeviceName));
  }

  ofTitle(systemTitle: Uint8Array): MeterId | undefined {
    return this.#found(this.#titles.get(toHex(systemTitle)));
  }

  #found(meterId: MeterId | undefined): MeterId | undefined {
    const mayLook = this.#timers.elapsedMs() - this.#lookedMs >= LOOK_AGAIN_MS;
    // A registry that does not answer now is asked again with the next stranger.
    if (meterId === undefined && mayLook) void this.load().catch(() => undefined);
    return meterId;
  }
}

function byText(devices: readonly Device[], setting: string, key: (text: string) => string): ReadonlyMap<string, MeterId> {
  return new Map(
    devices.flatMap(({ meterId, settings }) => {
      const text = settings[setting];
      return typeof text === "string" ? [[key(text), meterId] as const] : [];
    }),
  );
}
