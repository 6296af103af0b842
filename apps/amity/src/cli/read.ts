import { AmityError, DecodeError, UsageError } from "@amity/bytes";
import {
  companionClock,
  companionObject,
  connectDlms,
  explain,
  findClass,
  memoryCounter,
  memoryReceivedCounter,
  obisName,
  openHdlcLink,
  parseObis,
  parseObjectList,
  resolveObis,
  wrapperLink,
} from "@amity/dlms";
import type { ClientOptions, Companion, DlmsClient, Obis, ObjectListEntry, PduLink } from "@amity/dlms";
import { realNetwork, realRandom, realTimers } from "@amity/runtime";
import { companionChoice, withCompanionDefaults, type CompanionChoice } from "./companion-defaults.ts";
import { readMeterObject, type MeterReading } from "./meter-object.ts";
import { parseMeterUrl, type MeterUrl } from "./meter-url.ts";
import { printJson, printLine, remark, EXIT } from "./output.ts";

export interface ReadOptions {
  readonly companion?: string;
  readonly role?: string;
  readonly from?: string;
  readonly to?: string;
  readonly timeout: number;
  readonly trace?: boolean;
  readonly json?: boolean;
}

/** Where the public client finds the counter that the meter has seen, by the client that uses it, then the common one. */
const COUNTER_OBJECTS = (clientSap: number): readonly string[] => [`0-0:43.1.${clientSap}`, "0-0:43.1.0", "0-0:43.1.1"];
const PUBLIC_CLIENT = 16;
const ASSOCIATION = { classId: 15, instanceId: parseObis("0-0:40.0.0") };
/** Classes that a read without names goes through: data, registers, clock, disconnect control. */
const DEFAULT_CLASSES: ReadonlySet<number> = new Set([1, 3, 4, 5, 8, 70]);

/** `amity read`: opens an association, reads what was asked (or everything identified), prints it. */
export async function read(url: string, what: readonly string[], options: ReadOptions): Promise<void> {
  const choice = companionChoice(options.companion, options.role);
  const meter = parseMeterUrl(choice === undefined ? url : withCompanionDefaults(url, choice));
  const view = { span: spanOf(options), clock: choice === undefined ? {} : companionClock(choice.companion) };
  const wanted = what.map((text) =>
    text === "associations" || text === "objects" ? "objects" : { text, name: nameOf(text, choice?.companion) },
  );
  const client = await open(meter, options, choice);
  try {
    const objects = parseObjectList(await required(client, { ...ASSOCIATION, attributeId: 2 }));
    const readings: MeterReading[] = [];
    const listed = wanted.includes("objects") ? objects : undefined;
    const names = wanted.flatMap((one) => (one === "objects" ? [] : [one]));
    const chosen =
      what.length === 0 ? objects.filter(({ classId }) => DEFAULT_CLASSES.has(classId)) : names.map((one) => entryOf(objects, one));
    for (const entry of chosen) readings.push(await readMeterObject(client, entry, view));
    print(
      { meter: `${meter.host}:${meter.port}`, ...(listed === undefined ? {} : { objects: listed.map(objectShape) }), readings },
      options,
    );
    if (readings.some(({ error }) => error !== undefined)) process.exitCode = what.length === 0 ? EXIT.ok : EXIT.partial;
  } finally {
    await client.release();
  }
}

function spanOf({ from, to }: ReadOptions): { fromMs: number; toMs: number } | undefined {
  if (from === undefined && to === undefined) return undefined;
  const [fromMs, toMs] = [from === undefined ? 0 : Date.parse(from), to === undefined ? 4_102_444_800_000 : Date.parse(to)];
  if (Number.isNaN(fromMs) || Number.isNaN(toMs))
    throw new UsageError("--from and --to are ISO 8601 times", { code: "time", advice: "e.g. 2026-11-01T00:00:00Z" });
  if (toMs < fromMs) throw new UsageError("--to is earlier than --from", { code: "time" });
  return { fromMs, toMs };
}

function nameOf(text: string, companion: Companion | undefined): Obis {
  try {
    const known = companion === undefined ? undefined : companionObject(companion, text);
    return resolveObis(known ?? (text === "profile" ? "load-profile" : text));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new UsageError(`"${text}" is neither an OBIS code nor a known name`, {
      code: "name",
      advice: "e.g. 1-0:1.8.0.255, clock, active-energy-import, profile, objects",
      cause: error,
    });
  }
}

function entryOf(objects: readonly ObjectListEntry[], { text, name }: { text: string; name: Obis }): ObjectListEntry {
  const entry = objects.find(({ instanceId }) => instanceId === name);
  if (entry !== undefined) return entry;
  throw new UsageError(`the meter shows no object ${text} (${name}) to this client`, {
    code: "no-object",
    advice: 'read "objects" to see what there is',
  });
}

async function open(meter: MeterUrl, options: ReadOptions, choice: CompanionChoice | undefined): Promise<DlmsClient> {
  const { ciphering, authentication, clientSap, serverSap, shortNames } = meter;
  const world = { timers: realTimers, random: realRandom() };
  const preEstablished = choice?.client.isPreEstablished === true;
  const base: ClientOptions = {
    clientSap,
    serverSap,
    authentication,
    shortNames,
    preEstablished,
    timeoutMs: options.timeout,
    ...traceTo(options),
  };
  if (ciphering === undefined) return connectDlms(await link(meter, clientSap), base, world);
  const counter = ciphering.invocationCounter ?? (await readCounter(meter, options, choice?.client.invocationCounter)) + 1;
  const { suite, systemTitle, encryptionKey, authenticationKey, protection, dedicatedKey } = ciphering;
  const security = {
    suite,
    systemTitle,
    keys: { encryptionKey, authenticationKey },
    protection,
    ciphering: ciphering.ciphering,
    sent: memoryCounter(counter),
    received: memoryReceivedCounter(),
    ...(dedicatedKey === undefined ? {} : { dedicatedKey }),
  };
  return connectDlms(await link(meter, clientSap), { ...base, security }, world);
}

async function link(meter: MeterUrl, clientSap: number): Promise<PduLink> {
  const connection = await realNetwork.connect({ host: meter.host, port: meter.port });
  if (meter.transport === "wrapper") return wrapperLink(connection, "client");
  return openHdlcLink(connection, realTimers, { clientSap, serverSap: meter.serverSap });
}

/** The last counter that the meter has seen, through its public association; 0 where it does not say. */
async function readCounter(meter: MeterUrl, options: ReadOptions, named: string | undefined): Promise<number> {
  const world = { timers: realTimers, random: realRandom() };
  const publicOptions: ClientOptions = {
    clientSap: PUBLIC_CLIENT,
    serverSap: meter.serverSap,
    authentication: { mechanism: "none" },
    timeoutMs: options.timeout,
    ...traceTo(options),
  };
  try {
    const client = await connectDlms(await link(meter, PUBLIC_CLIENT), publicOptions, world);
    try {
      for (const name of [...(named === undefined ? [] : [named]), ...COUNTER_OBJECTS(meter.clientSap)]) {
        const outcome = await client.get({ classId: 1, instanceId: parseObis(name), attributeId: 2 });
        if (outcome.kind === "data" && "value" in outcome.data && typeof outcome.data.value === "number") return outcome.data.value;
      }
    } finally {
      await client.release();
    }
  } catch (error) {
    if (!(error instanceof AmityError)) throw error;
    remark(`the public client cannot read the invocation counter (${error.message}); beginning at 1, give ic=N to change that`);
  }
  return 0;
}

async function required(
  client: DlmsClient,
  attribute: { classId: number; instanceId: Obis; attributeId: number },
): Promise<Parameters<typeof parseObjectList>[0]> {
  const outcome = await client.get(attribute);
  if (outcome.kind === "data") return outcome.data;
  throw new UsageError(`the meter refuses its object list: ${outcome.result}`, {
    code: "refused",
    advice: "another client may be allowed: client=N",
  });
}

function traceTo(options: ReadOptions): Pick<ClientOptions, "trace"> {
  if (options.trace !== true) return {};
  return {
    trace: ({ direction, plain }) => {
      const { name, value } = explain(plain, { form: "apdu" });
      remark(`${direction === "sent" ? "→" : "←"} ${name}${value === undefined ? "" : ` ${value}`}  ${Buffer.from(plain).toString("hex")}`);
    },
  };
}

interface ObjectShape {
  readonly obis: string;
  readonly classId: number;
  readonly version: number;
  readonly class: string | undefined;
  readonly name: string | undefined;
}

function objectShape({ classId, version, instanceId }: ObjectListEntry): ObjectShape {
  return { obis: instanceId, classId, version, class: findClass(classId, version)?.name, name: obisName(instanceId) };
}

function print(result: { meter: string; objects?: readonly ObjectShape[]; readings: readonly MeterReading[] }, options: ReadOptions): void {
  if (options.json === true) {
    printJson(result);
    return;
  }
  for (const object of result.objects ?? [])
    printLine(
      `${object.obis.padEnd(20)} class ${String(object.classId).padEnd(4)} v${object.version}  ${object.name ?? object.class ?? ""}`,
    );
  for (const { obis, name, text, error, columns, rows } of result.readings) {
    printLine(
      `${obis.padEnd(20)} ${(name ?? "").padEnd(44)} ${error === undefined ? (text ?? `${rows?.length ?? 0} rows`) : `refused: ${error}`}`,
    );
    if (columns !== undefined) printLine(`  ${columns.join(" | ")}`);
    for (const row of rows ?? []) printLine(`  ${row.join(" | ")}`);
  }
}
