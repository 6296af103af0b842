import { SecurityError, UsageError } from "@amity/bytes";
import type { HeardTelegram } from "@amity/concentrator";
import {
  counterOctets,
  encodeCollectorTelegram,
  MeterKey,
  type Application,
  type FormatStore,
  type MeterAddress,
  type RecordInput,
} from "@amity/mbus";
import type { EndDeviceControl } from "@amity/model";
import type { MeterAnswer, MeterSession, OrderContent, OrderContext, OrderingDriver, PushContext } from "../driver.ts";
import { meterZoneOf } from "../local/meter-zone.ts";
import { refusal } from "../local/refusal.ts";
import type { Device } from "../registry.ts";
import { messageContextOf } from "./mbus-settings.ts";
import { instantOfMeterTime, isMeterTime, readingsOfMessages } from "./record-readings.ts";
import { VALVE_COMMANDS, VALVE_CONTROL, valveOf } from "./valve-state.ts";
import { wirelessListeningOf } from "./wireless-settings.ts";
import { openTelegram, wirelessKeyOf } from "./wireless-telegram.ts";

/** Who the head-end is on the air: a communication controller (device type 31). */
const COLLECTOR: MeterAddress = { id: "00000001", manufacturer: "AMT", version: 1, deviceType: 0x31 };
/**
 * Of an order: command, request, ending. In a row from order to order: in mode 5 the access number, one octet, is all that tells a meter one
 * command from the one before, sent again.
 */
const ACCESS_NUMBERS = 3;

/**
 * Orders to meters of wireless M-Bus (EN 13757-4, OMS Vol. 2, 5): a command (SND-UD) closed in mode 5 or 7 that the meter acknowledges, then
 * a request (REQ-UD2) for what it says now, closed by the meter itself: that answer is what counts. SND-NKE ends the exchange.
 */
export function wirelessOrders(formats: FormatStore): OrderingDriver {
  return {
    async orderOf(device, control, context) {
      const listening = wirelessListeningOf(device);
      if (listening === undefined) throw new UsageError(`${device.meterId} does not listen`, { code: "one-way" });
      const meter = addressOf(device);
      const accessNumber = await context.counters.take(`wmbus access ${device.meterId}`, ACCESS_NUMBERS);
      const common = { collector: COLLECTOR, meter, format: listening.format };
      const records = control === "readBack" ? [] : recordsOf(control);
      // Every order ends with SND-NKE: the next one begins with the frame count bit set.
      const isFirst = records.length === 0;
      const request = encodeCollectorTelegram({ ...common, kind: "request", accessNumber: accessNumber + 1, frameCountBit: isFirst });
      const ending = encodeCollectorTelegram({ ...common, kind: "reset", accessNumber: accessNumber + 2 });
      const content: OrderContent = { answerAfterMs: listening.answerAfterMs, telegrams: [request], ending };
      if (isFirst) return content;
      const key = await wirelessKeyOf(device, context.keys);
      if (key === undefined)
        throw new SecurityError(`${device.meterId} has no key: a command in the clear is obeyed by nobody`, {
          code: "missing-key",
          advice: "store the meter's key as mbus",
        });
      const command = encodeCollectorTelegram({
        ...common,
        kind: "command",
        accessNumber,
        frameCountBit: true,
        records,
        key: new MeterKey(key),
        ...(listening.security === 7 ? { counter: counterOctets(await nextCounter(device, context)) } : {}),
      });
      return { ...content, telegrams: [command, request] };
    },
    async answered(device, answers, context) {
      const [last] = answers.slice(-1);
      if (last === undefined) return refusal("the meter answered nothing");
      return sessionOf(device, last, await applicationOf(device, last, context, formats));
    },
  };
}

async function applicationOf(
  device: Device,
  heard: HeardTelegram,
  { keys }: Pick<PushContext, "keys">,
  formats: FormatStore,
): Promise<Application> {
  return openTelegram(device, heard, { key: await wirelessKeyOf(device, keys), formats }).application;
}

/** What the meter's answer says, as if it were asked in a session. */
function sessionOf(device: Device, heard: HeardTelegram, application: Application): MeterAnswer<MeterSession> {
  const { applicationError, records } = application;
  if (applicationError !== undefined) return refusal(applicationError);
  if (records.length === 0) return refusal("the meter does not acknowledge it");
  const readings = readingsOfMessages([application], messageContextOf(device, heard.atMs));
  const supply = valveOf(records);
  const time = records.find(({ vib, storage }) => vib.quantity === "dateTime" && storage === 0)?.value;
  const meterTimeMs = isMeterTime(time) ? instantOfMeterTime(time, meterZoneOf(device)) : undefined;
  const notAsked = () => Promise.resolve(refusal("a wireless meter is told what to do in an order"));
  const session: MeterSession = {
    identify: notAsked,
    readClock: () =>
      Promise.resolve(
        meterTimeMs === undefined
          ? refusal("the meter does not send its time")
          : // The meter's time has no seconds: it is read as it was when the minute began.
            { kind: "done", value: { meterTimeMs, readAtMs: Math.floor(heard.atMs / MINUTE_MS) * MINUTE_MS, isInvalid: false } },
      ),
    readRegisters: () => Promise.resolve({ kind: "done", value: readings.registers.filter(({ atMs }) => atMs === heard.atMs) }),
    readProfile: notAsked,
    readEvents: notAsked,
    setClock: notAsked,
    switchSupply: notAsked,
    readSupply: () =>
      Promise.resolve(supply === undefined ? refusal("the meter does not tell where its valve stands") : { kind: "done", value: supply }),
    readAll: () => Promise.resolve({ kind: "done", value: readings }),
    close: () => Promise.resolve(),
  };
  return { kind: "done", value: session };
}

const MINUTE_MS = 60_000;

/** What a control writes; nothing for one that only asks. A time would be old when the meter hears it: clocks are not set. */
function recordsOf(control: EndDeviceControl): RecordInput[] {
  const isValve = control.kind === "disconnect" || control.kind === "connect";
  return isValve ? [{ coding: "int8", codes: VALVE_CONTROL, value: VALVE_COMMANDS[control.kind] }] : [];
}

/** `KAM-76348799-1b-16` as an address. */
function addressOf({ route, meterId }: Device): MeterAddress {
  const [manufacturer, id, version, deviceType] = route.kind === "wireless" ? route.address.split("-") : [];
  if (manufacturer === undefined || id === undefined || version === undefined || deviceType === undefined)
    throw new UsageError(`${meterId} has no wireless address`, { code: "bad-route" });
  return { manufacturer, id, version: Number.parseInt(version, 16), deviceType: Number.parseInt(deviceType, 16) };
}

/**
 * Message counters towards a meter only rise. They begin at the whole seconds of civil time, so that whoever spoke to the meter before, its
 * host or another head-end, stays below.
 */
async function nextCounter({ meterId }: Device, { counters, nowMs }: OrderContext): Promise<number> {
  const lease = counters.lease(`wmbus ${meterId}`);
  await lease.raise(Math.floor(nowMs / 1_000));
  await lease.ensure(1);
  return lease.next();
}
