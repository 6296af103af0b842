import { UsageError } from "@amity/bytes";
import type { Clock } from "@amity/runtime";
import { GainCache } from "./household/cumulative-history.ts";
import type { Site } from "./household/site.ts";
import type { FleetJournal, JournalEntry } from "./journal.ts";
import { MbusChannel } from "./mbus-host/mbus-channel.ts";
import { MbusHost } from "./mbus-host/mbus-host.ts";
import { isMbusHostOperation } from "./mbus-host/mbus-host-operations.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";
import { SubMeterDevice } from "./sub-meter/sub-meter-device.ts";
import { deriveSubMeterKeys, type SubMeterKeys } from "./sub-meter/sub-meter-keys.ts";
import type { SubMeterOperation } from "./sub-meter/sub-meter-operations.ts";
import type { PlannedSubMeter } from "./sub-meter/sub-meter-plan.ts";
import { SubMeterRadio } from "./sub-meter/sub-meter-radio.ts";
import { SimulatedSubMeter } from "./sub-meter/sub-meter.ts";

export interface SubMeterFleetParts {
  readonly subMeters: readonly PlannedSubMeter[];
  readonly site: Site;
  readonly masterSecret: Uint8Array;
  /** With `at`, hosts wait for the windows of their meters. */
  readonly clock: Pick<Clock, "nowMs"> & Partial<Pick<Clock, "at">>;
  readonly journal?: FleetJournal;
}

/** The gas, water and heat meters of a fleet, and the M-Bus side of the electricity meters that hear them. Built when asked for. */
export class SubMeterFleet {
  readonly #parts: SubMeterFleetParts;
  readonly #plans: ReadonlyMap<string, PlannedSubMeter>;
  readonly #byHost: ReadonlyMap<string, readonly PlannedSubMeter[]>;
  readonly #devices = new Map<string, SubMeterDevice>();
  readonly #hosts = new Map<string, MbusHost>();
  readonly #days = new GainCache(2_048);

  constructor(parts: SubMeterFleetParts) {
    this.#parts = parts;
    this.#plans = new Map(parts.subMeters.map((meter) => [meter.meterId, meter]));
    const byHost = new Map<string, PlannedSubMeter[]>();
    for (const meter of parts.subMeters) {
      if (meter.reach.kind !== "channel") continue;
      const known = byHost.get(meter.reach.hostMeterId);
      if (known === undefined) byHost.set(meter.reach.hostMeterId, [meter]);
      else known.push(meter);
    }
    this.#byHost = byHost;
  }

  has(meterId: string): boolean {
    return this.#plans.has(meterId);
  }
  isHost(meterId: string): boolean {
    return this.#byHost.has(meterId);
  }

  /** @throws UsageError `unknown-meter`. */
  device(meterId: string): SubMeterDevice {
    const known = this.#devices.get(meterId);
    if (known !== undefined) return known;
    const plan = this.#plans.get(meterId);
    if (plan === undefined) throw new UsageError(`there is no sub-meter ${meterId} in the plan`, { code: "unknown-meter" });
    const { site, journal } = this.#parts;
    const radio = new SubMeterRadio({
      meter: new SimulatedSubMeter(plan, { site, days: this.#days }),
      keys: (generation) => this.keys(meterId, generation),
      standardOffsetMs: site.options.standardOffsetMinutes * 60_000,
    });
    const device = new SubMeterDevice(radio, (operation) => journal?.append([{ meterId, operation }]));
    this.#devices.set(meterId, device);
    return device;
  }

  keys(meterId: string, generation = 0): SubMeterKeys {
    return deriveSubMeterKeys(this.#parts.masterSecret, meterId, generation);
  }

  /** The M-Bus side of an electricity meter; `undefined` where none hangs on it. */
  host(meter: SimulatedMeter, masterKey: () => Uint8Array): MbusHost | undefined {
    const { meterId, serial } = meter.plan;
    const known = this.#hosts.get(meterId);
    const plans = this.#byHost.get(meterId);
    if (known !== undefined || plans === undefined) return known;
    const hostAddress = {
      id: String(serial).slice(-8),
      manufacturer: meter.surroundings.type.manufacturer,
      version: 1,
      deviceType: ELECTRICITY,
    };
    const { clock } = this.#parts;
    const at = clock.at === undefined ? {} : { at: (atMs: number, alarm: () => void) => void clock.at?.(atMs, alarm) };
    const channels = plans.flatMap(({ meterId: id, reach }) =>
      reach.kind === "channel"
        ? [new MbusChannel({ channel: reach.channel, host: meter, subMeter: this.device(id), hostAddress, masterKey, ...at })]
        : [],
    );
    const host = new MbusHost(channels, (operation) => this.#parts.journal?.append([{ meterId, operation }]));
    this.#hosts.set(meterId, host);
    return host;
  }

  /** Repeats what a journal says of a sub-meter. */
  replay({ meterId, operation }: JournalEntry): void {
    // An id of this fleet's sub-meters: only their own operations are written under it.
    if (this.has(meterId) && !isMbusHostOperation(operation)) this.device(meterId).meter.apply(operation as SubMeterOperation);
  }

  /** Lets the same thing happen to several sub-meters now, remembered in one write. @returns the ids of those whose state allowed it. */
  async happen(meterIds: Iterable<string>, operation: (atMs: number, meterId: string) => SubMeterOperation): Promise<string[]> {
    const entries: JournalEntry[] = [];
    const nowMs = this.#parts.clock.nowMs();
    for (const meterId of meterIds) {
      const { meter } = this.device(meterId);
      const next = operation(Math.max(nowMs, meter.lastOperationMs), meterId);
      if (meter.apply(next)) entries.push({ meterId, operation: next });
    }
    await this.#parts.journal?.append(entries);
    return entries.map(({ meterId }) => meterId);
  }
}

const ELECTRICITY = 0x02;
