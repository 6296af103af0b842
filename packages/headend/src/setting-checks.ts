import type { EndDeviceControl, PushSchedule, TariffCalendar } from "@amity/model";

const WATTS_MAX = 1_000_000;
const OVER_SECONDS_MAX = 86_400;
const MESSAGE_OCTETS_MAX = 512;
const NAME_MAX = 16;
const ENTRIES_MAX = 24;
const SPECIAL_DAYS_MAX = 100;
const TARIFFS = 4;
const PUSH_SETUP_MAX = 4;
const PUSHED_REGISTERS_MAX = 8;
const PUSH_TIMES_MAX = 24;
const SPREAD_SECONDS_MAX = 3_600;

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
    case "setPushSchedule":
      return objectionToPushes(control.schedule);
    case "tariff":
      return objectionToCalendar(control.calendar);
    default:
      return undefined;
  }
}

function objectionToPushes({ setup, registers, destination, times, window, spreadSeconds }: PushSchedule): string | undefined {
  if (!isWhole(setup, 0, PUSH_SETUP_MAX)) return `a push setup is one of 0 to ${PUSH_SETUP_MAX}`;
  if (registers.length === 0 || registers.length > PUSHED_REGISTERS_MAX) return `a push has 1 to ${PUSHED_REGISTERS_MAX} registers`;
  const bad = registers.find(
    (name) => !/^\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name) || name.split(/\D/).some((part) => Number(part) > 255),
  );
  if (bad !== undefined) return `"${bad}" is no register: a name such as 1-0:1.8.0`;
  const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(destination) ?? [];
  if (host === undefined || !isWhole(Number(port), 1, 65_535)) return `"${destination}" is no destination: host:port, IPv6 in brackets`;
  const badTime = times.find((time) => !/^(\*|[01]\d|2[0-3]):[0-5]\d$/.test(time));
  if (badTime !== undefined || times.length > PUSH_TIMES_MAX)
    return `a schedule has at most ${PUSH_TIMES_MAX} times, HH:MM each day or *:MM each hour`;
  const edges = window === undefined ? [] : [window.from, window.to];
  if (edges.some((edge) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(edge))) return "a window is from HH:MM to HH:MM";
  return isWhole(spreadSeconds, 0, SPREAD_SECONDS_MAX) ? undefined : `pushes are spread over 0 to ${SPREAD_SECONDS_MAX} s`;
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
