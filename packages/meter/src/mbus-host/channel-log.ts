import { warningSpans, type Warning } from "../sub-meter/warnings.ts";
import { mbusEventCode, type MbusEventName } from "./event-codes.ts";
import type { MbusChannel } from "./mbus-channel.ts";

/** One entry: when the host noted it, and the code. */
export interface ChannelEvent {
  readonly clockMs: number;
  readonly code: number;
}

/** Entries that a log holds. */
export const CHANNEL_LOG_DEPTH = 100;

/**
 * The log `0-n:24.5.0`: valve moves and what the meter warned of, each noted with the telegram that told of it. Computed from the meter's
 * remembered conditions: nothing is stored.
 */
export function channelEvents(channel: MbusChannel, nowMs: number): readonly ChannelEvent[] {
  const moves = channel.subMeter.meter.valveMoves.map(({ atMs, by, isClosing }): ChannelEvent => {
    const name = by === "remote" ? (isClosing ? "remoteDisconnect" : "remoteConnect") : isClosing ? "manualDisconnect" : "manualConnect";
    return { clockMs: atMs, code: mbusEventCode(name, channel.channel) };
  });
  return newest([...moves, ...told(channel, CONDITION_EVENTS)], Math.max(channel.logClearedMs, 0), nowMs);
}

/** The log `0-0:99.98.3`: communication, battery and tampering of all channels. */
export function communicationEvents(channels: readonly MbusChannel[], nowMs: number): readonly ChannelEvent[] {
  const events = channels.flatMap((channel) => [...told(channel, DEVICE_EVENTS), ...hearing(channel, nowMs)]);
  return newest(events, 0, nowMs);
}

/** Warnings of the meter as events at their first telegram that was understood. */
function told(channel: MbusChannel, names: Readonly<Partial<Record<Warning, readonly [MbusEventName, MbusEventName?]>>>): ChannelEvent[] {
  return warningSpans(channel.subMeter.meter).flatMap(({ warning, fromMs, toMs }) => {
    const [found, gone] = names[warning] ?? [];
    return [
      ...(found === undefined ? [] : noted(channel, found, fromMs)),
      ...(gone === undefined || toMs === Number.POSITIVE_INFINITY ? [] : noted(channel, gone, toMs)),
    ];
  });
}

function noted(channel: MbusChannel, name: MbusEventName, fromMs: number): ChannelEvent[] {
  const { radio } = channel.subMeter;
  const first = Math.max(0, radio.numberAt(fromMs - 1) + 1);
  for (let number = first; number < first + TELEGRAMS_AHEAD_MAX; number++) {
    if (channel.understands(number)) return [{ clockMs: radio.sentAtMs(number), code: mbusEventCode(name, channel.channel) }];
  }
  return [];
}

/** When the host lost its meter (nothing readable for a day, or a key that no longer fits) and when it had it back. */
function hearing(channel: MbusChannel, nowMs: number): ChannelEvent[] {
  const { meter } = channel.subMeter;
  const changes = [...channel.setupChangesMs, ...meter.conditions.map(({ fromMs }) => fromMs)].toSorted((left, right) => left - right);
  const events: ChannelEvent[] = [];
  let isHeard = true;
  for (const [index, atMs] of changes.entries()) {
    const { radioSilent } = meter.conditionAt(atMs);
    const isHearable = channel.couldUnderstand(atMs) && !radioSilent;
    if (isHearable === isHeard) continue;
    const untilMs = changes[index + 1] ?? nowMs;
    // A key that does not fit is seen at once, silence only after a while.
    const clockMs = isHearable ? atMs + meter.plan.radio.intervalMs : atMs + (radioSilent ? SILENCE_MS : meter.plan.radio.intervalMs);
    if (clockMs > untilMs) continue;
    isHeard = isHearable;
    events.push({ clockMs, code: mbusEventCode(isHearable ? "communicationOk" : "communicationError", channel.channel) });
  }
  return events;
}

function newest(events: readonly ChannelEvent[], fromMs: number, nowMs: number): readonly ChannelEvent[] {
  return events
    .filter(({ clockMs }) => clockMs >= fromMs && clockMs <= nowMs)
    .toSorted((left, right) => left.clockMs - right.clockMs)
    .slice(-CHANNEL_LOG_DEPTH);
}

const CONDITION_EVENTS = {
  leak: ["leakFound", "leakGone"],
  burst: ["burstFound", "burstGone"],
  backflow: ["backflowFound", "backflowGone"],
  frost: ["frostFound", "frostGone"],
  air: ["airFound", "airGone"],
  sensorFault: ["sensorFaultFound", "sensorFaultGone"],
} as const;
const DEVICE_EVENTS = { batteryLow: ["replaceBattery"], tamper: ["fraudAttempt"] } as const;
const SILENCE_MS = 24 * 3_600_000;
/** A day: what was not told by then is not told at all. */
const TELEGRAMS_AHEAD_MAX = 96;
