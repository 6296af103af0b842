import type { Command, Control } from "@amity/api";
import type { CommandAudit, CommandRecord } from "@amity/headend";
import type { EndDeviceControl, TariffCalendar } from "@amity/model";
import { controlWords } from "./control-words.ts";
import { instantText } from "./cursor.ts";
import type { UtilityParts } from "./utility-parts.ts";

const FINAL: ReadonlySet<string> = new Set(["done", "failed", "expired", "cancelled"]);

/** Whose meter it is and whose time, for the words. */
export type CommandPlace = Pick<UtilityParts, "watch" | "zone">;

/** A command as the API shows it. */
export function commandShape({ watch, zone }: CommandPlace, record: CommandRecord, audit: readonly CommandAudit[] = []): Command {
  const { request, state, outcome } = record;
  return {
    commandId: request.commandId,
    meterId: request.meterId,
    control: controlShape(request.control),
    summary: controlWords(request.control, watch.meter(request.meterId)?.commodity ?? "electricity", zone),
    state,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    requestedBy: request.requestedBy,
    requestedAt: instantText(request.requestedAtMs),
    expiresAt: instantText(request.expiresAtMs),
    final: FINAL.has(state),
    ...(outcome === undefined ? {} : { outcome }),
    ...(record.approval === undefined ? {} : { approval: { ...record.approval } }),
    steps: audit.slice(-100).map((entry) => ({ at: instantText(entry.atMs), state: entry.state, text: entry.note })),
    dryRun: false,
  };
}

function controlShape(control: EndDeviceControl): Control {
  switch (control.kind) {
    case "readProfile":
      return { kind: "readProfile", from: instantText(control.fromMs), to: instantText(control.toMs) };
    case "tariff": {
      const { kind, calendar, activateAtMs } = control;
      return { kind, calendar: mutable(calendar), ...(activateAtMs === undefined ? {} : { activateAt: instantText(activateAtMs) }) };
    }
    case "updateFirmware": {
      const { kind, image, activateAtMs } = control;
      return { kind, image, ...(activateAtMs === undefined ? {} : { activateAt: instantText(activateAtMs) }) };
    }
    case "setPushSchedule": {
      const { kind, schedule } = control;
      const { window } = schedule;
      const lists = { registers: [...schedule.registers], times: [...schedule.times] };
      return { kind, schedule: { ...schedule, ...lists, window: window === undefined ? undefined : { ...window } } };
    }
    default:
      return control;
  }
}

export function controlOf(control: Control): EndDeviceControl {
  switch (control.kind) {
    case "readProfile":
      return { kind: "readProfile", fromMs: Date.parse(control.from), toMs: Date.parse(control.to) };
    case "tariff": {
      const { kind, calendar, activateAt } = control;
      const { specialDays, ...rest } = calendar;
      const whole = specialDays === undefined ? rest : { ...rest, specialDays };
      return { kind, calendar: whole, ...(activateAt === undefined ? {} : { activateAtMs: Date.parse(activateAt) }) };
    }
    case "limit": {
      const { kind, watts, overSeconds } = control;
      return watts === undefined ? { kind, overSeconds } : { kind, watts, overSeconds };
    }
    case "updateFirmware": {
      const { kind, image, activateAt } = control;
      return { kind, image, ...(activateAt === undefined ? {} : { activateAtMs: Date.parse(activateAt) }) };
    }
    case "setPushSchedule": {
      const { window, ...rest } = control.schedule;
      return { kind: control.kind, schedule: window === undefined ? rest : { ...rest, window } };
    }
    default:
      return control;
  }
}

type ShownCalendar = Extract<Control, { kind: "tariff" }>["calendar"];

/** The API's types are not readonly. */
function mutable({ name, seasons, weeks, days, specialDays }: TariffCalendar): ShownCalendar {
  return {
    name,
    seasons: [...seasons],
    weeks: weeks.map((week) => ({ name: week.name, days: [...week.days] })),
    days: days.map(({ id, switches }) => ({ id, switches: [...switches] })),
    ...(specialDays === undefined ? {} : { specialDays: [...specialDays] }),
  };
}
