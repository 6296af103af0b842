import { UsageError } from "@amity/bytes";
import type { CommandRequest, EndDeviceControl } from "@amity/model";
import type { MeterCapability } from "./driver.ts";
import type { CommandRecord, Device } from "./registry.ts";
import { objectionToSetting } from "./setting-checks.ts";

const HOUR_MS = 3_600_000;
/** A command that may be sent next month is not a command but a plan. */
const LIFE_MS_MAX = 30 * 24 * HOUR_MS;

const NEEDED: Readonly<Record<EndDeviceControl["kind"], MeterCapability>> = {
  disconnect: "switchSupply",
  connect: "switchSupply",
  readRegisters: "readRegisters",
  readProfile: "readProfile",
  ping: "readClock",
  setClock: "setClock",
  limit: "limit",
  tariff: "tariff",
  message: "message",
  resetDemand: "billing",
  token: "payment",
  changeKeys: "keys",
  renewCertificate: "keys",
  updateFirmware: "firmware",
  setPushSchedule: "push",
};

const KINDS = Object.keys(NEEDED) as EndDeviceControl["kind"][];
/** A reason is a sentence or two, not a report. */
const REASON_MAX = 400;

/** The controls that a meter of these capabilities takes. */
export function controlsOffered(capabilities: ReadonlySet<MeterCapability>): readonly EndDeviceControl["kind"][] {
  return KINDS.filter((kind) => capabilities.has(NEEDED[kind]));
}

/** What a request must be before it is recorded. @throws UsageError. */
export function checkRequest(
  request: CommandRequest,
  facts: { nowMs: number; device: Device | undefined; capabilities: ReadonlySet<MeterCapability> | undefined },
): void {
  const { commandId, meterId, control, expiresAtMs } = request;
  if (commandId === "" || commandId.length > 200) throw new UsageError("a command id has 1 to 200 characters", { code: "bad-id" });
  if ((request.reason ?? "").length > REASON_MAX)
    throw new UsageError(`a reason has at most ${REASON_MAX} characters`, { code: "bad-reason" });
  if (facts.device === undefined) throw new UsageError(`meter ${meterId} is not registered here`, { code: "unknown-meter" });
  if (facts.capabilities?.has(NEEDED[control.kind]) !== true) {
    throw new UsageError(`meter ${meterId} cannot ${control.kind}: its driver does not offer it`, { code: "unsupported" });
  }
  if (expiresAtMs <= facts.nowMs) throw new UsageError("the command has already expired", { code: "expired" });
  if (expiresAtMs > facts.nowMs + LIFE_MS_MAX) throw new UsageError("a command expires within 30 days", { code: "expiry-too-far" });
  if (control.kind === "readProfile" && !(control.fromMs < control.toMs && control.toMs - control.fromMs <= LIFE_MS_MAX)) {
    throw new UsageError("a profile read covers more than nothing and at most 30 days", { code: "bad-span" });
  }
  const objection = objectionToSetting(control);
  if (objection !== undefined) throw new UsageError(objection, { code: "bad-setting" });
}

/** The same id is the same command. @throws UsageError `id-conflict` where the content differs. */
export function sameRequest(known: CommandRecord, request: CommandRequest): CommandRecord {
  const { meterId, control } = known.request;
  if (meterId === request.meterId && JSON.stringify(control) === JSON.stringify(request.control)) return known;
  throw new UsageError(`command ${request.commandId} is already there with another content`, {
    code: "id-conflict",
    advice: "choose a new id for a new command",
  });
}

/** Limits how many supplies may be switched in an hour: a mistake or a theft of rights cannot darken a town. */
export class SwitchingQuota {
  readonly #perHourMax: number;
  #taken: number[] = [];

  constructor(perHourMax: number) {
    this.#perHourMax = perHourMax;
  }

  /** @throws UsageError `quota` where one more would be too many. */
  check(nowMs: number): void {
    this.#taken = this.#taken.filter((atMs) => atMs > nowMs - HOUR_MS);
    if (this.#taken.length >= this.#perHourMax) {
      throw new UsageError(`${this.#perHourMax} supplies have been switched within the hour: no more are taken`, {
        code: "quota",
        advice: "wait, or have the limit raised by whoever is responsible for it",
      });
    }
  }

  count(atMs: number): void {
    this.#taken.push(atMs);
  }
}
