import type { TariffCalendar } from "./command-words.ts";

export const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
const DAY_MINUTES = 1_440;

/** A calendar for the eye: each kind of day as a strip of 24 hours, and in words when it holds. */
export function CalendarView({ calendar }: { calendar: TariffCalendar }) {
  const { seasons, weeks, days, specialDays = [] } = calendar;
  return (
    <div className="calendar-view">
      {days.map((day) => (
        <div key={day.id} className="calendar-day">
          <span className="small">Day {day.id}</span>
          <DayStrip switches={day.switches} />
        </div>
      ))}
      <ul className="small">
        {weeks.map((week) => (
          <li key={week.name}>
            <strong>{week.name}</strong>: {weekWords(week.days)}
          </li>
        ))}
        {seasons.map((season) => (
          <li key={season.name}>
            <strong>{season.name}</strong> begins on {season.day} {MONTHS[season.month - 1] ?? season.month} each year, week {season.week}
          </li>
        ))}
        {specialDays.map(({ date, day }) => (
          <li key={date}>
            {date.length === 5 ? `${Number(date.slice(3))} ${MONTHS[Number(date.slice(0, 2)) - 1] ?? ""} each year` : date}: as day {day}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** 24 hours; what holds before the first switch is what the day before ended with, taken to be this day's own last tariff. */
export function DayStrip({ switches }: { switches: TariffCalendar["days"][number]["switches"] }) {
  const sorted = switches
    .map(({ at, tariff }) => ({ minute: minuteOf(at), tariff }))
    .filter(({ minute }) => Number.isFinite(minute))
    .toSorted((left, right) => left.minute - right.minute);
  const carried = sorted.at(-1)?.tariff;
  const parts = [...(sorted[0]?.minute === 0 || carried === undefined ? [] : [{ minute: 0, tariff: carried }]), ...sorted];
  const words = parts.map(({ minute, tariff }) => `tariff ${tariff} from ${clockOf(minute)}`).join(", ");
  return (
    <div className="day-strip" role="img" aria-label={words === "" ? "no tariff" : words}>
      {parts.map(({ minute, tariff }, index) => {
        const minutes = (parts[index + 1]?.minute ?? DAY_MINUTES) - minute;
        return (
          <span key={minute} data-tariff={tariff} style={{ flex: `${minutes} 0 0` }} title={`from ${clockOf(minute)}`}>
            {minutes >= SHOWN_MINUTES && `T${tariff}`}
          </span>
        );
      })}
    </div>
  );
}

/** Narrower parts have no room for their name. */
const SHOWN_MINUTES = 90;
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

function minuteOf(at: string): number {
  const [hours, minutes] = at.split(":").map(Number);
  return (hours ?? Number.NaN) * 60 + (minutes ?? Number.NaN);
}

function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** Neighbouring weekdays of the same kind are said together. */
function weekWords(days: readonly number[]): string {
  const runs: { first: number; last: number; day: number }[] = [];
  for (const [index, day] of days.entries()) {
    const run = runs.at(-1);
    if (run?.day === day) run.last = index;
    else runs.push({ first: index, last: index, day });
  }
  return runs
    .map(({ first, last, day }) => `${WEEKDAYS[first] ?? ""}${last > first ? ` to ${WEEKDAYS[last] ?? ""}` : ""} as day ${day}`)
    .join(", ");
}
