import type { EndDeviceControl, TariffCalendar } from "@amity/model";

const WATTS_MAX = 1_000_000;
const OVER_SECONDS_MAX = 86_400;
const MESSAGE_OCTETS_MAX = 512;
const NAME_MAX = 16;
const ENTRIES_MAX = 24;
const SPECIAL_DAYS_MAX = 100;
const TARIFFS = 4;

/** Why a limit, calendar, message or token is none that a meter could keep; `undefined`: it is, or the control sets nothing. */
export function objectionToSetting(control: EndDeviceControl): string | undefined {
  switch (control.kind) {
    case "limit":
      if (control.watts !== undefined && !isWhole(control.watts, 1, WATTS_MAX)) return `a limit is 1 to ${WATTS_MAX} W`;
      return isWhole(control.overSeconds, 0, OVER_SECONDS_MAX) ? undefined : `a limit may be exceeded for 0 to ${OVER_SECONDS_MAX} s`;
    case "message":
      return new TextEncoder().encode(control.text).length <= MESSAGE_OCTETS_MAX
        ? undefined
        : `a message has at most ${MESSAGE_OCTETS_MAX} octets`;
    case "token":
      return /^[\x21-\x7e][\x20-\x7e]{0,63}$/.test(control.token) ? undefined : "a token has 1 to 64 plain characters";
    case "tariff":
      return objectionToCalendar(control.calendar);
    default:
      return undefined;
  }
}

function objectionToCalendar(calendar: TariffCalendar): string | undefined {
  const { name, seasons, weeks, days, specialDays = [] } = calendar;
  const names = [name, ...seasons.map((season) => season.name), ...weeks.map((week) => week.name)];
  const bad = names.find((one) => !/^[\x20-\x7e]*$/.test(one) || one.length === 0 || one.length > NAME_MAX);
  if (bad !== undefined) return `"${bad}" is no name of 1 to ${NAME_MAX} plain characters`;
  for (const [what, list] of [
    ["season", seasons],
    ["week", weeks],
    ["day", days],
  ] as const) {
    if (list.length === 0 || list.length > ENTRIES_MAX) return `a calendar has 1 to ${ENTRIES_MAX} ${what}s`;
  }
  if (specialDays.length > SPECIAL_DAYS_MAX) return `a calendar has at most ${SPECIAL_DAYS_MAX} special days`;
  return objectionToEntries(calendar);
}

/** Whether what refers to something finds it, and is of the right form. */
function objectionToEntries({ seasons, weeks, days, specialDays = [] }: TariffCalendar): string | undefined {
  const weekNames = new Set(weeks.map(({ name }) => name));
  const ids = new Set(days.map(({ id }) => id));
  for (const { name, month, day, week } of seasons) {
    if (!isWhole(month, 1, 12) || !isWhole(day, 1, 31)) return `season ${name} begins on no day of a year`;
    if (!weekNames.has(week)) return `season ${name} names the week ${week}, which is not there`;
  }
  for (const { name, days: ofWeek } of weeks) {
    if (ofWeek.length !== 7 || ofWeek.some((id) => !ids.has(id))) return `week ${name} needs seven days that are there`;
  }
  for (const { id, switches } of days) {
    if (!isWhole(id, 0, 255)) return `day ${id} has no number from 0 to 255`;
    const isBad = switches.some(({ at, tariff }) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(at) || !isWhole(tariff, 1, TARIFFS));
    if (isBad || switches.length > ENTRIES_MAX) return `day ${id}: a switch is a time HH:MM and a tariff from 1 to ${TARIFFS}`;
  }
  const special = specialDays.find(({ date, day }) => !/^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(date) || !ids.has(day));
  return special === undefined ? undefined : `special day ${special.date}: a date MM-DD or YYYY-MM-DD, and a day that is there`;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
