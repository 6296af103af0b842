import type { Command, Control, ControlKind, MeterDetail } from "@amity/api";

type Commodity = MeterDetail["meter"]["commodity"];
type Right = "command" | "critical-command";

/** How a kind of command is offered and asked for. */
interface KindWords {
  readonly name: string;
  /** Who may ask for it. */
  readonly right: Right;
  /** What the form's button says. */
  readonly action: string;
  /** What it does to those behind the meter, said before it is asked for. */
  readonly effect: string;
}

/** One row for each kind of command that the head-end has. */
export const KINDS: Readonly<Record<ControlKind, KindWords>> = {
  ping: { name: "Ping", right: "command", action: "Ask", effect: "Nothing changes." },
  readRegisters: { name: "Read registers", right: "command", action: "Read", effect: "Nothing changes." },
  readProfile: {
    name: "Read profile",
    right: "command",
    action: "Read",
    effect: "What the meter kept of these days is read again. Values that are the same change nothing; others become new versions.",
  },
  disconnect: { name: "Disconnect", right: "critical-command", action: "Disconnect", effect: "" },
  connect: { name: "Connect", right: "critical-command", action: "Connect", effect: "" },
  setClock: {
    name: "Set clock",
    right: "critical-command",
    action: "Set clock",
    effect:
      "The meter’s clock is set to the head-end’s time. An interval that the step falls into is marked, and may be longer or shorter.",
  },
  limit: {
    name: "Limit",
    right: "critical-command",
    action: "Set limit",
    effect: "Above the limit for that long the meter disconnects the supply by itself, and stays so until it is connected again.",
  },
  tariff: {
    name: "Tariff calendar",
    right: "critical-command",
    action: "Send calendar",
    effect: "The meter’s tariff registers count by this calendar from then on. Bills made from intervals do not change.",
  },
  message: {
    name: "Message",
    right: "command",
    action: "Send message",
    effect: "The text stands on the customer’s display until another takes its place.",
  },
  resetDemand: {
    name: "Reset demand",
    right: "critical-command",
    action: "End the period",
    effect: "The meter stores its registers and maxima as a billing period, and begins the maxima anew. It cannot be taken back.",
  },
  token: {
    name: "Prepayment token",
    right: "critical-command",
    action: "Enter token",
    effect: "The meter takes the credit of the token, once.",
  },
  changeKeys: {
    name: "Change keys",
    right: "critical-command",
    action: "Change keys",
    effect: "The meter is read under new keys from the next contact on; those of before open it no more.",
  },
  renewCertificate: {
    name: "Renew certificate",
    right: "critical-command",
    action: "Renew certificate",
    effect: "The meter makes a new key pair, and uses it once it holds the certificate.",
  },
  updateFirmware: {
    name: "Update firmware",
    right: "critical-command",
    action: "Install",
    effect:
      "The image is brought to the meter in blocks, verified by it, and runs from then on. What is interrupted goes on where it stopped.",
  },
  setPushSchedule: {
    name: "Push schedule",
    right: "critical-command",
    action: "Set schedule",
    effect: "The meter says these registers of itself at these times, in place of what its push schedule said before.",
  },
};

type Switch = "disconnect" | "connect";

interface SwitchWords extends Readonly<Record<Switch | `${Switch}Effect`, string>> {
  readonly what: string;
}

/** What switching means for a commodity. */
export const SWITCH_WORDS: Readonly<Record<Commodity, SwitchWords>> = {
  electricity: {
    what: "Supply",
    disconnect: "Disconnect supply",
    connect: "Connect supply",
    disconnectEffect: "The home behind this meter goes dark at once.",
    connectEffect: "Power comes back to the home at once; make sure that it is expected there.",
  },
  gas: {
    what: "Valve",
    disconnect: "Close valve",
    connect: "Release valve",
    disconnectEffect: "The home behind this meter is without gas at once.",
    connectEffect: "The valve may be opened by hand at the meter then, by somebody who has looked at every burner.",
  },
  water: {
    what: "Valve",
    disconnect: "Close valve",
    connect: "Open valve",
    disconnectEffect: "The home behind this meter is without water at once.",
    connectEffect: "Water comes back to the home at once; make sure that it is expected there.",
  },
  heat: {
    what: "Valve",
    disconnect: "Close valve",
    connect: "Open valve",
    disconnectEffect: "The home behind this meter is without heat at once.",
    connectEffect: "Heat comes back to the home at once; make sure that it is expected there.",
  },
};

/** Whether a kind switches: its words depend on what is switched. */
export function isSwitch(kind: ControlKind): kind is Switch {
  return kind === "disconnect" || kind === "connect";
}

/** What a kind is called at a meter. */
export function nameOf(kind: ControlKind, commodity: Commodity): string {
  return isSwitch(kind) ? SWITCH_WORDS[commodity][kind] : KINDS[kind].name;
}

/** What a kind does, at a meter. */
export function effectOf(kind: ControlKind, commodity: Commodity): string {
  return isSwitch(kind) ? SWITCH_WORDS[commodity][`${kind}Effect`] : KINDS[kind].effect;
}

/** A command's state in words; one that waits for a person says so. */
export function stateWords({ state, approval }: Pick<Command, "state" | "approval">): string {
  return state === "waiting" && approval !== undefined && approval.by === undefined ? "Waits for a second person" : STATES[state];
}

/** States by their words. */
export const STATES: Readonly<Record<Command["state"], string>> = {
  waiting: "Waiting",
  dispatched: "Sent to the meter",
  unknown: "Outcome unknown, reading back",
  done: "Done",
  failed: "Failed",
  expired: "Expired before it was sent",
  cancelled: "Cancelled",
};

/** A time-of-use calendar as the API takes it. */
export type TariffCalendar = Extract<Control, { kind: "tariff" }>["calendar"];
