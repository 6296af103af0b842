import { DecodeError, SecurityError, type AmityError } from "@amity/bytes";
import {
  decodeOrderReport,
  ORDER_OBJECT,
  WIRELESS_OBJECT,
  WIRELESS_STATUS_OBJECT,
  type OrderReport,
  type SequencedDelivery,
} from "@amity/concentrator";
import type { Clock } from "@amity/runtime";
import { collectedOf, type Collected, type Committer } from "./committer.ts";
import type { MeterDriver } from "./driver.ts";
import type { Fleet } from "./fleet.ts";
import type { KeyVault } from "./key-vault.ts";
import type { QuarantinedDelivery, Registry } from "./registry.ts";
import { seenNow } from "./collector.ts";
import { routeText } from "./session-broker.ts";
import type { FrameTrace } from "./session-trace.ts";
import type { TraceKeeper } from "./trace-keeper.ts";

export interface DeliveryIntakeParts {
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly committer: Committer;
  readonly drivers: readonly MeterDriver[];
  readonly keys: KeyVault;
  readonly traces: TraceKeeper;
  readonly world: { readonly clock: Clock };
  /** Told what became of an order; resolves when that is recorded. */
  readonly onOrder: (concentratorId: string, report: OrderReport) => Promise<void>;
}

/** Why a delivery is put aside; with the error where its content is what is wrong. */
interface Refused {
  readonly reason: string;
  readonly error?: AmityError;
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
    const taken: Collected[] = [];
    const atMs = this.#parts.world.clock.nowMs();
    for (const { sequence, delivery } of deliveries) {
      const report = delivery.object === ORDER_OBJECT ? reportOf(delivery) : undefined;
      if (report !== undefined) {
        // What the meter said before it answered an order counts before its answer.
        await Promise.all(taken.splice(0).map((one) => this.#parts.committer.commit(one)));
        await this.#parts.onOrder(concentratorId, report);
        continue;
      }
      const read = await this.#read(concentratorId, delivery);
      if (!("reason" in read)) {
        taken.push(read);
        continue;
      }
      refused.push({ concentratorId, sequence, delivery, reason: read.reason, atMs });
      if (read.error !== undefined) taken.push(this.#trouble(delivery.meterId, read.error, atMs));
    }
    if (refused.length > 0) await this.#parts.registry.quarantine(refused);
    await Promise.all(taken.map((one) => this.#parts.committer.commit(one)));
  }

  /** A meter whose deliveries cannot be read is in trouble, though its concentrator hears it. */
  #trouble(meterId: string, error: AmityError, atMs: number): Collected {
    const consecutiveFailures = (this.#parts.fleet.health(meterId)?.consecutiveFailures ?? 0) + 1;
    const lastError = { atMs, code: error.code, message: error.message };
    return { meterId, batches: [], covered: [], health: { lastAttemptMs: atMs, consecutiveFailures, lastError } };
  }

  /** Tries again what was put aside, now that more meters are registered. Returns how many found their way. */
  async retryQuarantine(): Promise<number> {
    const { registry } = this.#parts;
    let taken = 0;
    for (const held of await registry.quarantined()) {
      const read = await this.#read(held.concentratorId, held.delivery);
      if ("reason" in read) continue;
      await this.#parts.committer.commit(read);
      await registry.release([held]);
      taken++;
    }
    return taken;
  }

  /** The readings of a delivery, or why it is not taken. */
  async #read(concentratorId: string, delivery: SequencedDelivery["delivery"]): Promise<Collected | Refused> {
    const { fleet, drivers, keys, traces } = this.#parts;
    const { meterId, object, span, collectedAtMs } = delivery;
    const device = fleet.device(meterId);
    if (device === undefined) return { reason: "the meter is not registered" };
    // A concentrator speaks only for the meters bound to it.
    const isHeard = object === WIRELESS_OBJECT || object === WIRELESS_STATUS_OBJECT || object === ORDER_OBJECT;
    if (device.route.kind !== (isHeard ? "wireless" : "concentrator") || device.route.concentratorId !== concentratorId)
      return { reason: "the meter is bound to another route" };
    const driver = drivers.find(({ protocol }) => protocol === device.protocol);
    if (driver === undefined) return { reason: `there is no driver for ${device.protocol}` };
    const behind = fleet.behind(meterId);
    const subject = driver.subjectOf === undefined ? device : driver.subjectOf(device, object, behind);
    if (subject === undefined) return { reason: `no meter is registered for ${object} of ${meterId}` };
    try {
      const trace = (frame: FrameTrace): void => traces.heard({ meterId, route: routeText(device), startedAtMs: frame.atMs }).frame(frame);
      const context = { receivedAtMs: collectedAtMs, keys, behind, trace };
      const readings = await driver.interpretDelivery(subject, { ...delivery }, context);
      return {
        meterId: subject.meterId,
        ...collectedOf(readings),
        covered: span.toMs > span.fromMs ? [{ profile: object, span }] : [],
        health: seenNow(collectedAtMs),
      };
    } catch (error) {
      if (error instanceof DecodeError) return { reason: `unreadable: ${error.message}`, error };
      if (error instanceof SecurityError) return { reason: `not to be trusted: ${error.message}`, error };
      throw error;
    }
  }
}

/** `undefined` for one that cannot be read: it is put aside like any other. */
function reportOf({ payload }: SequencedDelivery["delivery"]): OrderReport | undefined {
  try {
    return decodeOrderReport(payload);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
