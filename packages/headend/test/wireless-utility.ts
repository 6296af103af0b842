import { mediumRadio, startConcentrator, type Concentrator } from "@amity/concentrator";
import {
  findVif,
  startWirelessBeacon,
  timeOnAirMs,
  WirelessMeter,
  type DataRecord,
  type MeterAddress,
  type RadioModeName,
  type RecordInput,
} from "@amity/mbus";
import { BROADCAST_STATION, createMedium, MEDIA, type Medium } from "@amity/network";
import { Simulation, type SimNode } from "@amity/runtime";
import { wmbusDriver, type CounterStore, type Device, type Registry } from "../src/index.ts";
import { keyOf, lastingHeadEnd, MINUTE_MS, START_MS, storeKeysOf, type LastingHeadEnd } from "./lasting-head-end.ts";

const VALVE = findVif("remoteControl", "");

/** A water meter with a valve that listens after its telegrams; it remembers what it did over nothing but its own memory. */
export class ValveMeter {
  readonly meterId: string;
  readonly address: MeterAddress;
  readonly key: Uint8Array;
  readonly mode: RadioModeName;
  readonly security: 5 | 7;
  valve = 1;
  /** How often the valve was told to move. */
  moves = 0;
  status = 0;
  /** A meter that acknowledges and does nothing. */
  isStuck = false;
  readonly radio: WirelessMeter;

  constructor(index: number, options: { readonly mode: RadioModeName; readonly security: 5 | 7 }) {
    this.meterId = `V${index}`;
    this.address = { id: `2000000${index}`, manufacturer: "AMT", version: 1, deviceType: 7 };
    this.key = new Uint8Array(16).fill(0x30 + index);
    this.mode = options.mode;
    this.security = options.security;
    this.radio = new WirelessMeter(
      { records: () => this.#records(), status: () => this.status, command: (records) => this.#obey(records) },
      {
        meter: this.address,
        mode: this.mode,
        format: this.mode.startsWith("C") ? "b" : "a",
        intervalMs: 5 * MINUTE_MS,
        security: { mode: this.security, key: this.key },
      },
    );
  }

  get wirelessAddress(): string {
    return `AMT-${this.address.id}-01-07`;
  }

  #records(): RecordInput[] {
    return [
      { coding: "int32", codes: findVif("volume", "m³", -3), value: 4_711 },
      { coding: "int8", codes: VALVE, value: this.valve },
    ];
  }

  #obey(records: readonly DataRecord[]): void {
    const value = records.find(({ vib }) => vib.quantity === "remoteControl")?.value;
    if (typeof value !== "number") return;
    this.moves++;
    if (!this.isStuck) this.valve = value;
  }
}

export interface WirelessUtility extends LastingHeadEnd {
  readonly simulation: Simulation;
  readonly medium: Medium;
  readonly meters: readonly ValveMeter[];
  concentrator(): Concentrator;
  crashConcentrator(): Promise<void>;
}

/** Three meters with valves on the air, a concentrator that has no list of its own, and a head-end. */
export async function wirelessUtility(
  options: {
    readonly seed?: number;
    readonly loss?: number;
    readonly registry?: (node: SimNode) => Registry;
    readonly counters?: (node: SimNode) => CounterStore;
  } = {},
): Promise<WirelessUtility> {
  const simulation = new Simulation({ seed: options.seed ?? 11, startMs: START_MS });
  const air = simulation.node("air").world;
  const medium = createMedium(air, { ...MEDIA.wirelessMbus, loss: options.loss ?? 0 });
  const meters = [
    new ValveMeter(0, { mode: "T2Up", security: 5 }),
    new ValveMeter(1, { mode: "T2Up", security: 7 }),
    new ValveMeter(2, { mode: "C2Up", security: 7 }),
  ];
  for (const [index, meter] of meters.entries()) {
    const transmit = (octets: Uint8Array) => {
      station.send(BROADCAST_STATION, octets);
      return { onAirMs: timeOnAirMs(meter.mode, octets.length) };
    };
    const beacon = startWirelessBeacon(meter.radio, {
      clock: air.clock,
      timers: air.timers,
      radio: { transmit },
      firstMs: 20_000 * (index + 1),
    });
    const station = medium.attach(index + 1, (frame) => beacon.receive(frame));
  }
  const { registry, counters } = options;
  const head = lastingHeadEnd(simulation, { drivers: [wmbusDriver()], headEnd: { concentratorPollMs: 10_000 }, registry, counters });
  await storeKeysOf(head.keys, "C1");
  await head.keys.store(meters.map(({ meterId, key }) => ({ ref: { owner: meterId, purpose: "mbus" }, secret: key })));
  const setUp = async (): Promise<void> => {
    await head.registry.registerConcentrators([
      { concentratorId: "C1", address: { host: "C1", port: 4061 }, settings: {}, sessionsMax: 2, status: "active" },
    ]);
    await head.registry.registerDevices(meters.map(deviceOf));
  };
  await simulation.runFor(setUp());
  const dcu = simulation.node("C1");
  const startDcu = (world: typeof dcu.world): Promise<Concentrator> =>
    startConcentrator(
      world,
      { connect: () => Promise.reject(new Error("no such meter")) },
      {
        concentratorId: "C1",
        systemTitle: new TextEncoder().encode("DCU00001"),
        keys: { encryptionKey: keyOf("C1", 1), authenticationKey: keyOf("C1", 2) },
        listen: { host: "C1", port: 4061 },
        meters: [],
        wireless: { radio: mediumRadio(medium, world.timers), meters: [] },
      },
    );
  let concentrator = await simulation.runFor(startDcu(dcu.world));
  return {
    simulation,
    medium,
    meters,
    ...head,
    concentrator: () => concentrator,
    async crashConcentrator() {
      await concentrator.stop();
      concentrator = await simulation.runFor(startDcu(dcu.crash()));
    },
    crash: () => simulation.runFor(head.crash()),
  };
}

export function deviceOf(meter: ValveMeter): Device {
  return {
    meterId: meter.meterId,
    protocol: "wmbus",
    route: { kind: "wireless", concentratorId: "C1", address: meter.wirelessAddress },
    settings: { radio: meter.mode === "C2Up" ? "C2" : "T2", security: meter.security, valve: true },
    status: "active",
  };
}
