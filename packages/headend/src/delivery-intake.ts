import { DecodeError } from "@amity/bytes";
import type { SequencedDelivery } from "@amity/concentrator";
import type { Clock } from "@amity/runtime";
import type { Collected, Committer } from "./committer.ts";
import type { MeterDriver } from "./driver.ts";
import type { Fleet } from "./fleet.ts";
import type { KeyVault } from "./key-vault.ts";
import type { QuarantinedDelivery, Registry } from "./registry.ts";
import { seenNow } from "./collector.ts";

export interface DeliveryIntakeParts {
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly committer: Committer;
  readonly drivers: readonly MeterDriver[];
  readonly keys: KeyVault;
  readonly world: { readonly clock: Clock };
}

/** Takes what concentrators deliver: readable deliveries go to the sink, all others are put aside, none is lost. */
export class DeliveryIntake {
  readonly #parts: DeliveryIntakeParts;

  constructor(parts: DeliveryIntakeParts) {
    this.#parts = parts;
  }

  /** Resolves when every delivery is in the sink or in quarantine: only then may they be acknowledged. */
  async take(concentratorId: string, deliveries: readonly SequencedDelivery[]): Promise<void> {
    const refused: QuarantinedDelivery[] = [];
    const commits: Promise<void>[] = [];
    for (const { sequence, delivery } of deliveries) {
      const read = await this.#read(concentratorId, delivery);
      if (typeof read === "string")
        refused.push({ concentratorId, sequence, delivery, reason: read, atMs: this.#parts.world.clock.nowMs() });
      else commits.push(this.#parts.committer.commit(read));
    }
    if (refused.length > 0) await this.#parts.registry.quarantine(refused);
    await Promise.all(commits);
  }

  /** Tries again what was put aside, now that more meters are registered. Returns how many found their way. */
  async retryQuarantine(): Promise<number> {
    const { registry } = this.#parts;
    let taken = 0;
    for (const held of await registry.quarantined()) {
      const read = await this.#read(held.concentratorId, held.delivery);
      if (typeof read === "string") continue;
      await this.#parts.committer.commit(read);
      await registry.release([held]);
      taken++;
    }
    return taken;
  }

  /** The readings of a delivery, or why it is not taken. */
  async #read(concentratorId: string, delivery: SequencedDelivery["delivery"]): Promise<Collected | string> {
    const { fleet, drivers, keys } = this.#parts;
    const { meterId, object, span, collectedAtMs } = delivery;
    const device = fleet.device(meterId);
    if (device === undefined) return "the meter is not registered";
    // A concentrator speaks only for the meters bound to it.
    if (device.route.kind !== "concentrator" || device.route.concentratorId !== concentratorId)
      return "the meter is bound to another route";
    const driver = drivers.find(({ protocol }) => protocol === device.protocol);
    if (driver === undefined) return `there is no driver for ${device.protocol}`;
    const behind = fleet.behind(meterId);
    const subject = driver.subjectOf === undefined ? device : driver.subjectOf(device, object, behind);
    if (subject === undefined) return `no meter is registered for ${object} of ${meterId}`;
    try {
      const context = { receivedAtMs: collectedAtMs, keys, behind };
      const { intervals, registers, events } = await driver.interpretDelivery(subject, { ...delivery }, context);
      return {
        meterId: subject.meterId,
        batches: [{ intervals, registers, events, source: "headend" }],
        covered: span.toMs > span.fromMs ? [{ profile: object, span }] : [],
        health: seenNow(collectedAtMs),
      };
    } catch (error) {
      if (error instanceof DecodeError) return `unreadable: ${error.message}`;
      throw error;
    }
  }
}
