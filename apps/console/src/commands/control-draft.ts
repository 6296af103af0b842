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
    case "tariff": {
      if (draft.activateAt === "") return { kind, calendar: draft.calendar };
      const atMs = instantOfLocalText(zone, draft.activateAt);
      return atMs === undefined ? undefined : { kind, calendar: draft.calendar, activateAt: new Date(atMs).toISOString() };
    }
    default:
      return { kind };
  }
}

function wholeOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}
