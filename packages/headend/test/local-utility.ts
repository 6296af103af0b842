import { Simulation, type Connection, type NetworkConditions, type SimNode } from "@amity/runtime";
import {
  createHeadEnd,
  dlmsDriver,
  iecDriver,
  InvocationCounters,
  mbusDriver,
  memoryCounterStore,
  memoryRegistry,
  memorySealedStore,
  p1Driver,
  sealedKeyVault,
  smlDriver,
  type Device,
  type HeadEnd,
  type HeadEndOptions,
  type IecDriverOptions,
  type KeyVault,
  type Registry,
} from "../src/index.ts";
import type { World } from "@amity/runtime";
import type { EndDeviceControl } from "@amity/model";
import { TestSink } from "./test-sink.ts";

export const START_MS = Date.UTC(2026, 10, 1, 12, 7);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const TITLE = new TextEncoder().encode("AMTHES01");

export interface LocalUtility {
  readonly simulation: Simulation;
  readonly sink: TestSink;
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly gateway: World;
  headEnd(): HeadEnd;
  /** Crashes the head-end and starts it again on the same registry, vault and sink. */
  crash(): Promise<void>;
  register(...devices: readonly Partial<Device>[]): Promise<void>;
  key(owner: string, purpose: string, secret: Uint8Array): Promise<void>;
  /** Submits a command and waits for its end. */
  command(meterId: string, control: EndDeviceControl): Promise<string>;
}

/** A head-end with every driver and a node `gw` where a test puts its gateways, in virtual time. */
export function localUtility(
  options: {
    headEnd?: HeadEndOptions;
    conditions?: Partial<NetworkConditions>;
    registry?: (node: SimNode) => Registry;
    local?: Omit<IecDriverOptions, "dlms">;
  } = {},
): LocalUtility {
  const simulation = new Simulation({ seed: 3, startMs: START_MS });
  Object.assign(simulation.network.conditions, options.conditions);
  const sink = new TestSink();
  const node = simulation.node("headend");
  const registry = options.registry?.(node) ?? memoryRegistry();
  const counters = memoryCounterStore();
  const keys = sealedKeyVault(new Uint8Array(32).fill(7), memorySealedStore(), simulation.random.fork("vault"));
  const gateway = simulation.node("gw").world;
  const dlms = dlmsDriver({ systemTitle: TITLE });
  const build = (): HeadEnd =>
    createHeadEnd(
      {
        world: node.world,
        registry,
        keys,
        counters: new InvocationCounters(counters),
        sink,
        drivers: [dlms, mbusDriver(), iecDriver({ dlms, ...options.local }), smlDriver(), p1Driver()],
      },
      { historyMs: 2 * 86_400_000, ...options.headEnd },
    );
  let headEnd = build();
  let commands = 0;
  return {
    simulation,
    sink,
    registry,
    keys,
    gateway,
    headEnd: () => headEnd,
    async crash() {
      node.crash();
      headEnd = build();
      await (options.registry === undefined ? headEnd.start() : simulation.runFor(headEnd.start()));
    },
    register: (...devices) =>
      registry.registerDevices(
        devices.map((device): Device => ({
          meterId: "M1",
          protocol: "mbus",
          route: { kind: "direct", address: { host: "gw", port: 10_001 } },
          settings: {},
          status: "active",
          ...device,
        })),
      ),
    key: (owner, purpose, secret) => keys.store([{ ref: { owner, purpose }, secret }]),
    async command(meterId, control) {
      const commandId = `command ${commands++}`;
      const nowMs = simulation.nowMs;
      const request = { commandId, meterId, control, requestedBy: "anna", requestedAtMs: nowMs, expiresAtMs: nowMs + HOUR_MS };
      await simulation.runFor(headEnd.submit(request));
      await simulation.runUntil(nowMs + 5 * MINUTE_MS);
      const detail = await headEnd.views.command(commandId);
      return `${detail?.state}: ${detail?.outcome}`;
    },
  };
}

/** A line whose octets pass through a hand: what it returns arrives, nothing where it returns `undefined`. */
export function spoiled(connection: Connection, spoil: (octets: Uint8Array) => Uint8Array | undefined): Connection {
  return Object.assign(Object.create(connection) as Connection, {
    bind: (handlers: Parameters<Connection["bind"]>[0]) => connection.bind(handlers),
    close: () => connection.close(),
    abort: () => connection.abort(),
    drained: () => connection.drained(),
    send(octets: Uint8Array) {
      const out = spoil(octets);
      if (out !== undefined) connection.send(out);
    },
  });
}
