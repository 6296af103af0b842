import { data, parseObis, type DlmsData } from "@amity/dlms";
import { READ_REFUSED, RIGHTS, attributes, dataObject, value, type MeterObject, type ObjectContext } from "../dlms/meter-object.ts";
import { CLOCK_COLUMN, listedProfile, type ListedColumn } from "../dlms/profile-object.ts";
import { ROW_STATUS } from "../dlms/profile-buffer.ts";
import { dateTimeOctets } from "../dlms/civil-time.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { SUB_METER_REGISTER_COUNT, type SubMeterMedium } from "../sub-meter/medium.ts";
import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";
import { CHANNEL_LOG_DEPTH, channelEvents, communicationEvents, type ChannelEvent } from "./channel-log.ts";
import { mbusClientObject } from "./mbus-client-object.ts";
import { CHANNEL_PROFILE_ROWS, type ChannelRow } from "./mbus-channel.ts";
import type { HostOf } from "./mbus-host.ts";
import { valveObject } from "./valve-object.ts";
import { channelValueObject } from "./channel-value-object.ts";

/** Channels of a host, and what hangs on each where it is the same for all hosts of a model. */
export const HOST_CHANNELS: readonly HostChannel[] = [1, 2, 3, 4];

/**
 * The objects of an electricity meter with four M-Bus channels (IEC 62056-6-2, classes 72 and 74; names: IEC 62056-6-1, 6.2.22; logs: DSMR P3):
 * client `0-n:24.1.0`, values `0-n:24.2.1` and `.2`, hourly profile `0-n:24.3.0`, valve `0-n:24.4.0`, log `0-n:24.5.0`, all channels' log
 * `0-0:99.98.3`, port `0-0:24.6.0`.
 */
export function mbusObjects(hostOf: HostOf): MeterObject[] {
  return [
    masterPort(),
    lastCode("0-0:96.11.3", ({ meter, nowMs }) => communicationEvents(hostOf(meter)?.channels ?? [], nowMs)),
    eventLog("0-0:99.98.3", "0-0:96.11.3", (context) => communicationEvents(hostOf(context.meter)?.channels ?? [], context.nowMs)),
    ...HOST_CHANNELS.flatMap((channel) => channelObjects(channel, hostOf)),
  ];
}

function channelObjects(channel: HostChannel, hostOf: HostOf): MeterObject[] {
  const events = ({ meter, nowMs }: ObjectContext): readonly ChannelEvent[] => {
    const found = hostOf(meter)?.channel(channel);
    return found === undefined ? [] : channelEvents(found, nowMs);
  };
  return [
    mbusClientObject(channel, hostOf),
    ...Array.from({ length: SUB_METER_REGISTER_COUNT }, (_, register) => channelValueObject(channel, register, hostOf)),
    statusObject(channel),
    hourlyProfile(channel, hostOf),
    valveObject(channel, hostOf),
    lastCode(`0-${channel}:96.11.4`, events),
    eventLog(`0-${channel}:24.5.0`, `0-${channel}:96.11.4`, events, async ({ meter, nowMs }) => {
      return (await hostOf(meter)?.perform({ kind: "mbusClear", what: "log", channel, atMs: nowMs })) ?? false;
    }),
  ];
}

/** The hourly profile: clock, status, the value; of a heat meter its volume as well. Which columns there are follows from the medium. */
function hourlyProfile(channel: HostChannel, hostOf: HostOf): MeterObject {
  const shapes = new Map(
    ([1, 2] as const).map((values) => [
      values,
      listedProfile<ChannelRow>({
        name: `0-${channel}:24.3.0`,
        periodSeconds: 3_600,
        columns: [CLOCK_COLUMN, statusColumn(channel), ...Array.from({ length: values }, (_, register) => valueColumn(channel, register))],
        rows: ({ meter, nowMs }) => hostOf(meter)?.channel(channel)?.rows(nowMs) ?? [],
        depth: () => CHANNEL_PROFILE_ROWS,
        clear: async ({ meter, nowMs }) =>
          (await hostOf(meter)?.perform({ kind: "mbusClear", what: "profile", channel, atMs: nowMs })) ?? false,
      }),
    ]),
  );
  const plain = shapes.get(1);
  if (plain?.invoke === undefined) throw new Error("a listed profile has methods");
  const shapeOf = (meter: SimulatedMeter): MeterObject => {
    const medium = hostOf(meter)?.channel(channel)?.subMeter.meter.plan.medium;
    return shapes.get(medium === undefined ? 1 : PROFILE_VALUES[medium]) ?? plain;
  };
  return {
    definition: plain.definition,
    read: (attributeId, context, selection) => shapeOf(context.meter).read(attributeId, context, selection),
    invoke: plain.invoke.bind(plain),
  };

  function valueColumn(ofChannel: HostChannel, register: number): ListedColumn<ChannelRow> {
    return {
      classId: 4,
      name: `0-${ofChannel}:24.2.${register + 1}`,
      read: ({ hourMs }, { meter }) => {
        const registers = hostOf(meter)?.channel(ofChannel)?.subMeter.meter.registersAt(hourMs);
        return data.doubleLongUnsigned((registers?.[register] ?? 0) % 0x1_0000_0000);
      },
    };
  }
}

function statusColumn(channel: HostChannel): ListedColumn<ChannelRow> {
  return {
    classId: 1,
    name: `0-${channel}:96.10.3`,
    read: ({ clockMs, span, isFirst }, { base }) => {
      const isDaylightSaving = ((dateTimeOctets(clockMs, base)[11] ?? 0) & 0x80) !== 0;
      const begun = isFirst ? (span.run.begunBy === "powerUp" ? ROW_STATUS.powerDown : ROW_STATUS.clockAdjusted) : 0;
      return data.unsigned(
        begun | (span.run.isClockInvalid ? ROW_STATUS.clockInvalid : 0) | (isDaylightSaving ? ROW_STATUS.daylightSaving : 0),
      );
    },
  };
}

function statusObject(channel: HostChannel): MeterObject {
  return dataObject(`0-${channel}:96.10.3`, RIGHTS.clientsRead, ({ meter }) =>
    data.unsigned(meter.isClockInvalid ? ROW_STATUS.clockInvalid : 0),
  );
}

function eventLog(
  name: string,
  codeName: string,
  rows: (context: ObjectContext) => readonly ChannelEvent[],
  clear?: (context: ObjectContext) => Promise<boolean>,
): MeterObject {
  const code: ListedColumn<ChannelEvent> = { classId: 1, name: codeName, read: (event) => data.unsigned(event.code) };
  return listedProfile({
    name,
    columns: [CLOCK_COLUMN, code],
    rows,
    depth: () => CHANNEL_LOG_DEPTH,
    ...(clear === undefined ? {} : { clear }),
  });
}

function lastCode(name: string, rows: (context: ObjectContext) => readonly ChannelEvent[]): MeterObject {
  return dataObject(name, RIGHTS.clientsRead, (context) => data.unsigned(rows(context).at(-1)?.code ?? 0));
}

/** Class 74: 2,400 baud where wires are used; a radio has none. */
function masterPort(): MeterObject {
  const speed: DlmsData = data.enumerated(BAUD_2400);
  return {
    definition: { classId: 74, version: 0, instanceId: parseObis("0-0:24.6.0"), attributes: attributes(RIGHTS.clientsRead, 2) },
    read: (attributeId) => (attributeId === 2 ? value(speed) : READ_REFUSED.undefined),
  };
}

/** Registers that the hourly profile captures: of gas and water the index alone, of heat energy and volume. */
const PROFILE_VALUES: Readonly<Record<SubMeterMedium, 1 | 2>> = { gas: 1, water: 1, heat: 2 };
const BAUD_2400 = 3;
