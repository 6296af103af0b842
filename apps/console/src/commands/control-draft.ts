import type { Control, ControlKind } from "@amity/api";
import { civilDay, dayStart, instantOfLocalText, startOfCivilDay } from "../ui/zone-days.ts";
import { CALENDAR_TEMPLATES } from "./calendar-templates.ts";
import type { TariffCalendar } from "./command-words.ts";

/** What a command's form says, before it says it whole. */
export interface ControlDraft {
  readonly isLifted: boolean;
  readonly watts: string;
  readonly overSeconds: string;
  readonly text: string;
  /** Civil days, `to` exclusive. */
  readonly from: string;
  readonly to: string;
  readonly calendar: TariffCalendar;
  /** As a `datetime-local` field holds it, on the utility's clock; empty for "at once". */
  readonly activateAt: string;
  readonly token: string;
  readonly keysBy: "transfer" | "agreement";
  readonly usage: "digital-signature" | "key-agreement";
  /** Identification of an image. */
  readonly image: string;
  readonly push: PushDraft;
}

/** What a form says of a push schedule; lists are words apart. */
export interface PushDraft {
  readonly registers: string;
  readonly destination: string;
  readonly times: string;
  readonly from: string;
  readonly to: string;
  readonly spreadSeconds: string;
}

/** What a form begins with: yesterday, a limit to be typed, the first calendar of the templates. */
export function firstDraft(zone: string, nowMs: number): ControlDraft {
  return {
    isLifted: false,
    watts: "",
    overSeconds: "60",
    text: "",
    from: civilDay(zone, dayStart(zone, nowMs, -1)),
    to: civilDay(zone, nowMs),
    calendar: CALENDAR_TEMPLATES[0].calendar,
    activateAt: "",
    token: "",
    keysBy: "transfer",
    usage: "digital-signature",
    image: "",
    push: { registers: "1-0:1.8.0 1-0:2.8.0", destination: "", times: "00:15", from: "", to: "", spreadSeconds: "0" },
  };
}

/** The control that a draft says; undefined while it is not whole. */
export function controlOf(kind: ControlKind, draft: ControlDraft, zone: string): Control | undefined {
  switch (kind) {
    case "limit": {
      const overSeconds = wholeOf(draft.overSeconds);
      const watts = wholeOf(draft.watts);
      if (overSeconds === undefined) return undefined;
      if (draft.isLifted) return { kind, overSeconds };
      return watts === undefined ? undefined : { kind, watts, overSeconds };
    }
    case "token":
      return draft.token.trim() === "" ? undefined : { kind, token: draft.token.trim() };
    case "changeKeys":
      return { kind, by: draft.keysBy };
    case "renewCertificate":
      return { kind, usage: draft.usage };
    case "message":
      return { kind, text: draft.text };
    case "readProfile": {
      if (draft.from === "" || draft.to === "") return undefined;
      const instant = (day: string): string => new Date(startOfCivilDay(zone, day)).toISOString();
      return { kind, from: instant(draft.from), to: instant(draft.to) };
    }
    case "updateFirmware": {
      const when = activationOf(draft, zone);
      return draft.image === "" || when === undefined ? undefined : { kind, image: draft.image, ...when };
    }
    case "setPushSchedule":
      return pushControl(draft.push);
    case "tariff": {
      const when = activationOf(draft, zone);
      return when === undefined ? undefined : { kind, calendar: draft.calendar, ...when };
    }
    default:
      return { kind };
  }
}

/** Empty for at once; undefined where it is no time. */
function activationOf({ activateAt }: ControlDraft, zone: string): { activateAt?: string } | undefined {
  if (activateAt === "") return {};
  const atMs = instantOfLocalText(zone, activateAt);
  return atMs === undefined ? undefined : { activateAt: new Date(atMs).toISOString() };
}

function pushControl({ registers, destination, times, from, to, spreadSeconds }: PushDraft): Control | undefined {
  const spread = wholeOf(spreadSeconds);
  const names = wordsOf(registers);
  if (spread === undefined || names.length === 0 || destination.trim() === "" || (from === "") !== (to === "")) return undefined;
  const schedule = { setup: 0, registers: names, transport: "tcp" as const, destination: destination.trim(), times: wordsOf(times) };
  const window = from === "" ? {} : { window: { from, to } };
  return { kind: "setPushSchedule", schedule: { ...schedule, ...window, spreadSeconds: spread } };
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function wholeOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}
