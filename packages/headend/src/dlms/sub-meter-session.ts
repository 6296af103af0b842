import { COSEM_CLASS, instantOfDateTime, type TimeSpan } from "@amity/concentrator";
import { parseObis, type DlmsData } from "@amity/dlms";
import { manufacturerName } from "@amity/mbus";
import { QUALITY, type RegisterReading } from "@amity/model";
import { clockRange } from "@amity/concentrator";
import type { CollectedEvents, CollectedProfile, MeterAnswer, MeterIdentity, MeterSession } from "../driver.ts";
import type { Device, HostChannel } from "../registry.ts";
import { integerOf, valueOf, type DlmsExchange } from "./dlms-exchange.ts";
import { eventsOfBuffer } from "./event-rows.ts";
import { intervalsOfRows } from "./interval-runs.ts";
import { scalerUnitOf } from "./profile-layout.ts";
import { rowsOfSubMeter, subMeterChannels, subMeterObjects, withOwnCodes } from "./sub-meter.ts";

/** Class 72 of IEC 62056-6-2: M-Bus client. */
const MBUS_CLIENT_CLASS = 72;

/** A meter behind an M-Bus channel of a DLMS meter, seen through the association with its host. */
export function subMeterSession(exchange: DlmsExchange, device: Device, channel: HostChannel): MeterSession {
  const objects = subMeterObjects(channel);
  const valve = parseObis(objects.valve);
  const noClock = { kind: "refused", reason: "a meter behind another has no clock that can be asked: its host stamps its values" } as const;
  return {
    identify: () => identify(exchange, objects.client),
    readClock: () => Promise.resolve(noClock),
    setClock: () => Promise.resolve(noClock),
    readRegisters: () => readRegisters(exchange, device, objects.values),
    async readProfile(profile, span): Promise<MeterAnswer<CollectedProfile>> {
      const rows = await exchange.profileRows(profile, span);
      return rows.kind === "refused" ? rows : { kind: "done", value: intervalsOfRows(device.meterId, rowsOfSubMeter(device, rows.value)) };
    },
    async readEvents(log: string, span: TimeSpan): Promise<MeterAnswer<CollectedEvents>> {
      const raw = await exchange.getRaw(valueOf(COSEM_CLASS.profile, parseObis(log)), clockRange(span));
      if (raw.kind === "refused") return raw;
      const { events, newestMs } = eventsOfBuffer(device.meterId, log, raw.value);
      return { kind: "done", value: { events: withOwnCodes(events, device), newestMs } };
    },
    switchSupply: (to) => exchange.switchContact(valve, to),
    readSupply: () => exchange.readContact(valve),
    // The association belongs to the host's session.
    close: () => Promise.resolve(),
  };
}

/** Attributes 6 to 9 of the M-Bus client: identification number, manufacturer, version, device type (Blue Book 4.8.3). */
async function identify(exchange: DlmsExchange, client: string): Promise<MeterAnswer<MeterIdentity>> {
  const object = valueOf(MBUS_CLIENT_CLASS, parseObis(client));
  const answers = await exchange.getList([6, 7, 8].map((attributeId) => ({ ...object, attributeId })));
  const [identification, manufacturer, version] = answers.map((answer) => (answer.kind === "data" ? numberOf(answer.data) : undefined));
  if (identification === undefined) return { kind: "refused", reason: "the host names no meter on this channel" };
  return {
    kind: "done",
    value: {
      // The number is BCD in a double-long-unsigned: its hexadecimal digits are the printed ones.
      meterId: identification.toString(16).padStart(8, "0"),
      ...(manufacturer === undefined ? {} : { manufacturer: manufacturerName(manufacturer) }),
      ...(version === undefined ? {} : { firmware: String(version) }),
    },
  };
}

/** The values of the channel, each with the instant at which the host took it (attribute 5 of class 4). */
async function readRegisters(
  exchange: DlmsExchange,
  device: Device,
  names: readonly string[],
): Promise<MeterAnswer<readonly RegisterReading[]>> {
  const attributes = names.flatMap((name) =>
    [2, 3, 5].map((attributeId) => ({ ...valueOf(COSEM_CLASS.extendedRegister, parseObis(name)), attributeId })),
  );
  const answers = await exchange.getList(attributes);
  const found = names.flatMap((name, index) => {
    const [value, scalerUnit, captured] = answers.slice(3 * index, 3 * index + 3);
    if (value?.kind !== "data" || scalerUnit?.kind !== "data" || value.data.type === "null-data") return [];
    const atMs = (captured?.kind === "data" ? instantOf(captured.data) : undefined) ?? exchange.nowMs();
    return [{ channel: name, ...scalerUnitOf(scalerUnit.data), atMs, value: integerOf(value.data) }];
  });
  const channels = subMeterChannels(device, found);
  const readings = found.map((register, index): RegisterReading => ({
    ...register,
    meterId: device.meterId,
    channel: channels[index] ?? register.channel,
    quality: QUALITY.raw,
  }));
  if (readings.length > 0) return { kind: "done", value: readings };
  const [first] = answers;
  return { kind: "refused", reason: first?.kind === "refused" ? first.result : "the host has no value of this channel" };
}

function numberOf(value: DlmsData): number | undefined {
  return "value" in value && typeof value.value === "number" ? value.value : undefined;
}

function instantOf(value: DlmsData): number | undefined {
  return value.type === "octet-string" || value.type === "date-time" ? instantOfDateTime(value.value) : undefined;
}
