import { useState } from "react";
import { CALENDAR_TEMPLATES } from "./calendar-templates.ts";
import { CalendarView, DayStrip, WEEKDAYS } from "./calendar-view.tsx";
import type { TariffCalendar } from "./command-words.ts";

type Day = TariffCalendar["days"][number];
type Week = TariffCalendar["weeks"][number];
type Season = TariffCalendar["seasons"][number];
type SpecialDay = NonNullable<TariffCalendar["specialDays"]>[number];

const TARIFFS = [1, 2, 3, 4];
const NAME_MAX = 16;

interface CalendarFieldsProps {
  readonly calendar: TariffCalendar;
  readonly onChange: (calendar: TariffCalendar) => void;
}

/** A time-of-use calendar, from a template or a file, changed day by day. What is wrong with it the head-end says. */
export function CalendarFields({ calendar, onChange }: CalendarFieldsProps) {
  const set = (part: Partial<TariffCalendar>): void => onChange({ ...calendar, ...part });
  return (
    <div className="calendar-fields">
      <Beginnings onChoose={onChange} />
      <label className="label">
        Name of the calendar
        <input
          className="field mono"
          required
          maxLength={NAME_MAX}
          value={calendar.name}
          onChange={(event) => set({ name: event.target.value })}
        />
      </label>
      <DaysFields days={calendar.days} onChange={(days) => set({ days })} />
      <details>
        <summary>
          Weeks, seasons and special days <span className="quiet">{partsWords(calendar)}</span>
        </summary>
        <div className="calendar-parts">
          <WeeksFields calendar={calendar} set={set} />
          <SeasonsFields calendar={calendar} set={set} />
          <SpecialDaysFields calendar={calendar} set={set} />
        </div>
      </details>
      <details>
        <summary>The whole calendar in words</summary>
        <CalendarView calendar={calendar} />
      </details>
    </div>
  );
}

function partsWords({ weeks, seasons, specialDays = [] }: TariffCalendar): string {
  const of = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
  return [of(weeks.length, "week"), of(seasons.length, "season"), of(specialDays.length, "special day")].join(", ");
}

/** Templates, and files as `amity command METER tariff --calendar FILE` takes them. */
function Beginnings({ onChoose }: { onChoose: (calendar: TariffCalendar) => void }) {
  const [fault, setFault] = useState("");
  return (
    <div className="fields">
      <label className="label">
        Begin with
        <select
          className="field"
          defaultValue="0"
          onChange={(event) => {
            const template = CALENDAR_TEMPLATES[Number(event.target.value)];
            if (template !== undefined) onChoose(template.calendar);
          }}
        >
          {CALENDAR_TEMPLATES.map(({ words }, index) => (
            <option key={words} value={index}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label className="label">
        or a file (JSON)
        <input
          className="field file"
          type="file"
          accept=".json,application/json"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file === undefined) return;
            void file.text().then((text) => {
              const calendar = calendarOfText(text);
              setFault(calendar === undefined ? `${file.name} is no calendar: it needs name, seasons, weeks and days` : "");
              if (calendar !== undefined) onChoose(calendar);
            });
          }}
        />
      </label>
      {fault !== "" && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

/** A calendar file; undefined where it has not the parts of one. */
function calendarOfText(text: string): TariffCalendar | undefined {
  try {
    const value = JSON.parse(text) as Partial<TariffCalendar>;
    const isWhole =
      typeof value.name === "string" && Array.isArray(value.seasons) && Array.isArray(value.weeks) && Array.isArray(value.days);
    return isWhole ? (value as TariffCalendar) : undefined;
  } catch {
    return undefined;
  }
}

function DaysFields({ days, onChange }: { days: readonly Day[]; onChange: (days: Day[]) => void }) {
  const setDay = (index: number, day: Day): void => onChange(replaced(days, index, day));
  const nextId = Math.max(0, ...days.map(({ id }) => id)) + 1;
  return (
    <fieldset className="calendar-part">
      <legend>Kinds of days</legend>
      {days.map((day, index) => (
        <div key={day.id} className="calendar-day-fields">
          <div className="calendar-day">
            <strong className="small">Day {day.id}</strong>
            <DayStrip switches={day.switches} />
          </div>
          <SwitchesFields day={day} onChange={(changed) => setDay(index, changed)} />
          {days.length > 1 && (
            <button type="button" className="button" data-size="small" onClick={() => onChange(without(days, index))}>
              Remove day {day.id}
            </button>
          )}
        </div>
      ))}
      <button
        type="button"
        className="button"
        data-size="small"
        onClick={() => onChange([...days, { id: nextId, switches: [{ at: "00:00", tariff: 1 }] }])}
      >
        Add a kind of day
      </button>
    </fieldset>
  );
}

function SwitchesFields({ day, onChange }: { day: Day; onChange: (day: Day) => void }) {
  const { id, switches } = day;
  const set = (index: number, part: Partial<Day["switches"][number]>): void => {
    const before = switches[index];
    if (before !== undefined) onChange({ ...day, switches: replaced(switches, index, { ...before, ...part }) });
  };
  return (
    <ul className="switches">
      {switches.map((one, index) => (
        <li key={index}>
          <input
            className="field"
            type="time"
            required
            aria-label={`Day ${id}, switch ${index + 1}: from`}
            value={one.at}
            onChange={(event) => set(index, { at: event.target.value })}
          />
          <select
            className="field"
            aria-label={`Day ${id}, switch ${index + 1}: tariff`}
            value={one.tariff}
            onChange={(event) => set(index, { tariff: Number(event.target.value) })}
          >
            {TARIFFS.map((tariff) => (
              <option key={tariff} value={tariff}>
                Tariff {tariff}
              </option>
            ))}
          </select>
          <RemoveButton
            what={`switch ${index + 1} of day ${id}`}
            onClick={() => onChange({ ...day, switches: without(switches, index) })}
          />
        </li>
      ))}
      <li>
        <button
          type="button"
          className="button"
          data-size="small"
          onClick={() => onChange({ ...day, switches: [...switches, { at: "12:00", tariff: 1 }] })}
        >
          Add a switch
        </button>
      </li>
    </ul>
  );
}

interface PartProps {
  readonly calendar: TariffCalendar;
  readonly set: (part: Partial<TariffCalendar>) => void;
}

function WeeksFields({ calendar: { weeks, days, seasons }, set }: PartProps) {
  const first = days[0]?.id ?? 1;
  const setWeek = (index: number, week: Week): void => {
    const before = weeks[index]?.name;
    // A season goes on naming the week that it named.
    const renamed = seasons.map((season) => (season.week === before ? { ...season, week: week.name } : season));
    set({ weeks: replaced(weeks, index, week), seasons: renamed });
  };
  return (
    <fieldset className="calendar-part">
      <legend>Weeks</legend>
      {weeks.map((week, index) => (
        <div key={index} className="week-fields">
          <NameField label={`Name of week ${index + 1}`} value={week.name} onChange={(name) => setWeek(index, { ...week, name })} />
          {WEEKDAYS.map((weekday, place) => (
            <label key={weekday} className="label">
              {weekday}
              <DaySelect
                days={days}
                value={week.days[place] ?? first}
                onChange={(day) => setWeek(index, { ...week, days: replaced(week.days, place, day) })}
              />
            </label>
          ))}
          {weeks.length > 1 && <RemoveButton what={`week ${week.name}`} onClick={() => set({ weeks: without(weeks, index) })} />}
        </div>
      ))}
      <button
        type="button"
        className="button"
        data-size="small"
        onClick={() => set({ weeks: [...weeks, { name: `WEEK ${weeks.length + 1}`, days: WEEKDAYS.map(() => first) }] })}
      >
        Add a week
      </button>
    </fieldset>
  );
}

function SeasonsFields({ calendar: { seasons, weeks }, set }: PartProps) {
  const setSeason = (index: number, season: Season): void => set({ seasons: replaced(seasons, index, season) });
  return (
    <fieldset className="calendar-part">
      <legend>Seasons</legend>
      {seasons.map((season, index) => (
        <div key={index} className="week-fields">
          <NameField label={`Name of season ${index + 1}`} value={season.name} onChange={(name) => setSeason(index, { ...season, name })} />
          <WholeField label="Day" max={31} value={season.day} onChange={(day) => setSeason(index, { ...season, day })} />
          <WholeField label="Month" max={12} value={season.month} onChange={(month) => setSeason(index, { ...season, month })} />
          <label className="label">
            Week
            <select className="field" value={season.week} onChange={(event) => setSeason(index, { ...season, week: event.target.value })}>
              {weeks.map(({ name }, place) => (
                <option key={place}>{name}</option>
              ))}
            </select>
          </label>
          {seasons.length > 1 && <RemoveButton what={`season ${season.name}`} onClick={() => set({ seasons: without(seasons, index) })} />}
        </div>
      ))}
      <button
        type="button"
        className="button"
        data-size="small"
        onClick={() =>
          set({ seasons: [...seasons, { name: `SEASON ${seasons.length + 1}`, month: 7, day: 1, week: weeks[0]?.name ?? "" }] })
        }
      >
        Add a season
      </button>
    </fieldset>
  );
}

function SpecialDaysFields({ calendar: { specialDays = [], days }, set }: PartProps) {
  const setDay = (index: number, day: SpecialDay): void => set({ specialDays: replaced(specialDays, index, day) });
  return (
    <fieldset className="calendar-part">
      <legend>Special days</legend>
      {specialDays.map((special, index) => (
        <div key={index} className="week-fields">
          <label className="label">
            Date
            <input
              className="field mono"
              required
              pattern="(\d{4}-)?\d\d-\d\d"
              title="MM-DD for each year, YYYY-MM-DD for once"
              value={special.date}
              onChange={(event) => setDay(index, { ...special, date: event.target.value })}
            />
          </label>
          <label className="label">
            as
            <DaySelect days={days} value={special.day} onChange={(day) => setDay(index, { ...special, day })} />
          </label>
          <RemoveButton what={`special day ${special.date}`} onClick={() => set({ specialDays: without(specialDays, index) })} />
        </div>
      ))}
      <p className="small quiet">MM-DD each year, YYYY-MM-DD once.</p>
      <button
        type="button"
        className="button"
        data-size="small"
        onClick={() => set({ specialDays: [...specialDays, { date: "01-01", day: days.at(-1)?.id ?? 1 }] })}
      >
        Add a special day
      </button>
    </fieldset>
  );
}

function DaySelect({ days, value, onChange }: { days: readonly Day[]; value: number; onChange: (day: number) => void }) {
  const isKnown = days.some(({ id }) => id === value);
  return (
    <select className="field" aria-invalid={!isKnown} value={value} onChange={(event) => onChange(Number(event.target.value))}>
      {!isKnown && <option value={value}>Day {value}, gone</option>}
      {days.map(({ id }) => (
        <option key={id} value={id}>
          Day {id}
        </option>
      ))}
    </select>
  );
}

function NameField({ label, value, onChange }: { label: string; value: string; onChange: (name: string) => void }) {
  return (
    <label className="label">
      Name
      <input
        className="field mono"
        aria-label={label}
        required
        maxLength={NAME_MAX}
        size={10}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function WholeField({ label, max, value, onChange }: { label: string; max: number; value: number; onChange: (value: number) => void }) {
  return (
    <label className="label">
      {label}
      <input
        className="field"
        type="number"
        min={1}
        max={max}
        required
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </label>
  );
}

function RemoveButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <button type="button" className="button" data-kind="plain" data-size="small" aria-label={`Remove ${what}`} onClick={onClick}>
      ×
    </button>
  );
}

function replaced<Item>(items: readonly Item[], index: number, item: Item): Item[] {
  return items.map((one, place) => (place === index ? item : one));
}

function without<Item>(items: readonly Item[], index: number): Item[] {
  return items.filter((_, place) => place !== index);
}
