import { LinkError, PeerError, UsageError } from "@amity/bytes";
import { singleKey, WiredMaster, type MeterAddress, type ReadoutResult, type WiredMessage, type WiredTarget } from "@amity/mbus";
import type { RegisterReading } from "@amity/model";
import type {
  CollectedReadings,
  MeterAnswer,
  MeterCapability,
  MeterClockReading,
  MeterDriver,
  MeterIdentity,
  MeterLink,
  MeterSession,
  SessionRequest,
} from "../driver.ts";
import { checkRoute } from "../check-route.ts";
import { isSummerAt, meterZoneOf } from "../local/meter-zone.ts";
import { refusal } from "../local/refusal.ts";
import { tracedConnection } from "../local/traced-connection.ts";
import type { Device } from "../registry.ts";
import { MBUS_KEY, messageContextOf } from "./mbus-settings.ts";
import { instantOfMeterTime, isMeterTime, readingsOfMessages } from "./record-readings.ts";

const CAPABILITIES: ReadonlySet<MeterCapability> = new Set<MeterCapability>(["identify", "readRegisters", "readClock", "setClock"]);

/**
 * Wired M-Bus behind a TCP gateway (EN 13757-2, -3). Settings: `address` (primary, 0 to 250) or `secondary` (`12345678`, or whole:
 * `KAM-12345678-1b-04`), `baud` (2400), `latencyMs` (300), `medium` where the meter does not say what it measures, `zone` of its clock.
 * Key vault: `mbus` for encrypted meters.
 */
export function mbusDriver(): MeterDriver {
  return {
    protocol: "mbus",
    capabilities: CAPABILITIES,
    sharesLine: true,
    checkDevice(device) {
      checkRoute(device, ["direct"]);
      mbusTargetOf(device);
      messageContextOf(device, 0);
    },
    open: openSession,
    interpretPush: () => Promise.reject(new UsageError("a wired M-Bus meter sends nothing of itself", { code: "unsupported" })),
    interpretDelivery: () => Promise.reject(new UsageError("concentrators deliver no wired M-Bus", { code: "unsupported" })),
  };
}

/** Who is asked. @throws UsageError `bad-settings`. */
export function mbusTargetOf({ meterId, settings }: Device): WiredTarget {
  const { address, secondary } = settings;
  if (typeof address === "number" && Number.isInteger(address) && address >= 0 && address <= 250) return address;
  const whole =
    typeof secondary === "string" ? /^(?:([A-Z]{3})-)?([0-9A-Fa-f]{8})(?:-([0-9a-f]{2})-([0-9a-f]{2}))?$/.exec(secondary) : null;
  if (whole === null || address !== undefined) {
    throw new UsageError(`${meterId}: settings say neither address (0 to 250) nor secondary (12345678 or KAM-12345678-1b-04)`, {
      code: "bad-settings",
    });
  }
  const [, manufacturer, id = "", version, deviceType] = whole;
  return {
    id,
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(version === undefined ? {} : { version: Number.parseInt(version, 16) }),
    ...(deviceType === undefined ? {} : { deviceType: Number.parseInt(deviceType, 16) }),
  };
}

async function openSession(link: MeterLink, request: SessionRequest): Promise<MeterSession> {
  if (link.kind !== "stream") throw new UsageError("wired M-Bus is reached over a stream", { code: "unsupported" });
  const { device, keys, world, timeoutMs, trace } = request;
  const connection =
    trace === undefined ? link.connection : tracedConnection(link.connection, { protocol: "mbus", clock: world.clock, trace });
  try {
    const target = mbusTargetOf(device);
    const key = { owner: device.meterId, purpose: MBUS_KEY };
    const baud = device.settings["baud"];
    const latencyMs = device.settings["latencyMs"];
    const master = new WiredMaster(connection, {
      timers: world.timers,
      ...(typeof baud === "number" ? { baud } : {}),
      latencyMs: typeof latencyMs === "number" ? latencyMs : Math.min(DEFAULT_LATENCY_MS, timeoutMs),
      ...((await keys.has(key)) ? { keys: singleKey(await keys.secret(key)) } : {}),
    });
    return new MbusSession(master, target, request, () => connection.close());
  } catch (error) {
    connection.abort();
    throw error;
  }
}

/** What a gateway may add to every answer. */
const DEFAULT_LATENCY_MS = 500;

/** Readouts are short: one serves everything that is asked within a session. */
class MbusSession implements MeterSession {
  readonly #master: WiredMaster;
  readonly #target: WiredTarget;
  readonly #request: SessionRequest;
  readonly #end: () => void;
  #readout: { messages: readonly WiredMessage[]; atMs: number } | undefined;

  constructor(master: WiredMaster, target: WiredTarget, request: SessionRequest, end: () => void) {
    this.#master = master;
    this.#target = target;
    this.#request = request;
    this.#end = end;
  }

  async identify(): Promise<MeterAnswer<MeterIdentity>> {
    const { messages } = await this.#read();
    const meter = messages.find(({ application }) => application?.meter !== undefined)?.application?.meter;
    return meter === undefined ? refusal("the meter does not say who it is") : { kind: "done", value: identityOf(meter) };
  }

  async readClock(): Promise<MeterAnswer<MeterClockReading>> {
    const { messages, atMs } = await this.#read();
    const records = messages.flatMap(({ application }) => application?.records ?? []);
    const time = records.find(({ vib, storage }) => vib.quantity === "dateTime" && storage === 0)?.value;
    const meterTimeMs = isMeterTime(time) ? instantOfMeterTime(time, meterZoneOf(this.#request.device)) : undefined;
    return meterTimeMs === undefined
      ? refusal("the meter does not send its time")
      : { kind: "done", value: { meterTimeMs, readAtMs: atMs, isInvalid: false } };
  }

  async readRegisters(channels?: readonly string[]): Promise<MeterAnswer<readonly RegisterReading[]>> {
    const { atMs } = await this.#read();
    const answer = await this.readAll();
    if (answer.kind === "refused") return answer;
    const current = answer.value.registers.filter((register) => register.atMs === atMs);
    return { kind: "done", value: channels === undefined ? current : current.filter(({ channel }) => channels.includes(channel)) };
  }

  async readAll(): Promise<MeterAnswer<CollectedReadings>> {
    const { messages, atMs } = await this.#read();
    const { device } = this.#request;
    const applications = messages.flatMap(({ application }) => (application === undefined ? [] : [application]));
    const value = readingsOfMessages(applications, messageContextOf(device, atMs));
    const [problem] = applications.flatMap(({ problems }) => problems);
    // A closed message says nothing; a damaged record beside sound ones is passed over.
    if (value.registers.length === 0 && problem !== undefined) throw problem;
    return { kind: "done", value };
  }

  readProfile = () => Promise.resolve(refusal("wired M-Bus has no profiles that can be asked for by time"));
  readEvents = () => Promise.resolve(refusal("wired M-Bus has no event logs"));

  async setClock(atMs: number): Promise<MeterAnswer<void>> {
    const zone = meterZoneOf(this.#request.device);
    const offsetMs = zone.offsetMsAt(atMs);
    const local = new Date(atMs + offsetMs);
    const isSummerTime = isSummerAt(zone, atMs);
    this.#readout = undefined;
    const taken = await this.#master.setClock(this.#target, {
      kind: "dateTime",
      year: local.getUTCFullYear(),
      month: local.getUTCMonth() + 1,
      day: local.getUTCDate(),
      hour: local.getUTCHours(),
      minute: local.getUTCMinutes(),
      second: local.getUTCSeconds(),
      isSummerTime,
      isValid: true,
    });
    if (!taken) throw new LinkError("the meter did not acknowledge the new time", { code: "no-answer" });
    return { kind: "done", value: undefined };
  }

  switchSupply = () => Promise.resolve(refusal("wired M-Bus switches no supply"));
  readSupply = () => Promise.resolve(refusal("wired M-Bus switches no supply"));

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  async #read(): Promise<{ messages: readonly WiredMessage[]; atMs: number }> {
    if (this.#readout === undefined) {
      const result = await this.#master.readout(this.#target);
      if (result.kind === "incomplete") throw incomplete(result);
      this.#readout = { messages: result.messages, atMs: this.#request.world.clock.nowMs() };
    }
    return this.#readout;
  }
}

function identityOf(meter: MeterAddress): MeterIdentity {
  return { meterId: meter.id, manufacturer: meter.manufacturer, firmware: String(meter.version), serialNumber: meter.id };
}

function incomplete(result: Extract<ReadoutResult, { kind: "incomplete" }>): Error {
  switch (result.reason) {
    case "silence":
      return new LinkError(`no answer after ${result.messages.length} telegrams`, { code: "no-answer" });
    case "not-selected":
      return new LinkError("nobody answers to the secondary address", { code: "no-answer", advice: "check the secondary address" });
    case "collision":
      return new LinkError("the answer is garbled: several meters answer, or the line is disturbed", {
        code: "collision",
        advice: "check that no two meters have this address",
      });
    case "limit":
      return new PeerError("the readout does not end", { code: "limit" });
  }
}
