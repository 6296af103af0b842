import { toHex } from "@amity/bytes";
import { COSEM_CLASS } from "@amity/concentrator";
import {
  ANY_DATE_TIME,
  data,
  encodeData,
  encodeDateTime,
  obisToOctets,
  parseObis,
  timeClasses,
  type AttributeDescriptor,
  type DlmsData,
} from "@amity/dlms";
import type { PushSchedule } from "@amity/model";
import type { MeterAnswer } from "../driver.ts";
import type { DlmsExchange } from "./dlms-exchange.ts";

const PUSH_CLASS = 40;
const ATTRIBUTES = { objects: 2, destination: 3, window: 4, spread: 5, delay: 7, protection: 10 } as const;
/** Single action schedule for pushes, and the scripts that it chooses from: n + 1 pushes setup n. */
const SCHEDULE = { classId: 22, instanceId: parseObis("0-0:15.0.4") } as const;
const SCRIPTS = parseObis("0-0:10.0.108");
const SERVICES = { tcp: 0, udp: 1 } as const;
const A_XDR = 0;
const { executedScript, executionTime } = timeClasses.singleActionSchedule.attributes;

interface Setting {
  readonly attribute: AttributeDescriptor;
  readonly value: DlmsData;
  readonly what: string;
}

/** Class, object and attribute: an element of a push object list. */
type PushedAttribute = readonly [classId: number, name: string, attribute: number];

/**
 * Push setup 0-n:25.9.0 (class 40, versions 0 to 3) and its schedule 0-0:15.0.4. Each push begins with the setup's name, the meter's and its clock;
 * a register comes with its name, scaler and unit, so that whoever receives it needs to know nothing of the meter. Where the association is
 * ciphered pushes are, too, under the same keys: values in the clear from a meter that has keys are not believed.
 */
export class DlmsPushSetup {
  readonly #exchange: DlmsExchange;

  constructor(exchange: DlmsExchange) {
    this.#exchange = exchange;
  }

  /** Sets what, where to and when; the schedule rests while the rest changes. A refusal says at which part it stopped. */
  async write(schedule: PushSchedule): Promise<MeterAnswer<void>> {
    const rest: Setting = { ...timesOf({ ...schedule, times: [] }), what: "the schedule's pause" };
    for (const setting of [rest, ...this.#settingsOf(schedule)]) {
      const result = await this.#set(setting);
      if (result !== undefined) return { kind: "refused", reason: result };
    }
    const listed = await this.#writeList(schedule);
    if (listed !== undefined) return { kind: "refused", reason: listed };
    for (const setting of [scriptOf(schedule), timesOf(schedule)]) {
      const result = await this.#set(setting);
      if (result !== undefined) return { kind: "refused", reason: result };
    }
    return { kind: "done", value: undefined };
  }

  async compare(schedule: PushSchedule): Promise<{ readonly isAsWanted: boolean; readonly text: string }> {
    const wanted = [...this.#settingsOf(schedule), scriptOf(schedule), timesOf(schedule)];
    const list = attributeOf(schedule, ATTRIBUTES.objects);
    const answers = await this.#exchange.getList([list, ...wanted.map(({ attribute }) => attribute)]);
    const [held, ...others] = answers.map((answer) => (answer.kind === "data" ? answer.data : undefined));
    const wrong = wanted.find(({ value }, index) => textOf(others[index]) !== textOf(value));
    if (wrong !== undefined) return { isAsWanted: false, text: `${wrong.what} is not what was sent` };
    if (pushedText(held) !== JSON.stringify(pushedAttributes(schedule).map(keyOf)))
      return { isAsWanted: false, text: "what is pushed is not what was sent" };
    const when = schedule.times.length === 0 ? "at no time" : `at ${schedule.times.join(", ")}`;
    return { isAsWanted: true, text: `${schedule.registers.length} registers go to ${schedule.destination} ${when}` };
  }

  #settingsOf(schedule: PushSchedule): readonly Setting[] {
    if (!this.#exchange.isCiphered) return settingsOf(schedule);
    const attribute = attributeOf(schedule, ATTRIBUTES.protection);
    return [...settingsOf(schedule), { attribute, value: AUTHENTICATED_ENCRYPTED, what: "the protection" }];
  }

  /** The form of the list depends on the version of the class, which the delay's form tells apart but for 2 and 3. */
  async #writeList(schedule: PushSchedule): Promise<string | undefined> {
    const delay = await this.#exchange.get(attributeOf(schedule, ATTRIBUTES.delay));
    const forms = delay.kind === "done" && delay.value.type === "structure" ? NEW_FORMS : OLD_FORMS;
    let result: string | undefined;
    for (const form of forms) {
      const value = data.array(...pushedAttributes(schedule).map((one) => data.structure(...elementOf(one), ...form)));
      result = await this.#set({ attribute: attributeOf(schedule, ATTRIBUTES.objects), value, what: "what is pushed" });
      if (result === undefined) return undefined;
    }
    return result;
  }

  async #set({ attribute, value, what }: Setting): Promise<string | undefined> {
    await this.#exchange.reserve();
    const result = await this.#exchange.client.set(attribute, value);
    return result === "success" ? undefined : `${what}: ${result}`;
  }
}

/** What follows class, name, attribute and index: nothing; no restriction; no restriction, and no columns. */
const NO_RESTRICTION = data.structure(data.enumerated(0), data.nothing);
const OLD_FORMS: readonly (readonly DlmsData[])[] = [[]];
const NEW_FORMS: readonly (readonly DlmsData[])[] = [[NO_RESTRICTION, data.array()], [NO_RESTRICTION]];

/** One layer, authenticated and encrypted, under the key that meter and head-end know. */
const NO_OCTETS = data.octets(new Uint8Array(0));
const AUTHENTICATED_ENCRYPTED = data.array(
  data.structure(data.enumerated(2), data.structure(NO_OCTETS, NO_OCTETS, NO_OCTETS, NO_OCTETS, data.nothing)),
);

function attributeOf({ setup }: PushSchedule, attributeId: number): AttributeDescriptor {
  return { classId: PUSH_CLASS, instanceId: parseObis(`0-${setup}:25.9.0`), attributeId };
}

function settingsOf(schedule: PushSchedule): readonly Setting[] {
  const { transport, destination, window, spreadSeconds } = schedule;
  const to = data.structure(
    data.enumerated(SERVICES[transport]),
    data.octets(new TextEncoder().encode(destination)),
    data.enumerated(A_XDR),
  );
  const windows = window === undefined ? [] : [data.structure(dailyStamp(window.from), dailyStamp(window.to))];
  return [
    { attribute: attributeOf(schedule, ATTRIBUTES.destination), value: to, what: "where it is pushed to" },
    { attribute: attributeOf(schedule, ATTRIBUTES.window), value: data.array(...windows), what: "the window" },
    { attribute: attributeOf(schedule, ATTRIBUTES.spread), value: data.longUnsigned(spreadSeconds), what: "the spread" },
  ];
}

function scriptOf({ setup }: PushSchedule): Setting {
  const value = executedScript.encode({ scriptLogicalName: SCRIPTS, scriptSelector: setup + 1 });
  return { attribute: { ...SCHEDULE, attributeId: 2 }, value, what: "the scheduled push" };
}

function timesOf({ times }: PushSchedule): Setting {
  const date = { year: undefined, month: undefined, dayOfMonth: undefined, dayOfWeek: undefined };
  const value = executionTime.encode(times.map((time) => ({ time: { ...clockTime(time), second: 0, hundredths: 0 }, date })));
  return { attribute: { ...SCHEDULE, attributeId: 4 }, value, what: "the times" };
}

function dailyStamp(time: string): DlmsData {
  return data.octets(encodeDateTime({ ...ANY_DATE_TIME, ...clockTime(time), second: 0, hundredths: 0 }));
}

/** `HH:MM`, or `*:MM` for each hour. */
function clockTime(text: string): { readonly hour: number | undefined; readonly minute: number } {
  const [hour = "", minute = ""] = text.split(":");
  return { hour: hour === "*" ? undefined : Number(hour), minute: Number(minute) };
}

function pushedAttributes({ setup, registers }: PushSchedule): readonly PushedAttribute[] {
  return [
    [PUSH_CLASS, `0-${setup}:25.9.0`, 1],
    [COSEM_CLASS.data, "0-0:42.0.0", 2],
    [COSEM_CLASS.clock, "0-0:1.0.0", 2],
    ...registers.flatMap((name) => [1, 2, 3].map((attribute) => [COSEM_CLASS.register, name, attribute] as const)),
  ];
}

function elementOf([classId, name, attribute]: PushedAttribute): readonly DlmsData[] {
  return [data.longUnsigned(classId), data.octets(obisToOctets(parseObis(name))), data.integer(attribute), data.longUnsigned(0)];
}

function keyOf(one: PushedAttribute): string {
  return elementOf(one).slice(0, 3).map(textOf).join("/");
}

/** A list as the meter holds it, in whichever form. */
function pushedText(list: DlmsData | undefined): string {
  const elements = list?.type === "array" ? list.value : [];
  return JSON.stringify(elements.map((element) => (element.type === "structure" ? element.value.slice(0, 3).map(textOf).join("/") : "")));
}

function textOf(value: DlmsData | undefined): string {
  return value === undefined ? "" : toHex(encodeData(value));
}
