import { Simulation, type Connection, type NetworkConditions, type SimNode } from "@amity/runtime";
import type { EndDeviceControl } from "@amity/model";
import type { World } from "@amity/runtime";
import {
  dlmsDriver,
  iecDriver,
  mbusDriver,
  p1Driver,
  smlDriver,
  type Device,
  type HeadEndOptions,
  type IecDriverOptions,
  type Registry,
} from "../src/index.ts";
import { DAY_MS, HOUR_MS, lastingHeadEnd, MINUTE_MS, START_MS, TITLE, type LastingHeadEnd } from "./lasting-head-end.ts";

export interface LocalUtility extends LastingHeadEnd {
  readonly simulation: Simulation;
  readonly gateway: World;
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
  const gateway = simulation.node("gw").world;
  const dlms = dlmsDriver({ systemTitle: TITLE });
  const head = lastingHeadEnd(simulation, {
    drivers: [dlms, mbusDriver(), iecDriver({ dlms, ...options.local }), smlDriver(), p1Driver()],
    headEnd: { historyMs: 2 * DAY_MS, ...options.headEnd },
    registry: options.registry,
  });
  let commands = 0;
  return {
    simulation,
    gateway,
    ...head,
    crash: () => simulation.runFor(head.crash()),
    register: (...devices) =>
      head.registry.registerDevices(
        devices.map((device): Device => ({
          meterId: "M1",
          protocol: "mbus",
          route: { kind: "direct", address: { host: "gw", port: 10_001 } },
          settings: {},
          status: "active",
          ...device,
        })),
      ),
    key: (owner, purpose, secret) => head.keys.store([{ ref: { owner, purpose }, secret }]),
    async command(meterId, control) {
      const commandId = `command ${commands++}`;
      const nowMs = simulation.nowMs;
      const request = { commandId, meterId, control, requestedBy: "anna", requestedAtMs: nowMs, expiresAtMs: nowMs + HOUR_MS };
      await simulation.runFor(head.headEnd().submit(request));
      await simulation.runUntil(nowMs + 5 * MINUTE_MS);
      const detail = await head.headEnd().views.command(commandId);
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
