import { data, encodeData, obisToOctets, parseObis } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import { dateTimeOctets } from "./civil-time.ts";
import { logicalDeviceName } from "./identity.ts";
import { timeBaseOf } from "./time-base.ts";

const DATA_NOTIFICATION = 0x0f;
/** Push setup "on power failure" (OBIS 0-4:25.9.0: push setup, alarm) and alarm bit 1: power down. */
const PUSH_SETUP = parseObis("0-4:25.9.0");
const ALARM_POWER_DOWN = 0x0000_0002;

/**
 * What a meter sends with its last charge when the supply fails: a Data-Notification, not ciphered (IEC 62056-5-3, 8.3), with the push
 * setup's name, the logical device name, the time and the alarm. Fits one frame of any medium.
 */
export function lastGaspApdu(meter: SimulatedMeter, atMs: number): Uint8Array {
  const { type } = meter.surroundings;
  const stamp = dateTimeOctets(meter.clockAt(atMs), timeBaseOf(meter), meter.isClockInvalid);
  const body = encodeData(
    data.structure(
      data.octets(obisToOctets(PUSH_SETUP)),
      data.octets(new TextEncoder().encode(logicalDeviceName(type, meter.plan.serial))),
      data.octets(stamp),
      data.doubleLongUnsigned(ALARM_POWER_DOWN),
    ),
  );
  // Long invoke id 1, unconfirmed; the date-time stands in the body.
  const head = Uint8Array.of(DATA_NOTIFICATION, 0x00, 0x00, 0x00, 0x01, 0x00);
  const apdu = new Uint8Array(head.length + body.length);
  apdu.set(head);
  apdu.set(body, head.length);
  return apdu;
}
