import { fork, type ChildProcess } from "node:child_process";
import {
  InvocationCounters,
  dlmsDriver,
  memorySealedStore,
  sealedKeyVault,
  type CounterStore,
  type Device,
  type KeyVault,
  type MeterDriver,
  type SessionRequest,
} from "@amity/headend";
import { deriveMeterKeys, masterSecretFrom } from "@amity/meter";
import { realNetwork, realRandom, realTimers, scaledClock } from "@amity/runtime";
import { HEAD_END_SYSTEM_TITLE } from "../compose/head-end.ts";
import { median, type Benchmark } from "./benchmark.ts";
import type { CollectReply, CollectRequest } from "./collect-messages.ts";

const RUNS = 3;
const METERS = 2_000;
const SESSIONS = 16;
const DAY_MS = 86_400_000;
const LOAD_PROFILE = "1-0:99.1.0";
const ROWS = 96;

export const collectBenchmark: Benchmark = {
  name: "collect",
  title: "Simulated DLMS meters read a second",
  method:
    "Head-end and meters in two processes, loopback TCP. A meter: connection, HLS5-GMAC association ciphered in suite 0, one day of the load profile (96 rows, clock, status and 4 registers) " +
    "by range, decoded to interval series, release; 16 sessions at once; no ledger behind it. CPU from each process's own accounting, its start left out. Medians of 3 runs over 2,000 meters after a warm-up over the same.",
  run: runCollect,
};

async function runCollect({ quick, remark }: { quick: boolean; remark: (text: string) => void }): Promise<Record<string, number>> {
  const meters = quick ? 40 : METERS;
  const child = fork(new URL("./collect-meters.ts", import.meta.url), {
    execArgv: ["--expose-gc", "--import", import.meta.resolve("tsx")],
  });
  try {
    const serving = await ask(child, { kind: "serve", meters }, "serving");
    const reader = await readerOf(serving);
    remark(`reading ${meters} meters once to warm up`);
    await reader();
    const runs: { perSecond: number; headEndMs: number; meterMs: number }[] = [];
    for (let run = 0; run < (quick ? 1 : RUNS); run++) {
      const [meterBefore, headEndBefore, startMs] = [await cpuOf(child), process.cpuUsage(), realTimers.elapsedMs()];
      await reader();
      const wallMs = realTimers.elapsedMs() - startMs;
      const { user, system } = process.cpuUsage(headEndBefore);
      const meterAfter = await cpuOf(child);
      runs.push({
        perSecond: (meters * 1000) / wallMs,
        headEndMs: (user + system) / 1000 / meters,
        meterMs: (meterAfter.cpuMs - meterBefore.cpuMs) / meters,
      });
      remark(`run ${run + 1}: ${((meters * 1000) / wallMs).toFixed(0)} meters/s`);
    }
    const { rssOctets } = await cpuOf(child);
    return {
      meters_per_s: median(runs.map(({ perSecond }) => perSecond)),
      headend_cpu_ms_per_meter: median(runs.map(({ headEndMs }) => headEndMs)),
      meter_cpu_ms_per_meter: median(runs.map(({ meterMs }) => meterMs)),
      meter_bytes: (rssOctets - serving.rssBefore) / meters,
    };
  } finally {
    child.kill();
  }
}

type Serving = Extract<CollectReply, { kind: "serving" }>;

/** Reads every meter's last whole day once. */
async function readerOf({ meterIds, ports, nowMs }: Serving): Promise<() => Promise<void>> {
  const random = realRandom();
  const keys = sealedKeyVault(random.bytes(32), memorySealedStore(), random);
  const secret = masterSecretFrom("bench collect");
  await keys.store(
    meterIds.flatMap((owner) => {
      const { encryptionKey, authenticationKey } = deriveMeterKeys(secret, owner);
      return [
        { ref: { owner, purpose: "guek" }, secret: encryptionKey },
        { ref: { owner, purpose: "gak" }, secret: authenticationKey },
      ];
    }),
  );
  const world = { timers: realTimers, random, clock: scaledClock(realTimers, { speed: 1 }) };
  const parts = {
    world,
    driver: dlmsDriver({ systemTitle: HEAD_END_SYSTEM_TITLE }),
    keys,
    counters: new InvocationCounters(memoryCounters()),
  };
  const toMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const span = { fromMs: toMs - DAY_MS, toMs };
  return async () => {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < meterIds.length; index = next++) {
        await readDay(parts, deviceOf(meterIds[index] ?? "", ports[index] ?? 0), span);
      }
    };
    await Promise.all(Array.from({ length: SESSIONS }, work));
  };
}

async function readDay(
  parts: { driver: MeterDriver; keys: KeyVault; counters: InvocationCounters; world: SessionRequest["world"] },
  device: Device,
  span: { fromMs: number; toMs: number },
): Promise<void> {
  if (device.route.kind !== "direct") return;
  const { address } = device.route;
  const connection = await realNetwork.connect(address);
  const session = await parts.driver.open(
    { kind: "stream", connection, description: `tcp ${address.port}` },
    {
      device,
      purpose: "manage",
      keys: parts.keys,
      counters: parts.counters,
      world: parts.world,
      timeoutMs: 30_000,
    },
  );
  const answer = await session.readProfile(LOAD_PROFILE, span);
  await session.close();
  if (answer.kind === "refused") throw new Error(`${device.meterId} refused: ${answer.reason}`);
  if (answer.value.rows < ROWS) throw new Error(`${device.meterId} gave ${answer.value.rows} rows`);
}

function deviceOf(meterId: string, port: number): Device {
  return {
    meterId,
    protocol: "dlms",
    route: { kind: "direct", address: { host: "127.0.0.1", port } },
    settings: { manageClient: 1, manageAuth: "hls-gmac" },
    status: "active",
  };
}

/** Counters that live as long as the benchmark. */
function memoryCounters(): CounterStore {
  const next = new Map<string, number>();
  return {
    reserve(name, count) {
      const first = next.get(name) ?? 1;
      next.set(name, first + count);
      return Promise.resolve(first);
    },
    raise(name, value) {
      next.set(name, Math.max(value, next.get(name) ?? 1));
      return Promise.resolve();
    },
  };
}

async function cpuOf(child: ChildProcess): Promise<Extract<CollectReply, { kind: "cpu" }>> {
  return ask(child, { kind: "cpu" }, "cpu");
}

function ask<K extends CollectReply["kind"]>(
  child: ChildProcess,
  request: CollectRequest,
  kind: K,
): Promise<Extract<CollectReply, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const heard = (reply: CollectReply): void => {
      if (reply.kind !== kind) return;
      child.off("message", heard);
      child.off("exit", ended);
      resolve(reply as Extract<CollectReply, { kind: K }>);
    };
    const ended = (code: number | null): void => reject(new Error(`the meters' process ended with ${code}`));
    child.on("message", heard);
    child.once("exit", ended);
    child.send(request);
  });
}
