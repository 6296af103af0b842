import type { SimNode, Simulation } from "@amity/runtime";
import {
  createHeadEnd,
  InvocationCounters,
  memoryCounterStore,
  memoryRegistry,
  memorySealedStore,
  sealedKeyVault,
  type CounterStore,
  type HeadEnd,
  type HeadEndNotice,
  type HeadEndOptions,
  type KeyVault,
  type MeterDriver,
  type Registry,
} from "../src/index.ts";
import { TestSink } from "./test-sink.ts";

export const START_MS = Date.UTC(2026, 10, 1, 12, 7);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const TITLE = new TextEncoder().encode("AMTHES01");

export interface LastingHeadEnd {
  readonly node: SimNode;
  readonly sink: TestSink;
  readonly registry: Registry;
  readonly keys: KeyVault;
  readonly notices: HeadEndNotice[];
  /** The head-end of the present life. */
  headEnd(): HeadEnd;
  /** Crashes the head-end and starts it again on the same database. */
  crash(): Promise<void>;
}

export interface LastingOptions {
  readonly drivers: readonly MeterDriver[];
  readonly headEnd?: HeadEndOptions | undefined;
  readonly registry?: ((node: SimNode) => Registry) | undefined;
  readonly counters?: ((node: SimNode) => CounterStore) | undefined;
}

/** A head-end on the node `headend`. Registry, vault, counters and sink outlive its crashes, as a database does. */
export function lastingHeadEnd(simulation: Simulation, options: LastingOptions): LastingHeadEnd {
  const node = simulation.node("headend");
  const sink = new TestSink();
  const registry = options.registry?.(node) ?? memoryRegistry();
  const counterStore = options.counters?.(node) ?? memoryCounterStore();
  const keys = sealedKeyVault(new Uint8Array(32).fill(7), memorySealedStore(), simulation.random.fork("vault"));
  const notices: HeadEndNotice[] = [];
  const build = (): HeadEnd => {
    const parts = { world: node.world, registry, keys, counters: new InvocationCounters(counterStore), sink };
    const built = createHeadEnd({ ...parts, drivers: options.drivers }, options.headEnd);
    built.subscribe((notice) => notices.push(notice));
    return built;
  };
  let headEnd = build();
  return {
    node,
    sink,
    registry,
    keys,
    notices,
    headEnd: () => headEnd,
    async crash() {
      node.crash();
      headEnd = build();
      await headEnd.start();
    },
  };
}

/** A key that is the owner's own: purpose 1 encrypts, 2 authenticates. */
export function keyOf(owner: string, purpose: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => (owner.charCodeAt(index % owner.length) * 31 + purpose * 17 + index) & 0xff);
}

/** Both keys of a DLMS meter or concentrator into the vault. */
export async function storeKeysOf(keys: KeyVault, owner: string): Promise<void> {
  await keys.store([
    { ref: { owner, purpose: "guek" }, secret: keyOf(owner, 1) },
    { ref: { owner, purpose: "gak" }, secret: keyOf(owner, 2) },
  ]);
}
