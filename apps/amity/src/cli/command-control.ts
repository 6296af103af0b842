import { readFile } from "node:fs/promises";
import { Control, ControlKind } from "@amity/api";
import { UsageError } from "@amity/bytes";

/** What the command line says beside the kind; which of it a kind takes is in `FIELDS`. */
export interface ControlOptions {
  readonly watts?: number;
  readonly lift?: boolean;
  readonly overSeconds?: number;
  readonly text?: string;
  readonly from?: string;
  readonly to?: string;
  readonly calendar?: string;
  readonly activateAt?: string;
  readonly by?: string;
  readonly usage?: string;
  readonly token?: string;
  readonly image?: string;
  readonly setup?: number;
  readonly register?: readonly string[];
  readonly destination?: string;
  readonly udp?: boolean;
  readonly at?: readonly string[];
  readonly window?: string;
  readonly spreadSeconds?: number;
}

/** Options of each kind that takes any. */
const FIELDS: Partial<Readonly<Record<ControlKind, readonly (keyof ControlOptions)[]>>> = {
  limit: ["watts", "lift", "overSeconds"],
  message: ["text"],
  readProfile: ["from", "to"],
  tariff: ["calendar", "activateAt"],
  changeKeys: ["by"],
  renewCertificate: ["usage"],
  token: ["token"],
  updateFirmware: ["image", "activateAt"],
  setPushSchedule: ["setup", "register", "destination", "udp", "at", "window", "spreadSeconds"],
};
const ALL_FIELDS = Object.values(FIELDS).flat();

/** The kinds as the command line writes them: `set-clock`. */
export const KIND_NAMES: readonly string[] = ControlKind.options.map(optionText);

/** The control that a command line says. @throws UsageError for an unknown kind, an option of another one, and what the API would refuse. */
export async function controlOfOptions(name: string, options: ControlOptions): Promise<Control> {
  const kind = ControlKind.options.find((one) => optionText(one) === name || one === name);
  if (kind === undefined) throw new UsageError(`${name} is no command`, { code: "kind", advice: `one of ${KIND_NAMES.join(", ")}` });
  const taken = FIELDS[kind] ?? [];
  const foreign = ALL_FIELDS.find((field) => options[field] !== undefined && !taken.includes(field));
  if (foreign !== undefined)
    throw new UsageError(`${optionText(kind)} takes no --${optionText(foreign)}`, {
      code: "option",
      advice: taken.length === 0 ? "it needs no option" : `it takes ${taken.map((field) => `--${optionText(field)}`).join(", ")}`,
    });
  const parsed = Control.safeParse(await fieldsOf(kind, options));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field =
    issue?.path[0] === undefined
      ? ""
      : `--${optionText(String(issue.path[0]))}${issue.path
          .slice(1)
          .map((part) => `/${String(part)}`)
          .join("")}: `;
  throw new UsageError(`${field}${issue?.message ?? "not valid"}`, {
    code: "option",
    advice: "amity command --help lists what each command takes",
  });
}

async function fieldsOf(kind: ControlKind, options: ControlOptions): Promise<Record<string, unknown>> {
  const { watts, lift, overSeconds, text, from, to, calendar, activateAt, by, usage, token } = options;
  switch (kind) {
    case "limit": {
      if ((watts === undefined) === (lift !== true))
        throw new UsageError("limit takes --watts N, or --lift", { code: "option", advice: "--watts 2000 limits, --lift lifts the limit" });
      return { kind, ...(watts === undefined ? {} : { watts }), ...(overSeconds === undefined ? {} : { overSeconds }) };
    }
    case "readProfile":
      return { kind, from: instantOption(from, "--from"), to: instantOption(to, "--to") };
    case "tariff": {
      if (calendar === undefined) throw new UsageError("tariff needs --calendar FILE", { code: "option" });
      const when = activateAt === undefined ? {} : { activateAt: instantOption(activateAt, "--activate-at") };
      return { kind, calendar: await calendarOf(calendar), ...when };
    }
    case "updateFirmware":
      return {
        kind,
        image: options.image,
        ...(activateAt === undefined ? {} : { activateAt: instantOption(activateAt, "--activate-at") }),
      };
    case "setPushSchedule":
      return { kind, schedule: scheduleOf(options) };
    case "changeKeys":
      return { kind, ...(by === undefined ? {} : { by }) };
    case "renewCertificate":
      return { kind, ...(usage === undefined ? {} : { usage }) };
    case "token":
      return { kind, token };
    default:
      return { kind, ...(text === undefined ? {} : { text }) };
  }
}

function scheduleOf({ setup, register, destination, udp, at, window, spreadSeconds }: ControlOptions): Record<string, unknown> {
  const [from, to] = window?.split("-") ?? [];
  return {
    ...(setup === undefined ? {} : { setup }),
    registers: register,
    transport: udp === true ? "udp" : "tcp",
    destination,
    times: at ?? [],
    ...(window === undefined ? {} : { window: { from, to } }),
    ...(spreadSeconds === undefined ? {} : { spreadSeconds }),
  };
}

/** The API takes instants in UTC. */
function instantOption(text: string | undefined, option: string): string {
  const atMs = Date.parse(text ?? "");
  if (text !== undefined && /(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(atMs)) return new Date(atMs).toISOString();
  throw new UsageError(text === undefined ? `${option} is missing` : `${option} "${text}" is no instant`, {
    code: "time",
    advice: "ISO 8601 with its offset, e.g. 2026-11-21T00:00+11:00",
  });
}

async function calendarOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new UsageError(`${file} ${reason}`, {
      code: "calendar",
      advice: "a calendar is JSON: name, seasons, weeks, days, specialDays",
      cause: error,
    });
  }
}

/** `setClock` as `set-clock`. */
function optionText(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
