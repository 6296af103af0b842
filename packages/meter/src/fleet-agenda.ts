import { AmityError } from "@amity/bytes";
import type { Clock, Random, Timer } from "@amity/runtime";
import type { MeterDevice } from "./dlms/meter-device.ts";
import { asksForConfirmation, pushSettings, repetitionDelayMs, type PushSettings } from "./dlms/push-settings.ts";
import { untilWindowMs } from "./dlms/push-windows.ts";
import { timeBaseOf } from "./dlms/time-base.ts";
import type { PendingPush } from "./metrology/meter-functions.ts";
import type { PushCarrier } from "./push-carrier.ts";

export interface AgendaParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly carry: PushCarrier;
  /** A push that was given up after its retries. */
  readonly onLostPush?: (meterId: string, error: unknown) => void;
}

/** How far meters look ahead: their loads are known, so a limit that will be exceeded is, too. */
const LOOK_AHEAD_MS = 3_600_000;
/** Pushes of one meter under way at a time; more are let go. */
const PUSHES_MAX = 8;

/**
 * Lets meters act in time rather than when somebody asks: one alarm of the civil clock for each meter that acts by itself,
 * and its pushes carried out, with randomised start, retries and communication window.
 */
export class FleetAgenda {
  readonly #parts: AgendaParts;
  readonly #alarms = new Map<string, Timer>();
  readonly #underWay = new Map<string, number>();
  readonly #waits = new Set<Timer>();
  #isStopped = false;

  constructor(parts: AgendaParts) {
    this.#parts = parts;
  }

  /** Something changed at a meter: does what is due, sends what waits, and sets its alarm. */
  touch(meterId: string, device: MeterDevice): void {
    if (this.#isStopped) return;
    device.advance();
    // Without power nothing is sent but the last gasp; the rest goes out when the power is back.
    const pushes = device.meter.hasPower ? (device.meter.functionsIfAny?.takePushes() ?? []) : [];
    const { behaviour } = device.meter.surroundings;
    for (const push of pushes) if (behaviour?.pushes(device.meter, push.setup) === true) this.#send(meterId, device, push);
    this.#alarms.get(meterId)?.cancel();
    this.#alarms.delete(meterId);
    if (!device.actsByItself) return;
    const nowMs = this.#parts.clock.nowMs();
    const horizonMs = nowMs + LOOK_AHEAD_MS;
    const nextMs = Math.max(nowMs + 1, device.meter.nextOwnActionMs(horizonMs) ?? horizonMs);
    this.#alarms.set(
      meterId,
      this.#parts.clock.at(nextMs, () => this.touch(meterId, device)),
    );
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of [...this.#alarms.values(), ...this.#waits]) timer.cancel();
    this.#alarms.clear();
    this.#waits.clear();
  }

  #send(meterId: string, device: MeterDevice, push: PendingPush): void {
    const underWay = this.#underWay.get(meterId) ?? 0;
    if (underWay >= PUSHES_MAX) return;
    this.#underWay.set(meterId, underWay + 1);
    void this.#deliver(meterId, device, push)
      .catch((error: unknown) => this.#parts.onLostPush?.(meterId, error))
      .finally(() => this.#underWay.set(meterId, (this.#underWay.get(meterId) ?? 1) - 1));
  }

  /** Repeats what was said the first time, until it is delivered, given up or the setup is reset. @throws the last failure. */
  async #deliver(meterId: string, device: MeterDevice, { setup, atMs }: PendingPush): Promise<void> {
    const settings = pushSettings(device.meter, setup);
    const { transport, destination, clientSap, retries, repetition, randomisationMs } = settings;
    const resets = (): number | undefined => device.meter.functionsIfAny?.pushResets?.get(setup);
    const resetsBefore = resets();
    const isConfirmed = this.#asksForConfirmation(device, setup, settings);
    const plain = device.pushMessage(setup, atMs, isConfirmed);
    await this.#wait(this.#parts.random.float() * randomisationMs);
    for (let attempt = 0; ; attempt++) {
      await this.#wait(this.#untilWindow(device, settings.windows));
      if (resets() !== resetsBefore) return;
      try {
        // Ciphered anew each time: a counter is never used twice.
        const apdu = device.protectPush(setup, plain);
        const isConfirmedBy = isConfirmed ? (answer: Uint8Array) => device.confirmsPush(setup, plain, answer) : undefined;
        const outgoing = { meterId, setup, transport, destination, clientSap, apdu };
        await this.#parts.carry(isConfirmedBy === undefined ? outgoing : { ...outgoing, isConfirmedBy });
        if (isConfirmed) await device.perform({ kind: "confirmPush", atMs: device.advance(), setup });
        return;
      } catch (error) {
        if (!(error instanceof AmityError) || attempt >= retries) throw error;
        await this.#wait(repetitionDelayMs(repetition, attempt));
      }
    }
  }

  #asksForConfirmation({ meter }: MeterDevice, setup: number, settings: PushSettings): boolean {
    const clockMs = meter.clockAt(Math.max(this.#parts.clock.nowMs(), meter.lastOperationMs));
    const confirmedMs = meter.functionsIfAny?.pushConfirmations?.get(setup);
    return asksForConfirmation(settings, { clockMs, confirmedMs, base: timeBaseOf(meter) });
  }

  #untilWindow({ meter }: MeterDevice, windows: readonly (readonly [Uint8Array, Uint8Array])[]): number {
    const nowMs = this.#parts.clock.nowMs();
    const clockMs = meter.clockAt(Math.max(nowMs, meter.lastOperationMs));
    return untilWindowMs(windows, clockMs, timeBaseOf(meter));
  }

  async #wait(civilMs: number): Promise<void> {
    if (civilMs <= 0) return;
    const { clock } = this.#parts;
    await new Promise<void>((resolve) => {
      const timer = clock.at(clock.nowMs() + civilMs, () => {
        this.#waits.delete(timer);
        resolve();
      });
      this.#waits.add(timer);
    });
  }
}
