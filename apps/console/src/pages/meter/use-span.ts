import { getRouteApi } from "@tanstack/react-router";
import { useTick, utilityNow } from "../../data/use-live.ts";
import { useZone } from "../../shell/session-context.ts";
import { civilDay, dayStart, startOfCivilDay } from "../../ui/zone-days.ts";

const route = getRouteApi("/meters/$meterId");

/** The spans that the meter page shows, with the grain of their intervals. */
export const SPANS = {
  day: { days: 1, name: "Day", granularity: "raw" },
  week: { days: 7, name: "Week", granularity: "raw" },
  month: { days: 30, name: "30 days", granularity: "PT1H" },
} as const;
export type SpanName = keyof typeof SPANS;

export interface Span {
  readonly name: SpanName;
  readonly fromMs: number;
  readonly toMs: number;
  readonly from: string;
  readonly to: string;
  /** True where the span reaches today. */
  readonly isLast: boolean;
  choose: (name: SpanName) => void;
  move: (steps: number) => void;
  /** Shows the civil day of an instant. */
  show: (atMs: number) => void;
}

/** The span in the address: `span` and the last civil day `day`. Undefined until the utility's time is known. */
export function useSpan(): Span | undefined {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const zone = useZone();
  const known = useTick() !== undefined;
  if (!known) return undefined;

  const name: SpanName = search.span === "day" || search.span === "month" ? search.span : "week";
  const { days } = SPANS[name];
  const today = civilDay(zone, utilityNow());
  const last = search.day !== undefined && /^\d{4}-\d\d-\d\d$/.test(search.day) && search.day < today ? search.day : today;
  const lastStart = startOfCivilDay(zone, last);
  const fromMs = dayStart(zone, lastStart, 1 - days);
  const toMs = dayStart(zone, lastStart, 1);

  const go = (part: { span?: string; day?: string | undefined }): void =>
    void navigate({
      search: (before) => {
        const { day, ...rest } = { ...before, ...part };
        return day === undefined || day >= today ? rest : { ...rest, day };
      },
      replace: true,
      resetScroll: false,
    });
  return {
    name,
    fromMs,
    toMs,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    isLast: last === today,
    choose: (span) => go({ span }),
    move: (steps) => go({ day: civilDay(zone, dayStart(zone, lastStart, steps * days) + 43_200_000) }),
    show: (atMs) => go({ span: "day", day: civilDay(zone, atMs) }),
  };
}
