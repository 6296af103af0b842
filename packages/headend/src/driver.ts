import type { HeardTelegram, MeterOrder, TimeSpan } from "@amity/concentrator";
import type { PduLink } from "@amity/dlms";
import type { Clock, Connection, Random, Timers } from "@amity/runtime";
import type {
  EndDeviceControl,
  EndDeviceEvent,
  IntervalSeries,
  KeyControl,
  MeterId,
  RegisterReading,
  OneTimeControl,
  SettingControl,
} from "@amity/model";
import type { FirmwareImage } from "./firmware.ts";
import type { Device } from "./registry.ts";
import type { FrameTrace } from "./session-trace.ts";
import type { KeyVault } from "./key-vault.ts";
import type { StandingReport } from "./standing.ts";
import type { SupplyState } from "./supply-state.ts";
import type { InvocationCounters } from "./invocation-counters.ts";

export type { SupplyState } from "./supply-state.ts";

/** What a driver can do with a meter. The head-end asks before it offers a command; a protocol that lacks one leaves it out. */
export const METER_CAPABILITIES = [
  "identify",
  "readRegisters",
  "readProfile",
  "readEvents",
  "readClock",
  "setClock",
  "switchSupply",
  "limit",
  "tariff",
  "message",
  "billing",
  "payment",
  "firmware",
  "push",
  "keys",
] as const;
export type MeterCapability = (typeof METER_CAPABILITIES)[number];

/**
 * A protocol, as the head-end sees it (the field's universal metering interface). Swapping the communication module of a
 * meter swaps its driver and nothing else. A driver holds no state about meters: what it must remember is in the registry.
 */
export interface MeterDriver {
  /** Stable name, as in `Device.protocol`. */
  readonly protocol: string;
  /** What the protocol can do with a meter that it can ask. */
  readonly capabilities: ReadonlySet<MeterCapability>;
  /** Several meters may be behind one direct address (a bus): they are asked one after another. */
  readonly sharesLine?: boolean;
  /** Whether the route and settings of a device make sense. @throws UsageError `bad-settings`, `bad-route`: what is wrong, and what would be right. */
  checkDevice(device: Device): void;
  /** What can be done with this one: less where it only speaks unasked or hangs behind another. Absent: all of `capabilities`. */
  capabilitiesOf?(device: Device): ReadonlySet<MeterCapability>;
  /**
   * What is collected of it by watermark, by what is `usual` (the load profile and event logs of the head-end's options) and the
   * meters behind it. Absent: nothing; its registers are read at each visit.
   */
  sourcesOf?(device: Device, usual: readonly DeviceSource[], behind: readonly Device[]): readonly DeviceSource[];
  /**
   * Opens an association with the meter at the other end of `link`; the session owns the link from here on.
   * @throws LinkError, PeerError, SecurityError, DecodeError by blame; nothing has changed at the meter then.
   */
  open(link: MeterLink, request: SessionRequest): Promise<MeterSession>;
  /**
   * Takes what a meter says unasked on a line that the head-end opened (route `listen`); the driver owns the link from here on.
   * Absent where the protocol has no such thing.
   */
  listen?(link: MeterLink, request: ListenRequest): void;
  /**
   * What a meter sent of itself: its own readings, and those of the meters behind it that are known. @throws DecodeError,
   * SecurityError.
   */
  interpretPush(device: Device, octets: Uint8Array, context: PushContext): Promise<CollectedReadings>;
  /** The device that a collected object is about: absent or the sender itself, one behind it, or `undefined` where that is not registered. */
  subjectOf?(device: Device, object: string, behind: readonly Device[]): Device | undefined;
  /**
   * Turns what a concentrator collected (the object and its undecoded octets) into the readings that a session would have given.
   * @throws DecodeError, SecurityError.
   */
  interpretDelivery(device: Device, delivery: CollectedObject, context: PushContext): Promise<CollectedReadings> | CollectedReadings;
  /** Meters that listen only after they have spoken: what is asked of them waits for that at their concentrator. Absent elsewhere. */
  readonly orders?: OrderingDriver;
}

/** The telegrams of an order; `MeterOrder` says how they are sent. */
export type OrderContent = Pick<MeterOrder, "answerAfterMs" | "telegrams" | "ending">;

/** What helps to make an order. */
export interface OrderContext {
  readonly keys: KeyVault;
  readonly counters: InvocationCounters;
  readonly nowMs: number;
}

/** How controls become orders, and what the meters' answers tell. */
export interface OrderingDriver {
  /**
   * The order that carries out a control and reads back what came of it; `readBack` only asks. Every call takes message counters of its own:
   * two orders of one control are two commands. @throws SecurityError `missing-key`, UsageError `one-way`.
   */
  orderOf(device: Device, control: EndDeviceControl | "readBack", context: OrderContext): Promise<OrderContent>;
  /**
   * What the meter said in the end, to be asked like a session (which reaches nobody); refused where it would not do it.
   * @throws DecodeError, SecurityError for what is not to be believed.
   */
  answered(device: Device, answers: readonly HeardTelegram[], context: Pick<PushContext, "keys">): Promise<MeterAnswer<MeterSession>>;
}

/** One profile or log of a device, collected by watermark. */
export interface DeviceSource {
  /** As `readProfile` and `readEvents` take it: OBIS text for DLMS, `P.01` for IEC 62056-21. */
  readonly profile: string;
  readonly kind: "intervals" | "events";
  /** Capture period of a profile; one second for a log. Civil ms. */
  readonly captureMs: number;
}

/** What helps to read what a meter sent. */
export interface PushContext {
  readonly receivedAtMs: number;
  readonly keys: KeyVault;
  /** The meters behind the sender, by their channel. */
  readonly behind: readonly Device[];
  /** Each message as it came, for the trace. */
  readonly trace?: (frame: FrameTrace) => void;
}

/** What a listening driver is given, and whom it tells. */
export interface ListenRequest {
  readonly device: Device;
  readonly keys: KeyVault;
  readonly world: { readonly timers: Timers; readonly random: Random; readonly clock: Clock };
  /** The meters behind the sender, by their channel: as they are when something arrives. */
  readonly behind: () => readonly Device[];
  readonly trace?: (frame: FrameTrace) => void;
  /** What one telegram brought: the head-end keeps of it what stands nearest to the ends of intervals. */
  readonly readings: (readings: CollectedReadings) => void;
  /** Something arrived that could not be used: damage, a wrong key. */
  readonly problem: (error: Error) => void;
  /** The line ended, orderly (`undefined`) or not; called once. */
  readonly ended: (error: Error | undefined) => void;
}

/**
 * A way to one meter, already routed: a stream of octets (direct TCP), or whole messages relayed by a concentrator (the
 * gateway of IEC 62056-5-3, E6/E7).
 */
export type MeterLink =
  /** `setBaud` where the stream is a serial line of this machine: rates are changed on the way (IEC 62056-21, M-Bus). */
  (
    | { readonly kind: "stream"; readonly connection: Connection; readonly setBaud?: (baud: number) => void }
    | { readonly kind: "relay"; readonly messages: PduLink }
  ) & {
    /** For the person who reads the trace: `tcp 10.0.0.7:4059`, `relay C03 to 0117`. */
    readonly description: string;
  };

/** Which rights a session needs: the least that will do. */
export type SessionPurpose = "identify" | "read" | "manage";

export interface SessionRequest {
  readonly device: Device;
  readonly purpose: SessionPurpose;
  /** The meters behind this one, as far as they are registered. */
  readonly behind?: readonly Device[];
  readonly keys: KeyVault;
  readonly counters: InvocationCounters;
  readonly world: { readonly timers: Timers; readonly random: Random; readonly clock: Clock };
  /** Each protocol message as it passes, for the trace. */
  readonly trace?: (frame: FrameTrace) => void;
  /** Machine time that one request may take. */
  readonly timeoutMs: number;
}

/** What a meter answered: the answer, or its refusal in its own words. */
export type MeterAnswer<T> = { readonly kind: "done"; readonly value: T } | { readonly kind: "refused"; readonly reason: string };

/**
 * An open association with one meter. Calls run one at a time. Refusals are values; a broken link, a broken protocol and
 * failed security are thrown and end the session. A call that was sent and not answered throws LinkError `no-answer`:
 * for a write that means the outcome is unknown.
 */
export interface MeterSession {
  identify(): Promise<MeterAnswer<MeterIdentity>>;
  readClock(): Promise<MeterAnswer<MeterClockReading>>;
  /** Current cumulative registers; all that the meter has when `channels` is absent. */
  readRegisters(channels?: readonly string[]): Promise<MeterAnswer<readonly RegisterReading[]>>;
  /** Every interval of the profile that ends after `span.fromMs` and not after `span.toMs`. */
  readProfile(profile: string, span: TimeSpan): Promise<MeterAnswer<CollectedProfile>>;
  readEvents(log: string, span: TimeSpan): Promise<MeterAnswer<CollectedEvents>>;
  setClock(atMs: number): Promise<MeterAnswer<void>>;
  switchSupply(to: "disconnect" | "connect"): Promise<MeterAnswer<void>>;
  readSupply(): Promise<MeterAnswer<SupplyState>>;
  /** What can be set and read back; absent where the protocol or the meter knows no such thing. */
  readonly settings?: MeterSettings;
  /** New keys and certificates; absent where the protocol or the association knows no such thing. */
  readonly keyring?: MeterKeyring;
  /** New firmware; absent where the protocol knows no such thing. */
  readonly firmware?: MeterFirmware;
  /** Everything that the meter says in one readout; where it is there, a visit takes this instead of the registers alone. */
  readAll?(): Promise<MeterAnswer<CollectedReadings>>;
  /**
   * The meter behind a channel of this one, in the same association: its profile, log, register, valve. Closing it does nothing.
   * Absent where the protocol knows no such thing.
   */
  behind?(device: Device): MeterSession;
  /** Ends the association in order; never throws. */
  close(): Promise<void>;
}

/** Keys and certificates of a meter. */
export interface MeterKeyring {
  /** Changes them; a refusal leaves the keys of before. */
  change(control: KeyControl): Promise<MeterAnswer<void>>;
  /** Tells whether the meter has what was last given to it: the only thing that counts as done. */
  check(control: KeyControl): Promise<MeterAnswer<{ readonly isAsWanted: boolean; readonly text: string }>>;
}

/** A firmware as a meter is to have it. */
export interface FirmwareWish {
  readonly image: FirmwareImage;
  /** At once where it is absent. */
  readonly activateAtMs: number | undefined;
}

/** The firmware of a meter. */
export interface MeterFirmware {
  /**
   * Brings an image into the meter from wherever it stands, has it verified, and activates it or sets its time. A refusal says at which
   * part it stopped. `tell` is called with each step; its rejection ends the update.
   */
  update(wish: FirmwareWish, tell: (step: string) => Promise<void>): Promise<MeterAnswer<void>>;
  /** How the meter stands to it: the only thing that counts as done. */
  check(wish: FirmwareWish): Promise<MeterAnswer<FirmwareStanding>>;
}

export interface FirmwareStanding {
  /**
   * `inForce`: it runs. `scheduled`: it is verified and waits for its time. `underWay`: the meter itself is at it. `partial`: the update can
   * be gone on with. `failed`: the meter would not.
   */
  readonly stage: "inForce" | "scheduled" | "underWay" | "partial" | "failed";
  readonly text: string;
  /** What the meter calls the firmware that it runs. */
  readonly firmware?: string;
}

/** Limits, tariffs, messages, billing periods and tokens of a meter. */
export interface MeterSettings {
  /** Sets everything that the control asks for; a refusal says at which part it stopped. */
  write(control: SettingControl | OneTimeControl): Promise<MeterAnswer<void>>;
  /** Compares what the meter holds with what the control wants: the only thing that counts as done. */
  compare(control: SettingControl | OneTimeControl): Promise<MeterAnswer<{ readonly isAsWanted: boolean; readonly text: string }>>;
}

export interface MeterIdentity {
  readonly meterId: MeterId;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly serialNumber?: string;
}

export interface MeterClockReading {
  readonly meterTimeMs: number;
  /** Civil time of the head-end when the answer came. */
  readonly readAtMs: number;
  readonly isInvalid: boolean;
}

/** An object as a concentrator read it for us. */
export interface CollectedObject {
  /** OBIS of the profile or log as text, e.g. `1-0:99.1.0`. */
  readonly object: string;
  /** The span that was asked of the meter. */
  readonly span: TimeSpan;
  readonly collectedAtMs: number;
  /** The protocol's own octets. */
  readonly payload: Uint8Array;
}

/** What came in one go: of one meter, or of one and those behind it. */
export interface CollectedReadings {
  readonly intervals: readonly IntervalSeries[];
  readonly registers: readonly RegisterReading[];
  readonly events: readonly EndDeviceEvent[];
  /** What the meter says is the matter with it; the head-end makes events of what changes. */
  readonly standing?: StandingReport;
}

/** One profile of one meter over one span; its registers stand at the edges of each unbroken run, so that gaps can be scaled and sums checked. */
export interface CollectedProfile extends CollectedReadings {
  /** Stamp of the newest row that the meter gave, undefined where it gave none. */
  readonly newestMs: number | undefined;
  readonly rows: number;
}

export interface CollectedEvents {
  readonly events: readonly EndDeviceEvent[];
  readonly newestMs: number | undefined;
}
