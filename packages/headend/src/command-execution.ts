import type {
  CommandRequest,
  EndDeviceControl,
  FirmwareControl,
  KeyControl,
  OneTimeControl,
  RegisterReading,
  SettingControl,
} from "@amity/model";
import type { FirmwareStanding, FirmwareWish, MeterAnswer, MeterSession, SessionPurpose, SupplyState } from "./driver.ts";
import type { FirmwareShelf } from "./firmware.ts";

/** How a command ended at the meter. */
export type Execution =
  | {
      readonly kind: "done";
      readonly outcome: string;
      readonly registers?: readonly RegisterReading[];
      readonly supply?: SupplyState["control"];
      /** What the meter calls the firmware that it runs. */
      readonly firmware?: string;
    }
  /** It has begun and is not at its end: the meter is at it, or it can be gone on with. */
  | { readonly kind: "open"; readonly outcome: string; readonly canGoOn: boolean }
  | {
      readonly kind: "failed";
      readonly outcome: string;
      readonly supply?: SupplyState["control"];
      readonly firmware?: string;
      /** It was taken, and is not to be seen yet. */
      readonly mayCome?: boolean;
    };

/** Controls that switch, set or change: they are never repeated blindly, their outcome is read back. */
export function isWrite(control: EndDeviceControl): boolean {
  return (
    control.kind === "disconnect" ||
    control.kind === "connect" ||
    control.kind === "setClock" ||
    control.kind === "updateFirmware" ||
    isSetting(control) ||
    isOfKeys(control)
  );
}

/** Controls that can leave people in the dark: counted by the quota. */
export function isSwitching(control: EndDeviceControl): boolean {
  return control.kind === "disconnect" || control.kind === "connect" || (control.kind === "limit" && control.watts !== undefined);
}

function isSetting(control: EndDeviceControl): control is SettingControl | OneTimeControl {
  return SETTINGS.has(control.kind);
}

const SETTINGS: ReadonlySet<EndDeviceControl["kind"]> = new Set([
  "limit",
  "tariff",
  "message",
  "resetDemand",
  "token",
  "setPushSchedule",
] as const);

function isOfKeys(control: EndDeviceControl): control is KeyControl {
  return control.kind === "changeKeys" || control.kind === "renewCertificate";
}

/** The least rights that will do. */
export function purposeOf(control: EndDeviceControl): SessionPurpose {
  return isWrite(control) ? "manage" : "read";
}

/** The contact takes a moment to move; read-backs that find the old state are repeated this often. */
const READ_BACKS = 3;
const READ_BACK_WAIT_MS = 2_000;
/** The clock counts as set when it is this close afterwards, beside what the line itself takes. */
const CLOCK_TOLERANCE_MS = 10_000;

export interface ExecutionWorld {
  readonly nowMs: () => number;
  readonly sleep: (delayMs: number) => Promise<void>;
  /** The images that there are. */
  readonly firmware: FirmwareShelf["firmware"];
}

/** Sends the write of a command; a long one tells its steps. Throws when it is not known whether it arrived. */
export async function sendWrite(
  session: MeterSession,
  control: EndDeviceControl,
  world: ExecutionWorld,
  tell: (step: string) => Promise<void>,
): Promise<MeterAnswer<void>> {
  switch (control.kind) {
    case "disconnect":
    case "connect":
      return session.switchSupply(control.kind);
    case "setClock":
      return session.setClock(world.nowMs());
    case "updateFirmware": {
      const wish = await firmwareWish(control, world);
      return wish === undefined ? NO_IMAGE : (session.firmware?.update(wish, tell) ?? NO_FIRMWARE);
    }
    default:
      if (isOfKeys(control)) return session.keyring?.change(control) ?? NO_KEYS;
      if (!isSetting(control)) return { kind: "done", value: undefined };
      return session.settings?.write(control) ?? NO_SETTINGS;
  }
}

const NO_SETTINGS = { kind: "refused", reason: "this meter's protocol sets no limits, tariffs or messages" } as const;

const NO_KEYS = { kind: "refused", reason: "this association changes no keys" } as const;

const NO_FIRMWARE = { kind: "refused", reason: "this meter's protocol takes no firmware" } as const;

const NO_IMAGE = { kind: "refused", reason: "the image is no longer there" } as const;

async function firmwareWish({ image, activateAtMs }: FirmwareControl, world: ExecutionWorld): Promise<FirmwareWish | undefined> {
  const found = await world.firmware(image);
  return found === undefined ? undefined : { image: found, activateAtMs };
}

/**
 * Asks the meter what came of a write: the only thing that may be done about one whose outcome is unknown.
 * Throws when the meter cannot be asked.
 */
export async function readBack(session: MeterSession, control: EndDeviceControl, world: ExecutionWorld): Promise<Execution> {
  if (control.kind === "setClock") return readClockBack(session, world);
  if (isSetting(control)) return compareSetting(session, control);
  if (isOfKeys(control)) return checkKeys(session, control);
  if (control.kind === "updateFirmware") return checkFirmware(session, control, world);
  let last: Execution = { kind: "failed", outcome: "the meter does not tell its output state" };
  for (let round = 0; round < READ_BACKS; round++) {
    if (round > 0) await world.sleep(READ_BACK_WAIT_MS);
    const answer = await session.readSupply();
    if (answer.kind === "refused") return { kind: "failed", outcome: `the output state could not be read back: ${answer.reason}` };
    last = judgeSupply(control, answer.value);
    if (last.kind === "done") return last;
  }
  return last;
}

function judgeSupply(control: EndDeviceControl, state: SupplyState): Execution {
  const supply = state.control;
  const text = `output ${state.outputOn ? "on" : "off"}, control state ${supply}`;
  if (control.kind === "disconnect" && !state.outputOn) return { kind: "done", outcome: `read back: ${text}`, supply };
  if (control.kind === "connect" && state.outputOn) return { kind: "done", outcome: `read back: ${text}`, supply };
  // Modes that want a hand at the meter: the head-end's part is done, the customer closes the contact.
  if (control.kind === "connect" && supply === "readyForReconnection") {
    return { kind: "done", outcome: `read back: ${text}; waits for the button at the meter`, supply };
  }
  return { kind: "failed", outcome: `read back: ${text}; not carried out`, supply, mayCome: true };
}

async function compareSetting(session: MeterSession, control: SettingControl | OneTimeControl): Promise<Execution> {
  const answer = (await session.settings?.compare(control)) ?? NO_SETTINGS;
  if (answer.kind === "refused") return { kind: "failed", outcome: `the setting could not be read back: ${answer.reason}` };
  return { kind: answer.value.isAsWanted ? "done" : "failed", outcome: `read back: ${answer.value.text}` };
}

async function checkKeys(session: MeterSession, control: KeyControl): Promise<Execution> {
  const answer = (await session.keyring?.check(control)) ?? NO_KEYS;
  if (answer.kind === "refused") return { kind: "failed", outcome: `the keys could not be checked: ${answer.reason}` };
  return { kind: answer.value.isAsWanted ? "done" : "failed", outcome: `checked: ${answer.value.text}` };
}

async function checkFirmware(session: MeterSession, control: FirmwareControl, world: ExecutionWorld): Promise<Execution> {
  const wish = await firmwareWish(control, world);
  const answer = wish === undefined ? NO_IMAGE : ((await session.firmware?.check(wish)) ?? NO_FIRMWARE);
  if (answer.kind === "refused") return { kind: "failed", outcome: `the firmware could not be read back: ${answer.reason}` };
  return executionOf(answer.value);
}

function executionOf({ stage, text, firmware }: FirmwareStanding): Execution {
  const outcome = `read back: ${text}`;
  if (stage === "partial" || stage === "underWay") return { kind: "open", outcome, canGoOn: stage === "partial" };
  return { kind: stage === "failed" ? "failed" : "done", outcome, ...(firmware === undefined ? {} : { firmware }) };
}

async function readClockBack(session: MeterSession, world: ExecutionWorld): Promise<Execution> {
  const askedMs = world.nowMs();
  const answer = await session.readClock();
  // The time was right when it was sent and the answer when it left: over a slow line both are late, by no more than a round trip each.
  const toleranceMs = CLOCK_TOLERANCE_MS + 2 * (world.nowMs() - askedMs);
  if (answer.kind === "refused") return { kind: "failed", outcome: `the clock could not be read back: ${answer.reason}` };
  const offsetMs = answer.value.meterTimeMs - answer.value.readAtMs;
  const text = `read back: clock off by ${Math.round(offsetMs / 1000)} s`;
  return Math.abs(offsetMs) <= toleranceMs ? { kind: "done", outcome: text } : { kind: "failed", outcome: text };
}

/** Carries out a command that changes nothing at the meter. */
export async function executeRead(session: MeterSession, request: CommandRequest): Promise<Execution> {
  if (request.control.kind === "readRegisters") {
    const answer = await session.readRegisters();
    if (answer.kind === "refused") return { kind: "failed", outcome: `refused: ${answer.reason}` };
    return { kind: "done", outcome: `${answer.value.length} registers read`, registers: answer.value };
  }
  const answer = await session.readClock();
  if (answer.kind === "refused") return { kind: "failed", outcome: `refused: ${answer.reason}` };
  const offsetS = Math.round((answer.value.meterTimeMs - answer.value.readAtMs) / 1000);
  return { kind: "done", outcome: `the meter answers; its clock is off by ${offsetS} s` };
}
