import { fromHex, LinkError, PeerError, SecurityError, toHex, UsageError } from "@amity/bytes";
import type { TimeSpan } from "@amity/concentrator";
import { listenSml, obisOctets, readingsOf, listReadings, SmlClient, type RequestOutcome, type SmlFile } from "@amity/sml";
import type { RegisterReading } from "@amity/model";
import type {
  CollectedProfile,
  DeviceSource,
  ListenRequest,
  MeterAnswer,
  MeterCapability,
  MeterDriver,
  MeterIdentity,
  MeterLink,
  MeterSession,
  SessionRequest,
} from "../driver.ts";
import { checkRoute } from "../check-route.ts";
import { HEARD_PROFILE } from "../listening/heard.ts";
import { refusal } from "../local/refusal.ts";
import { tracedConnection } from "../local/traced-connection.ts";
import type { Device } from "../registry.ts";
import { profileOfPack, registersOfSml } from "./sml-readings.ts";

const ASKED: ReadonlySet<MeterCapability> = new Set<MeterCapability>(["identify", "readRegisters", "readProfile"]);
const NOTHING: ReadonlySet<MeterCapability> = new Set();
const PERIOD_MS = 900_000;
const CLIENT_ID = new TextEncoder().encode("AMITY");

/**
 * SML over a gateway (BSI TR-03109-1 annex IV): asked on a direct route, listened to on route `listen` (eHZ, EDL21). Settings:
 * `serverId` (hex; what another meter says is refused), `username`, `profile` (OBIS of a profile that can be asked for),
 * `captureSeconds` of it (900). Key vault: `password`.
 */
export function smlDriver(): MeterDriver {
  return {
    protocol: "sml",
    capabilities: ASKED,
    checkDevice(device) {
      checkRoute(device, ["direct", "listen"]);
      const { serverId } = device.settings;
      if (serverId !== undefined && !/^(?:[0-9a-fA-F]{2}){1,16}$/.test(String(serverId)))
        throw new UsageError(`${device.meterId}: setting serverId is hexadecimal`, { code: "bad-settings" });
    },
    capabilitiesOf: ({ route }) => (route.kind === "listen" ? NOTHING : ASKED),
    sourcesOf,
    open: openSession,
    listen,
    interpretPush: () => Promise.reject(new UsageError("SML is listened to on a line of its own", { code: "unsupported" })),
    interpretDelivery: () => Promise.reject(new UsageError("concentrators deliver no SML", { code: "unsupported" })),
  };
}

function sourcesOf({ route, settings }: Device): readonly DeviceSource[] {
  if (route.kind === "listen") return [{ profile: HEARD_PROFILE, kind: "intervals", captureMs: PERIOD_MS }];
  const { profile, captureSeconds } = settings;
  if (typeof profile !== "string") return [];
  return [{ profile, kind: "intervals", captureMs: typeof captureSeconds === "number" ? captureSeconds * 1000 : PERIOD_MS }];
}

function listen(link: MeterLink, request: ListenRequest): void {
  if (link.kind !== "stream") throw new UsageError("SML is listened to over a stream", { code: "unsupported" });
  const { device, world } = request;
  listenSml(link.connection, world.timers, {
    file(file, octets) {
      const atMs = world.clock.nowMs();
      request.trace?.({ atMs, direction: "received", wire: octets, protocol: "sml" });
      const stranger = strangerIn(file, device);
      if (stranger !== undefined) return request.problem(stranger);
      // A message with a wrong CRC is left out by `readingsOf`; a transport frame with one is not to be believed at all.
      if (file.transportCrc === "wrong") return request.problem(file.problems[0] ?? new PeerError("wrong CRC", { code: "crc" }));
      request.readings({ intervals: [], registers: registersOfSml(device.meterId, readingsOf(file), atMs), events: [] });
    },
    damaged: (error) => request.problem(error),
    closed: (error) => request.ended(error),
  });
}

/** Another meter on the line: its readings are not this one's. */
function strangerIn(file: SmlFile, { meterId, settings }: Device): PeerError | undefined {
  const wanted = settings["serverId"];
  if (typeof wanted !== "string") return undefined;
  for (const { body } of file.messages) {
    if (body.kind !== "getListResponse") continue;
    const found = toHex(body.value.serverId);
    if (found !== wanted.toLowerCase())
      return new PeerError(`${meterId}: server ${found} speaks here, not ${wanted}`, { code: "another-meter", advice: "check the wiring" });
  }
  return undefined;
}

async function openSession(link: MeterLink, request: SessionRequest): Promise<MeterSession> {
  if (link.kind !== "stream") throw new UsageError("SML is asked over a stream", { code: "unsupported" });
  const { device, keys, world, timeoutMs, trace } = request;
  try {
    const { serverId, username } = device.settings;
    const password = { owner: device.meterId, purpose: "password" };
    const secret = (await keys.has(password)) ? await keys.secret(password) : undefined;
    const line =
      trace === undefined ? link.connection : tracedConnection(link.connection, { protocol: "sml", clock: world.clock, trace, secret });
    const client = new SmlClient(line, {
      timers: world.timers,
      clientId: CLIENT_ID,
      timeoutMs,
      ...(typeof serverId === "string" ? { serverId: fromHex(serverId) } : {}),
      ...(typeof username === "string" ? { username: new TextEncoder().encode(username) } : {}),
      ...(secret === undefined ? {} : { password: secret }),
    });
    return smlSession(client, request);
  } catch (error) {
    link.connection.abort();
    throw error;
  }
}

function smlSession(client: SmlClient, { device, world }: SessionRequest): MeterSession {
  const { meterId } = device;
  const noClock = () => Promise.resolve(refusal("SML meters are not asked for their time"));
  const noSupply = () => Promise.resolve(refusal("SML switches no supply"));
  const list = async (): Promise<MeterAnswer<Extract<KnownAnswer, { kind: "getListResponse" }>>> => {
    const outcome = await client.request({ kind: "getListRequest", value: { clientId: CLIENT_ID } });
    return answerOf(outcome, "getListResponse");
  };
  return {
    async identify(): Promise<MeterAnswer<MeterIdentity>> {
      const answer = await list();
      if (answer.kind === "refused") return answer;
      return { kind: "done", value: { meterId: toHex(answer.value.value.serverId), serialNumber: toHex(answer.value.value.serverId) } };
    },
    readClock: noClock,
    setClock: noClock,
    async readRegisters(channels?: readonly string[]): Promise<MeterAnswer<readonly RegisterReading[]>> {
      const answer = await list();
      if (answer.kind === "refused") return answer;
      const registers = registersOfSml(meterId, listReadings(answer.value.value), world.clock.nowMs());
      return { kind: "done", value: channels === undefined ? registers : registers.filter(({ channel }) => channels.includes(channel)) };
    },
    async readProfile(profile: string, span: TimeSpan): Promise<MeterAnswer<CollectedProfile>> {
      const stamp = (atMs: number) => ({ kind: "timestamp", seconds: Math.floor(atMs / 1000) }) as const;
      const value = { parameterTreePath: [obisOctets(profile)], beginTime: stamp(span.fromMs), endTime: stamp(span.toMs) };
      const outcome = await client.request({ kind: "getProfilePackRequest", value });
      const answer = answerOf(outcome, "getProfilePackResponse");
      return answer.kind === "refused" ? answer : { kind: "done", value: profileOfPack(meterId, answer.value.value) };
    },
    readEvents: () => Promise.resolve(refusal("event logs over SML are the manufacturers' own")),
    switchSupply: noSupply,
    readSupply: noSupply,
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

type KnownAnswer = Extract<RequestOutcome, { kind: "answer" }>["responses"][number];

function answerOf<K extends KnownAnswer["kind"]>(outcome: RequestOutcome, kind: K): MeterAnswer<Extract<KnownAnswer, { kind: K }>> {
  switch (outcome.kind) {
    case "answer": {
      const found = outcome.responses.find((response): response is Extract<KnownAnswer, { kind: K }> => response.kind === kind);
      return found === undefined ? refusal(`the meter answers without ${kind}`) : { kind: "done", value: found };
    }
    case "confirmed":
      return refusal(`the meter only confirms: ${outcome.meaning}`);
    case "refused":
      if (/authori/i.test(outcome.meaning))
        throw new SecurityError(`refused: ${outcome.meaning}`, { code: "not-authorised", advice: "check username and password" });
      return refusal(outcome.meaning);
    case "no-answer":
      throw new LinkError(`no answer after ${outcome.attempts} requests`, { code: "no-answer" });
  }
}
