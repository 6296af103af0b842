import { civilDateOf, dayNumberOf, localDayOf, type Zone } from "@amity/intervals";

/** The calendar months of the zone that lie whole within the span, as day numbers `[fromDay, toDay)`. */
export function wholeMonths(zone: Zone, span: { fromMs: number; toMs: number }): { fromDay: number; toDay: number }[] {
  const months: { fromDay: number; toDay: number }[] = [];
  const first = civilDateOf(localDayOf(zone, span.fromMs));
  const lastDay = localDayOf(zone, span.toMs);
  for (let month = first.month; ; month++) {
    const fromDay = dayNumberOf({ year: first.year, month, day: 1 });
    const toDay = dayNumberOf({ year: first.year, month: month + 1, day: 1 });
    if (toDay > lastDay) return months;
    if (fromDay >= localDayOf(zone, span.fromMs)) months.push({ fromDay, toDay });
  }
}
