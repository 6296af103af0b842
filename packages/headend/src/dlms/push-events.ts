import { DecodeError } from "@amity/bytes";
import { DATE_TIME_OCTETS, instantOfDateTime } from "@amity/concentrator";
import { isNotification, obisFromOctets, readNotification, type DlmsData } from "@amity/dlms";
import type { EndDeviceEvent, EndDeviceEventKind, MeterId } from "@amity/model";

/** What bits of alarm register and descriptor 1 (0-0:97.98.0 and .20) stand for; bits that are not known are of kind `other`. */
const ALARM_KINDS: Readonly<Record<number, EndDeviceEventKind>> = {
  0x0000_0001: "clockInvalid",
  0x0000_0002: "lastGasp",
  0x0000_0004: "powerUp",
  0x0000_2000: "tamper",
  0x0001_0000: "supplyDisconnected",
  0x0002_0000: "limitExceeded",
  0x0010_0000: "voltageSag",
  0x0020_0000: "voltageSwell",
};

/** The kinds of event in an alarm descriptor, each with its bit; an empty one is one event that says nothing. */
export function kindsOfAlarm(alarm: number): { readonly kind: EndDeviceEventKind; readonly bit: number }[] {
  const bits = Array.from({ length: 32 }, (_, index) => (1 << index) >>> 0).filter((bit) => (alarm & bit) !== 0);
  return bits.length === 0 ? [{ kind: "other", bit: 0 }] : bits.map((bit) => ({ kind: ALARM_KINDS[bit] ?? "other", bit }));
}

/**
 * What a meter pushes of itself (DataNotification): its alarms as events at the instant in the body, or at `receivedAtMs`
 * where there is none. None where the push names a setup that is not for alarms: its numbers are measured values. A push in the clear proves nothing about its sender: the detail says so.
 * @throws DecodeError.
 */
export function eventsOfPush(
  meterId: MeterId,
  apdu: Uint8Array,
  { receivedAtMs, isAuthentic }: { readonly receivedAtMs: number; readonly isAuthentic: boolean },
): EndDeviceEvent[] {
  if (!isNotification(apdu)) throw new DecodeError("a push is no notification", { offset: 0, code: "not-a-notification" });
  const { body } = readNotification(apdu);
  const cells = body.type === "structure" ? body.value : [];
  if (isOfOtherSetup(cells[0])) return [];
  let atMs = receivedAtMs;
  let alarm: number | undefined;
  for (const cell of cells) {
    if (cell.type === "octet-string" && cell.value.length === DATE_TIME_OCTETS) atMs = instantOfDateTime(cell.value) ?? atMs;
    else if (cell.type === "double-long-unsigned") alarm ??= cell.value;
  }
  if (alarm === undefined) return [];
  return kindsOfAlarm(alarm).map(({ kind, bit }) => ({
    meterId,
    atMs,
    kind,
    log: "0-0:97.98.20",
    code: bit,
    detail: isAuthentic ? "push, authenticated" : "push, not authenticated",
  }));
}

/** Push setups are 0-n:25.9.0; n = 4 is for alarms. */
function isOfOtherSetup(first: DlmsData | undefined): boolean {
  if (first?.type !== "octet-string" || first.value.length !== OBIS_OCTETS) return false;
  const name = obisFromOctets(first.value);
  return PUSH_SETUP.test(name) && !name.startsWith(ALARM_SETUP);
}

const OBIS_OCTETS = 6;
const PUSH_SETUP = /^0-\d+:25\.9\.0/;
const ALARM_SETUP = "0-4:25.9.0";
