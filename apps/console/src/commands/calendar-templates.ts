import type { TariffCalendar } from "./command-words.ts";

interface CalendarTemplate {
  readonly words: string;
  readonly calendar: TariffCalendar;
}

const EVERY_DAY = [1, 1, 1, 1, 1, 1, 1];
const WORKING_WEEK = [1, 1, 1, 1, 1, 2, 2];
const ALL_YEAR = [{ name: "YEAR", month: 1, day: 1, week: "ALL" }];

/** Calendars to begin with; each is then changed to what the utility's tariff says. */
export const CALENDAR_TEMPLATES: readonly [CalendarTemplate, ...CalendarTemplate[]] = [
  {
    words: "Day and night",
    calendar: {
      name: "DAY NIGHT",
      seasons: ALL_YEAR,
      weeks: [{ name: "ALL", days: EVERY_DAY }],
      days: [
        {
          id: 1,
          switches: [
            { at: "07:00", tariff: 2 },
            { at: "22:00", tariff: 1 },
          ],
        },
      ],
      specialDays: [],
    },
  },
  {
    words: "Peak on working days",
    calendar: {
      name: "PEAK",
      seasons: ALL_YEAR,
      weeks: [{ name: "ALL", days: WORKING_WEEK }],
      days: [
        {
          id: 1,
          switches: [
            { at: "07:00", tariff: 2 },
            { at: "16:00", tariff: 3 },
            { at: "21:00", tariff: 2 },
            { at: "22:00", tariff: 1 },
          ],
        },
        {
          id: 2,
          switches: [
            { at: "07:00", tariff: 2 },
            { at: "22:00", tariff: 1 },
          ],
        },
      ],
      specialDays: [
        { date: "01-01", day: 2 },
        { date: "12-25", day: 2 },
      ],
    },
  },
  {
    words: "One tariff",
    calendar: {
      name: "FLAT",
      seasons: ALL_YEAR,
      weeks: [{ name: "ALL", days: EVERY_DAY }],
      days: [{ id: 1, switches: [{ at: "00:00", tariff: 1 }] }],
      specialDays: [],
    },
  },
];
