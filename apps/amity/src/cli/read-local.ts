import { DecodeError, LinkError, toHex, UsageError } from "@amity/bytes";
import { datagramRadio, gatewayRadio, type RadioSource } from "@amity/concentrator";
import {
  InvocationCounters,
  memoryCounterStore,
  memorySealedStore,
  sealedKeyVault,
  type CollectedReadings,
  type Device,
  type KeyVault,
  type MeterAnswer,
  type MeterDriver,
  type MeterIdentity,
  type MeterLink,
  type MeterSession,
} from "@amity/headend";
import { addressText, decodeTelegram } from "@amity/mbus";
import { openSerialLine, realNetwork, realRandom, realTimers, scaledClock } from "@amity/runtime";
import { decimalText } from "@amity/sml";
import { secureRandomBytes } from "@amity/crypto";
import { headEndDrivers } from "../compose/head-end.ts";
import { parseLocalUrl, type LocalUrl } from "./local-url.ts";
import { EXIT, printJson, printLine, remark } from "./output.ts";

export interface ReadLocalOptions {
  readonly from?: string;
  readonly to?: string;
  readonly timeout: number;
  readonly trace?: boolean;
  readonly json?: boolean;
}

/** What a meter said, with nothing rounded: `value · 10^scaler` in `unit`. */
interface ReadResult {
  readonly meter: string;
  readonly protocol: string;
  readonly identity?: MeterIdentity;
  readonly clock?: { readonly meterTime: string; readonly offsetSeconds: number };
  readonly readings: readonly { channel: string; meter?: string; value: string; scaler: number; unit: string; text: string; at: string }[];
  readonly intervals: readonly {
    channel: string;
    unit: string;
    scaler: number;
    intervalSeconds: number;
    start: string;
    values: readonly number[];
  }[];
  readonly events: readonly { kind: string; log: string; code: number; at: string; detail?: string }[];
  readonly error?: string;
}

const DAY_MS = 86_400_000;
/** How long is waited for a meter that speaks unasked: some send every quarter of an hour, most every few seconds. */
const LISTEN_MS_MIN = 30_000;
/** Basic meters push every one to four seconds. */
const PUSH_MS_MAX = 6_000;

/** What can be asked for, the most telling first. */
const ASKED = ["events", "profile", "registers"] as const;

/** `amity read` for everything that is not a DLMS association: by the same drivers that the head-end uses. */
export async function readLocal(text: string, what: readonly string[], options: ReadLocalOptions): Promise<void> {
  const url = parseLocalUrl(text);
  const strange = what.find((word) => !ASKED.some((known) => known === word));
  if (strange !== undefined) throw new UsageError(`"${strange}" cannot be asked for here`, { code: "name", advice: ASKED.join(", ") });
  const keys = sealedKeyVault(secureRandomBytes(32), memorySealedStore(), realRandom());
  await keys.store(url.secrets.map(({ purpose, secret }) => ({ ref: { owner: url.device.meterId, purpose }, secret })));
  const driver = headEndDrivers().find(({ protocol }) => protocol === url.device.protocol);
  if (driver === undefined) throw new UsageError(`there is no driver for ${url.scheme}`, { code: "url" });
  const result =
    url.device.protocol === "wmbus"
      ? await hear(url, driver, { keys, options })
      : url.device.route.kind === "listen"
        ? await listenOrAsk(url, driver, { keys, options })
        : await ask(url, driver, { keys, options, asked: ASKED.find((word) => what.includes(word)) ?? "registers" });
  if (options.json === true) printJson(result);
  else print(result);
  if (result.error !== undefined) process.exitCode = EXIT.partial;
}

interface Means {
  readonly keys: KeyVault;
  readonly options: ReadLocalOptions;
}

const WORLD = { timers: realTimers, random: realRandom(), clock: scaledClock(realTimers, { speed: 1 }), network: realNetwork };

async function ask(
  url: LocalUrl,
  driver: MeterDriver,
  { keys, options, asked }: Means & { asked: (typeof ASKED)[number] },
): Promise<ReadResult> {
  const device = url.device.protocol === "iec62056-21" ? withUsualNames(url.device, asked) : url.device;
  driver.checkDevice(device);
  const session = await driver.open(await linkOf(url, options), {
    device,
    purpose: "read",
    keys,
    counters: new InvocationCounters(memoryCounterStore()),
    world: WORLD,
    timeoutMs: options.timeout,
    ...(options.trace === true ? { trace: ({ direction, wire }) => remark(`${direction === "sent" ? "→" : "←"} ${toHex(wire)}`) } : {}),
  });
  try {
    const answer = await answerOf(session, device, { asked, options });
    return resultOf(url, answer, await acquaintance(session));
  } finally {
    await session.close();
  }
}

function answerOf(
  session: MeterSession,
  device: Device,
  { asked, options }: { readonly asked: (typeof ASKED)[number]; readonly options: ReadLocalOptions },
): Promise<MeterAnswer<CollectedReadings>> {
  switch (asked) {
    case "events":
      return session.readEvents(nameOf(device, "eventLog", "log"), spanOf(options)).then(withNothingElse);
    case "profile":
      return session.readProfile(nameOf(device, "profile", "profile"), spanOf(options));
    case "registers":
      return session.readAll?.() ?? session.readRegisters().then(registersAnswer);
  }
}

/** @throws UsageError `name` where the URL does not say which one is meant. */
function nameOf({ settings }: Device, setting: string, what: string): string {
  const name = settings[setting];
  if (typeof name === "string") return name;
  const advice = `e.g. sml://host?profile=1-0:99.1.0, iec62056-21://host?eventLog=P.98`;
  throw new UsageError(`the URL does not say which ${what}`, { code: "name", advice });
}

function withUsualNames(device: Device, asked: (typeof ASKED)[number]): Device {
  const usual = asked === "events" ? { eventLog: "P.98" } : asked === "profile" ? { profile: "P.01" } : {};
  return { ...device, settings: { ...usual, ...device.settings } };
}

function withNothingElse(answer: Awaited<ReturnType<MeterSession["readEvents"]>>): MeterAnswer<CollectedReadings> {
  return answer.kind === "refused" ? answer : { kind: "done", value: { intervals: [], registers: [], events: answer.value.events } };
}

async function acquaintance(session: MeterSession): Promise<Pick<ReadResult, "identity" | "clock">> {
  const identity = await session.identify();
  const clock = await session.readClock();
  return {
    ...(identity.kind === "done" ? { identity: identity.value } : {}),
    ...(clock.kind === "done"
      ? {
          clock: {
            meterTime: new Date(clock.value.meterTimeMs).toISOString(),
            offsetSeconds: Math.round((clock.value.meterTimeMs - clock.value.readAtMs) / 1000),
          },
        }
      : {}),
  };
}

function registersAnswer(answer: Awaited<ReturnType<MeterSession["readRegisters"]>>): MeterAnswer<CollectedReadings> {
  return answer.kind === "refused" ? answer : { kind: "done", value: { intervals: [], registers: answer.value, events: [] } };
}

/** Meters push every few seconds, those that do: one that is silent for longer is asked where its protocol can. */
async function listenOrAsk(url: LocalUrl, driver: MeterDriver, means: Means): Promise<ReadResult> {
  if (!url.isAskedIfSilent) return listen(url, driver, means);
  try {
    return await listen(url, driver, means, PUSH_MS_MAX);
  } catch (error) {
    if (!(error instanceof LinkError) || error.code !== "silence") throw error;
    remark(`nothing is pushed in ${PUSH_MS_MAX / 1000} s: asking`);
    const { host, port, device } = url;
    const direct = { ...url, device: { ...device, route: { kind: "direct", address: { host, port } } } as const };
    return ask(direct, driver, { ...means, asked: "registers" });
  }
}

/** The first telegram of a meter that only speaks, with the meters on its channels. */
async function listen(url: LocalUrl, driver: MeterDriver, { keys, options }: Means, waitMs?: number): Promise<ReadResult> {
  const { device } = url;
  driver.checkDevice(device);
  const behind = ([1, 2, 3, 4] as const).map((channel): Device => ({
    ...device,
    meterId: `channel ${channel}`,
    route: { kind: "behind", hostMeterId: device.meterId, channel },
    settings: {},
  }));
  if (driver.listen === undefined) throw new UsageError(`${url.scheme} is not listened to`, { code: "url" });
  const link = await linkOf(url, options);
  try {
    const limitMs = waitMs ?? listeningMs(options);
    const readings = await withinTime<CollectedReadings>(limitMs, (resolve, reject) =>
      driver.listen?.(link, {
        device,
        keys,
        world: WORLD,
        behind: () => behind,
        readings: resolve,
        problem: (error) =>
          options.trace === true || error.name === "SecurityError" ? reject(error) : remark(`passed over: ${error.message}`),
        ended: (error) => reject(error ?? new LinkError("the line was closed", { code: "closed" })),
      }),
    );
    return resultOf(url, { kind: "done", value: readings }, {});
  } finally {
    link.connection.abort();
  }
}

/** TCP, or a serial line of this machine. */
async function linkOf(
  { line, host, port, device }: LocalUrl,
  { timeout }: ReadLocalOptions,
): Promise<Extract<MeterLink, { kind: "stream" }>> {
  const description = device.meterId;
  if (line === undefined)
    return { kind: "stream", connection: await realNetwork.connect({ host, port }, { timeoutMs: timeout }), description };
  const connection = openSerialLine(line.path, line.settings);
  return { kind: "stream", connection, description, setBaud: (baud) => connection.setBaud(baud) };
}

/** The first telegram of wireless M-Bus that is meant. */
async function hear(url: LocalUrl, driver: MeterDriver, { keys, options }: Means): Promise<ReadResult> {
  const address = { host: url.host, port: url.port };
  const radio: RadioSource = url.isUdp ? datagramRadio(WORLD, address) : gatewayRadio(WORLD, address);
  try {
    return await withinTime<ReadResult>(listeningMs(options), (resolve, reject) => {
      const take = async (octets: Uint8Array): Promise<void> => {
        const name = senderOf(octets);
        if (name === undefined || (url.only !== undefined && !name.includes(url.only))) return;
        const receivedAtMs = WORLD.clock.nowMs();
        const readings = await driver.interpretPush(url.device, octets, { receivedAtMs, keys, behind: [] });
        resolve(resultOf({ ...url, device: { ...url.device, meterId: name } }, { kind: "done", value: readings }, {}));
      };
      radio.listen((octets) => void take(octets).catch(reject)).catch(reject);
    });
  } finally {
    await radio.stop();
  }
}

function senderOf(octets: Uint8Array): string | undefined {
  try {
    return addressText(decodeTelegram(octets).sender);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    remark(`passed over: ${error.message}`);
    return undefined;
  }
}

function listeningMs({ timeout }: ReadLocalOptions): number {
  return Math.max(timeout, LISTEN_MS_MIN);
}

function withinTime<T>(waitMs: number, begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = realTimers.after(waitMs, () =>
      reject(new LinkError(`nothing was heard for ${waitMs / 1000} s`, { code: "silence", advice: "--timeout gives it more time" })),
    );
    const settle =
      <V>(act: (value: V) => void) =>
      (value: V): void => {
        timer.cancel();
        act(value);
      };
    begin(settle(resolve), settle(reject));
  });
}

function spanOf({ from, to }: ReadLocalOptions): { fromMs: number; toMs: number } {
  const toMs = to === undefined ? Date.now() : Date.parse(to);
  const fromMs = from === undefined ? toMs - DAY_MS : Date.parse(from);
  if (Number.isNaN(fromMs) || Number.isNaN(toMs) || toMs < fromMs)
    throw new UsageError("--from and --to are ISO 8601 times, in this order", { code: "time", advice: "e.g. 2026-11-01T00:00:00Z" });
  return { fromMs, toMs };
}

function resultOf(url: LocalUrl, answer: MeterAnswer<CollectedReadings>, more: Pick<ReadResult, "identity" | "clock">): ReadResult {
  const { meterId, protocol } = url.device;
  const base = { meter: meterId, protocol, ...more };
  if (answer.kind === "refused") return { ...base, readings: [], intervals: [], events: [], error: answer.reason };
  const { registers, intervals, events } = answer.value;
  return {
    ...base,
    readings: registers.map((register) => ({
      channel: register.channel,
      ...(register.meterId === meterId || url.scheme === "wmbus" ? {} : { meter: register.meterId }),
      value: String(register.value),
      scaler: register.scaler,
      unit: register.unit,
      text: `${decimalText(register.value, register.scaler)}${register.unit === "none" ? "" : ` ${register.unit}`}`,
      at: new Date(register.atMs).toISOString(),
    })),
    intervals: intervals.map(({ channel, unit, scaler, intervalSeconds, startMs, values }) => ({
      channel,
      unit,
      scaler,
      intervalSeconds,
      start: new Date(startMs).toISOString(),
      values: [...values],
    })),
    events: events.map(({ kind, log, code, atMs, detail }) => ({
      kind,
      log,
      code,
      at: new Date(atMs).toISOString(),
      ...(detail === undefined ? {} : { detail }),
    })),
  };
}

function print({ meter, protocol, identity, clock, readings, intervals, events, error }: ReadResult): void {
  const who = identity === undefined ? "" : `  ${[identity.manufacturer, identity.model, identity.serialNumber].filter(Boolean).join(" ")}`;
  printLine(`${meter}  ${protocol}${who}`);
  if (clock !== undefined) printLine(`clock ${clock.meterTime}, off by ${clock.offsetSeconds} s`);
  if (error !== undefined) printLine(`refused: ${error}`);
  for (const { channel, meter: other, text, at } of readings)
    printLine(`${channel.padEnd(16)} ${text.padStart(20)}  ${at}${other === undefined ? "" : `  ${other}`}`);
  for (const { channel, unit, scaler, intervalSeconds, start, values } of intervals) {
    printLine(`${channel}  ${values.length} intervals of ${intervalSeconds} s from ${start}`);
    for (const [index, value] of values.entries())
      printLine(
        `  ${new Date(Date.parse(start) + index * intervalSeconds * 1000).toISOString()}  ${decimalText(BigInt(value), scaler)} ${unit}`,
      );
  }
  for (const { kind, at, detail } of events) printLine(`event ${kind} ${at}${detail === undefined ? "" : `  ${detail}`}`);
}
