import { fork, type ChildProcess } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  connectDlms,
  decodeInstant,
  decodeProfileTable,
  memoryCounter,
  memoryReceivedCounter,
  serveDlms,
  wrapperLink,
  type CosemDevice,
  type DlmsClient,
  type InvocationCounter,
  type ProfileTable,
} from "@amity/dlms";
import { realNetwork, realRandom, realTimers, type Address, type Connection } from "@amity/runtime";
import { withAwakeCores } from "./awake-cores.ts";
import { median, type Benchmark } from "./benchmark.ts";
import {
  BENCH_CLIENTS,
  BENCH_CLIENT_TITLE,
  BENCH_ENERGY,
  BENCH_KEYS,
  BENCH_PROFILE,
  PROFILE_COLUMNS,
  PROFILE_ROWS,
  benchMeter,
  benchProfile,
} from "./dlms-meter.ts";
import { memoryConnections } from "./memory-connection.ts";

const RUNS = 5;
const RUN_MS = 2_000;
/** Between two looks at the clock. */
const BATCH = 32;
/** Requests under way where several are. */
const AT_ONCE = 8;

export const dlmsBenchmark: Benchmark = {
  name: "dlms",
  title: "DLMS on one core, and over loopback TCP between two processes",
  method:
    "profile_decode: buffer of a load-profile response (96 rows x 6 columns) to numbers by column, every number read; profile_decode_instants: every stamp to UTC milliseconds as well. " +
    "get, get_ciphered (GMAC association, suite 0, authenticated and encrypted), associations (HLS5-GMAC, ciphered, opened and released), profile_reads (decoded): client and server in one process and thread, whole APDUs in the wrapper, no socket; these by CPU time of the process, collector and compiler threads included. " +
    "tcp_*: the same client, the server in a second process, loopback TCP, one request after another, by the clock on the wall, no core allowed to sleep (an empty loop of lowest priority on each); tcp_get_8_at_once: eight requests under way; tcp_get_sleepy: one after another on cores that fall asleep between two packets, as a quiet virtual machine's do. bytes_per_get: heap and buffers that one get round trip allocates on both sides together. " +
    "The meter behind the server costs nothing: one value, one profile held as octets, sent in one APDU. Medians of 5 runs of 2 s each after a warm-up.",
  run: runDlms,
};

type Measure = (operation: () => Promise<void> | void) => Promise<number>;
/** Milliseconds of machine time, or of CPU: other programs on the machine then do not count. */
type Stopwatch = () => number;
const wallMs: Stopwatch = () => realTimers.elapsedMs();
const cpuMs: Stopwatch = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function runDlms({ quick, remark }: { quick: boolean; remark: (text: string) => void }): Promise<Record<string, number>> {
  const onCpu: Measure = (operation) => perSecond(operation, cpuMs, quick);
  const onWall: Measure = (operation) => perSecond(operation, wallMs, quick);
  remark("decoding profiles");
  const decoded = await measureDecoding(onCpu);
  remark("client and server in one process");
  const inProcess = await measureInProcess(onCpu, quick);
  remark("client and server in two processes");
  return { ...decoded, ...inProcess, ...(await overTcp((server) => measureTcp(onWall, server))) };
}

async function measureDecoding(measure: Measure): Promise<Record<string, number>> {
  const octets = benchProfile();
  return {
    profile_decode_per_s: await measure(() => check(sumOfNumbers(decodeProfileTable(octets)))),
    profile_decode_instants_per_s: await measure(() => {
      const table = decodeProfileTable(octets);
      check(sumOfNumbers(table) + lastInstant(table));
    }),
    profile_octets: octets.length,
  };
}

function sumOfNumbers(table: ProfileTable): number {
  let sum = 0;
  // The clock in the first column is no number.
  for (let cell = 0; cell < table.numbers.length; cell++) if (cell % PROFILE_COLUMNS !== 0) sum += table.numbers[cell] ?? 0;
  return sum;
}

function lastInstant(table: ProfileTable): number {
  let latestMs = 0;
  for (let row = 0; row < table.rowCount; row++) {
    const stamp = table.octetsAt(row, 0);
    latestMs = Math.max(latestMs, (stamp === undefined ? undefined : decodeInstant(stamp)) ?? 0);
  }
  return latestMs;
}

async function measureInProcess(measure: Measure, quick: boolean): Promise<Record<string, number>> {
  const device = benchMeter();
  const counter = memoryCounter();
  const open = (): Connection => servedInProcess(device);
  const plain = await publicClient(open());
  const ciphered = await managementClient(open(), counter);
  const results = {
    get_per_s: await measure(() => get(plain)),
    get_ciphered_per_s: await measure(() => get(ciphered)),
    profile_reads_per_s: await measure(() => readProfile(plain)),
    profile_reads_ciphered_per_s: await measure(() => readProfile(ciphered)),
    associations_per_s: await measure(async () => (await managementClient(open(), counter)).release()),
    bytes_per_get: await allocatedBy(() => get(plain), quick),
    bytes_per_get_ciphered: await allocatedBy(() => get(ciphered), quick),
  };
  await plain.release();
  await ciphered.release();
  return results;
}

function servedInProcess(device: CosemDevice): Connection {
  const [near, far] = memoryConnections();
  serveDlms(wrapperLink(far, "server"), device, WORLD);
  return near;
}

async function overTcp<T>(measure: (server: Address) => Promise<T>): Promise<T> {
  const child = fork(new URL("./dlms-server.ts", import.meta.url), { execArgv: ["--import", import.meta.resolve("tsx")] });
  try {
    return await measure({ host: "127.0.0.1", port: await portOf(child) });
  } finally {
    child.kill();
  }
}

async function measureTcp(measure: Measure, server: Address): Promise<Record<string, number>> {
  const counter = memoryCounter();
  const open = (): Promise<Connection> => realNetwork.connect(server);
  const plain = await publicClient(await open());
  const manifold = await publicClient(await open(), AT_ONCE);
  const ciphered = await managementClient(await open(), counter);
  const awake = await withAwakeCores(async () => ({
    tcp_get_per_s: await measure(() => get(plain)),
    tcp_get_8_at_once_per_s: AT_ONCE * (await measure(() => getAtOnce(manifold))),
    tcp_get_ciphered_per_s: await measure(() => get(ciphered)),
    tcp_profile_reads_per_s: await measure(() => readProfile(plain)),
    tcp_profile_reads_ciphered_per_s: await measure(() => readProfile(ciphered)),
    tcp_associations_per_s: await measure(async () => (await managementClient(await open(), counter)).release()),
  }));
  const results = { ...awake, tcp_get_sleepy_per_s: await measure(() => get(plain)) };
  for (const client of [plain, manifold, ciphered]) await client.release();
  return results;
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("message", ({ port }: { port: number }) => resolve(port));
    child.once("exit", (code) => reject(new Error(`the meter's process ended with ${code}`)));
  });
}

function publicClient(connection: Connection, requestsAtATime = 1): Promise<DlmsClient> {
  const link = wrapperLink(connection, "client");
  return connectDlms(link, { clientSap: BENCH_CLIENTS.public, authentication: { mechanism: "none" }, requestsAtATime }, WORLD);
}

function managementClient(connection: Connection, sent: InvocationCounter): Promise<DlmsClient> {
  const security = {
    suite: 0,
    systemTitle: BENCH_CLIENT_TITLE,
    keys: BENCH_KEYS,
    protection: "authenticated-encrypted",
    ciphering: "global",
    sent,
    received: memoryReceivedCounter(),
  } as const;
  const link = wrapperLink(connection, "client");
  return connectDlms(link, { clientSap: BENCH_CLIENTS.management, authentication: { mechanism: "hls-gmac" }, security }, WORLD);
}

async function get(client: DlmsClient): Promise<void> {
  const outcome = await client.get(BENCH_ENERGY);
  if (outcome.kind !== "data") throw new Error(`refused: ${outcome.result}`);
}

async function getAtOnce(client: DlmsClient): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, () => get(client)));
}

async function readProfile(client: DlmsClient): Promise<void> {
  const outcome = await client.getRaw(BENCH_PROFILE);
  if (outcome.kind !== "data") throw new Error(`refused: ${outcome.result}`);
  const { rowCount } = decodeProfileTable(outcome.octets);
  if (rowCount !== PROFILE_ROWS) throw new Error(`${rowCount} rows came`);
}

function check(sum: number): void {
  if (!(sum > 0)) throw new Error("nothing was decoded");
}

/** The median over the runs, after one to warm up. */
async function perSecond(operation: () => Promise<void> | void, stopwatch: Stopwatch, quick: boolean): Promise<number> {
  const runMs = quick ? 50 : RUN_MS;
  const run = async (): Promise<number> => {
    const startMs = stopwatch();
    let count = 0;
    let tookMs = 0;
    while (tookMs < runMs) {
      for (let index = 0; index < BATCH; index++) {
        const pending = operation();
        if (pending !== undefined) await pending;
      }
      count += BATCH;
      tookMs = stopwatch() - startMs;
    }
    return (count * 1000) / tookMs;
  };
  await run();
  const figures: number[] = [];
  for (let index = 0; index < (quick ? 1 : RUNS); index++) figures.push(await run());
  return median(figures);
}

/** Octets that one operation allocates: growth of heap and buffers over short stretches; those that a collection cut short drop out by the median. */
async function allocatedBy(operation: () => Promise<void>, quick: boolean): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const figures: number[] = [];
  for (let stretch = 0; stretch < (quick ? 5 : 51); stretch++) {
    collect();
    const before = process.memoryUsage();
    for (let index = 0; index < ALLOCATION_STRETCH; index++) await operation();
    const after = process.memoryUsage();
    figures.push((after.heapUsed + after.external - before.heapUsed - before.external) / ALLOCATION_STRETCH);
  }
  return median(figures);
}

const ALLOCATION_STRETCH = 200;
const WORLD = { timers: realTimers, random: realRandom() };
