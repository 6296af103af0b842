import { toHex } from "@amity/bytes";
import {
  data,
  encodeData,
  encodeInstant,
  parseObis,
  timeClasses,
  ANY_DATE_TIME,
  type AttributeDescriptor,
  type CosemDate,
  type DlmsData,
} from "@amity/dlms";
import type { OneTimeControl, SettingControl, TariffCalendar } from "@amity/model";
import type { MeterAnswer, MeterSettings } from "../driver.ts";
import type { DlmsExchange } from "./dlms-exchange.ts";
import { DlmsOneTime } from "./dlms-one-time.ts";
import { DlmsPushSetup } from "./dlms-push-setup.ts";

const LIMITER = { classId: 71, instanceId: parseObis("0-0:17.0.0") } as const;
const CALENDAR = { classId: 20, instanceId: parseObis("0-0:13.0.0") } as const;
const SPECIAL_DAYS = { classId: 11, instanceId: parseObis("0-0:11.0.0"), attributeId: 2 } as const;
const MESSAGE = { classId: 1, instanceId: parseObis("0-0:96.13.0"), attributeId: 2 } as const;
const TARIFF_SCRIPTS = parseObis("0-0:10.0.100");
/** Attributes: the active calendar begins at 2, the passive one at 6; 10 is when it becomes active. */
const ACTIVE = 2;
const PASSIVE = 6;
const ACTIVATION = 10;
/** Nothing exceeds it. */
const NO_LIMIT = 0xffff_ffff;
const { activityCalendar, specialDaysTable } = timeClasses;

/** Controls of which each part is one attribute, the same in every meter. */
type AttributeControl = Exclude<SettingControl, { kind: "setPushSchedule" }>;

/** One attribute and what it is to hold. */
interface Setting {
  readonly attribute: AttributeDescriptor;
  readonly value: DlmsData;
  readonly what: string;
}

/**
 * Limits by the limiter 0-0:17.0.0, tariffs by activity calendar 0-0:13.0.0 and special days 0-0:11.0.0, messages by
 * 0-0:96.13.0, pushes by their setups and schedule. Everything is written, then compared octet for octet with what the meter gives back.
 */
export class DlmsSettings implements MeterSettings {
  readonly #exchange: DlmsExchange;
  readonly #oneTime: DlmsOneTime;
  readonly #push: DlmsPushSetup;

  constructor(exchange: DlmsExchange) {
    this.#exchange = exchange;
    this.#oneTime = new DlmsOneTime(exchange);
    this.#push = new DlmsPushSetup(exchange);
  }

  async write(control: SettingControl | OneTimeControl): Promise<MeterAnswer<void>> {
    if (control.kind === "resetDemand" || control.kind === "token") return this.#oneTime.write(control);
    if (control.kind === "setPushSchedule") return this.#push.write(control.schedule);
    await this.#exchange.reserve();
    for (const { attribute, value, what } of settingsOf(control, PASSIVE)) {
      const result = await this.#exchange.client.set(attribute, value);
      if (result !== "success") return { kind: "refused", reason: `${what}: ${result}` };
    }
    if (control.kind !== "tariff" || control.activateAtMs !== undefined) return { kind: "done", value: undefined };
    const outcome = await this.#exchange.client.action({ ...CALENDAR, methodId: 1 }, data.integer(0));
    return outcome.kind === "done" ? { kind: "done", value: undefined } : { kind: "refused", reason: `activation: ${outcome.result}` };
  }

  async compare(control: SettingControl | OneTimeControl): Promise<MeterAnswer<{ readonly isAsWanted: boolean; readonly text: string }>> {
    if (control.kind === "resetDemand" || control.kind === "token") return { kind: "done", value: await this.#oneTime.compare(control) };
    if (control.kind === "setPushSchedule") return { kind: "done", value: await this.#push.compare(control.schedule) };
    // A calendar that was to become active later is looked for where it waits, then where it is in force.
    const places = control.kind === "tariff" && control.activateAtMs !== undefined ? [PASSIVE, ACTIVE] : [ACTIVE];
    let different = "";
    for (const place of places) {
      const wanted = settingsOf(control, place);
      const answers = await this.#exchange.getList(wanted.map(({ attribute }) => attribute));
      const wrong = wanted.find(({ value }, index) => {
        const answer = answers[index];
        return answer?.kind !== "data" || toHex(encodeData(answer.data)) !== toHex(encodeData(value));
      });
      if (wrong === undefined) return { kind: "done", value: { isAsWanted: true, text: textOf(control, place) } };
      const answer = answers[wanted.indexOf(wrong)];
      different = answer?.kind === "data" ? `${wrong.what} is not what was sent` : `${wrong.what}: ${answer?.result ?? "no answer"}`;
    }
    return { kind: "done", value: { isAsWanted: false, text: different } };
  }
}

function settingsOf(control: AttributeControl, place: number): Setting[] {
  switch (control.kind) {
    case "limit":
      return [
        { attribute: { ...LIMITER, attributeId: 6 }, value: data.doubleLongUnsigned(control.overSeconds), what: "the limit's duration" },
        { attribute: { ...LIMITER, attributeId: 4 }, value: data.doubleLongUnsigned(control.watts ?? NO_LIMIT), what: "the limit" },
      ];
    case "message":
      return [{ attribute: MESSAGE, value: data.octets(new TextEncoder().encode(control.text)), what: "the message" }];
    case "tariff":
      return calendarSettings(control, place);
  }
}

function calendarSettings({ calendar, activateAtMs }: Extract<SettingControl, { kind: "tariff" }>, place: number): Setting[] {
  const parts = [
    { value: octetText(calendar.name), what: "the calendar's name" },
    { value: seasonsOf(calendar), what: "the seasons" },
    { value: weeksOf(calendar), what: "the weeks" },
    { value: daysOf(calendar), what: "the days" },
  ].map((part, index) => ({ ...part, attribute: { ...CALENDAR, attributeId: place + index } }));
  const special = { attribute: SPECIAL_DAYS, value: specialDaysOf(calendar), what: "the special days" };
  const isWaiting = activateAtMs !== undefined && place === PASSIVE;
  const time = isWaiting
    ? [
        {
          attribute: { ...CALENDAR, attributeId: ACTIVATION },
          value: data.octets(encodeInstant(activateAtMs)),
          what: "the activation time",
        },
      ]
    : [];
  return [special, ...parts, ...time];
}

function seasonsOf({ seasons }: TariffCalendar): DlmsData {
  return activityCalendar.attributes.seasonProfilePassive.encode(
    seasons.map(({ name, month, day, week }) => ({
      seasonProfileName: octets(name),
      seasonStart: { ...ANY_DATE_TIME, month, dayOfMonth: day, hour: 0, minute: 0, second: 0, hundredths: 0 },
      weekName: octets(week),
    })),
  );
}

function weeksOf({ weeks }: TariffCalendar): DlmsData {
  return activityCalendar.attributes.weekProfileTablePassive.encode(
    weeks.map(({ name, days: [monday = 0, tuesday = 0, wednesday = 0, thursday = 0, friday = 0, saturday = 0, sunday = 0] }) => ({
      weekProfileName: octets(name),
      monday,
      tuesday,
      wednesday,
      thursday,
      friday,
      saturday,
      sunday,
    })),
  );
}

function daysOf({ days }: TariffCalendar): DlmsData {
  return activityCalendar.attributes.dayProfileTablePassive.encode(
    days.map(({ id, switches }) => ({
      dayId: id,
      daySchedule: switches.map(({ at, tariff }) => ({
        startTime: { hour: Number(at.slice(0, 2)), minute: Number(at.slice(3, 5)), second: 0, hundredths: 0 },
        scriptLogicalName: TARIFF_SCRIPTS,
        scriptSelector: tariff,
      })),
    })),
  );
}

function specialDaysOf({ specialDays = [] }: TariffCalendar): DlmsData {
  return specialDaysTable.attributes.entries.encode(
    specialDays.map(({ date, day }, index) => ({ index: index + 1, specialDayDate: dateOf(date), dayId: day })),
  );
}

function dateOf(date: string): CosemDate {
  const [day, month, year] = date.split("-").reverse().map(Number);
  return { year, month, dayOfMonth: day, dayOfWeek: undefined };
}

function textOf(control: AttributeControl, place: number): string {
  switch (control.kind) {
    case "limit":
      return control.watts === undefined ? "no limit" : `limit ${control.watts} W, exceeded for at most ${control.overSeconds} s`;
    case "message":
      return "the message is in the meter";
    case "tariff":
      return place === PASSIVE ? `calendar ${control.calendar.name} waits for its time` : `calendar ${control.calendar.name} is in force`;
  }
}

function octets(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function octetText(text: string): DlmsData {
  return data.octets(octets(text));
}
