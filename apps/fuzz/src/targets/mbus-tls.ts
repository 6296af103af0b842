import {
  MeterKey,
  gatewayDeadlineMs,
  meterDeadlineMs,
  newGatewayState,
  newMeterState,
  stepGateway,
  stepMeter,
  type TlsGatewayState,
  type TlsLinkEffect,
  type TlsLinkInput,
  type TlsLinkOptions,
  type TlsMeterState,
} from "@amity/mbus";
import type { FuzzTarget } from "../fuzz-target.ts";
import { happenings, sequence, type Happening } from "../sequence.ts";

const KIB = 1024;
const METER = { id: "87654321", manufacturer: "AMT", version: 1, deviceType: 7 };
const GATEWAY = { id: "00000001", manufacturer: "AMC", version: 1, deviceType: 0x31 };
const QUEUE_OCTETS_MAX = 4 * KIB;
const CHANNEL_KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const ENDS = { gateway: GATEWAY, meter: METER, format: "none", limits: { queueOctetsMax: QUEUE_OCTETS_MAX } } as const;

/** What a happening is, by its kind modulo their number. All but the first two come from the house; the octets of those come from the air. */
const KINDS = ["gateway hears", "meter hears", "gateway records", "meter records", "secured", "open", "poll", "later", "end"] as const;
type Kind = (typeof KINDS)[number];

/** Both ends of a link, with no air between them: what each hears, the input says. */
class Ends {
  #gateway: TlsGatewayState;
  #meter: TlsMeterState;
  #nowMs = 0;
  readonly #options: { readonly gateway: TlsLinkOptions; readonly meter: TlsLinkOptions };
  /** Telegrams by sender. */
  readonly said = { gateway: [] as Uint8Array[], meter: [] as Uint8Array[] };

  constructor(more: Pick<TlsLinkOptions, "channelKey"> = {}) {
    this.#options = { gateway: { ...ENDS, ...more, side: "gateway" }, meter: { ...ENDS, ...more, side: "meter" } };
    this.#gateway = newGatewayState(this.#options.gateway);
    this.#meter = newMeterState(this.#options.meter);
  }

  happen({ kind, octets }: Happening): void {
    const what = KINDS[kind % KINDS.length] ?? "later";
    this.#nowMs += what === "later" ? Math.max(1, this.#deadlineMs() - this.#nowMs) : 1;
    for (const input of inputsAt("gateway", what, octets)) this.#stepGateway(input);
    for (const input of inputsAt("meter", what, octets)) this.#stepMeter(input);
  }

  #stepGateway(input: TlsLinkInput): void {
    const { state, effects } = stepGateway(this.#gateway, input, this.#nowMs, this.#options.gateway);
    this.#gateway = state;
    this.said.gateway.push(...sentOf(effects));
    bounded(state.outgoing);
  }

  #stepMeter(input: TlsLinkInput): void {
    const { state, effects } = stepMeter(this.#meter, input, this.#nowMs, this.#options.meter);
    this.#meter = state;
    this.said.meter.push(...sentOf(effects));
    bounded(state.outgoing);
  }

  #deadlineMs(): number {
    const times = [gatewayDeadlineMs(this.#gateway, this.#options.gateway), meterDeadlineMs(this.#meter, this.#options.meter)];
    return Math.min(...times.map((time) => time ?? Infinity).filter(Number.isFinite), this.#nowMs + 60_000);
  }
}

function inputsAt(end: "gateway" | "meter", what: Kind, octets: Uint8Array): TlsLinkInput[] {
  switch (what) {
    case "gateway hears":
    case "meter hears":
      return what.startsWith(end) ? [{ kind: "telegram", octets }] : [];
    case "gateway records":
    case "meter records":
      return what.startsWith(end) ? [{ kind: "records", octets, controlInformation: octets[0] }] : [];
    case "open":
    case "poll":
      return end === "gateway" ? [{ kind: what }] : [];
    case "secured":
    case "end":
      return [{ kind: what }];
    case "later":
      return [{ kind: "tick" }];
  }
}

function sentOf(effects: readonly TlsLinkEffect[]): Uint8Array[] {
  return effects.flatMap((effect) => (effect.kind === "transmit" ? [effect.octets] : []));
}

/** Parts carry heads of their own, so the queue may hold somewhat more than the records that were put there. */
function bounded(outgoing: readonly Uint8Array[]): void {
  const octets = outgoing.reduce((sum, { length }) => sum + length, 0);
  if (octets > 2 * QUEUE_OCTETS_MAX) throw new Error(`${octets} octets wait to be sent`);
}

const at = (kind: Kind, octets: Uint8Array = new Uint8Array(0)): Happening => ({ kind: KINDS.indexOf(kind), octets });

/** A session as it goes: request, hello, records in fragments either way, content, its end. Written down as both ends heard it. */
function session(more: Pick<TlsLinkOptions, "channelKey"> = {}): Uint8Array {
  const ends = new Ends(more);
  const heard = { gateway: 0, meter: 0 };
  const story: Happening[] = [];
  const happen = (one: Happening): void => {
    story.push(one);
    ends.happen(one);
  };
  /** Until neither says anything new. */
  const exchange = (): void => {
    for (let quiet = false; !quiet;) {
      const toMeter = ends.said.gateway.slice(heard.meter);
      const toGateway = ends.said.meter.slice(heard.gateway);
      heard.meter += toMeter.length;
      heard.gateway += toGateway.length;
      for (const octets of toMeter) happen(at("meter hears", octets));
      for (const octets of toGateway) happen(at("gateway hears", octets));
      quiet = toMeter.length + toGateway.length === 0;
    }
  };
  const record = (type: number, length: number) => Uint8Array.of(type, 3, 3, length >> 8, length & 0xff, ...new Uint8Array(length));
  happen(at("open"));
  exchange();
  for (const one of [at("meter records", record(0x16, 180)), at("gateway records", record(0x16, 700)), at("secured"), at("poll")]) {
    happen(one);
    exchange();
    happen(at("later"));
    exchange();
  }
  happen(at("meter records", record(0x17, 90)));
  happen(at("poll"));
  exchange();
  happen(at("end"));
  return sequence(story);
}

/** Both ends of a link that carries TLS records (security mode 13), to which anything is said in any order. */
const linkTarget: FuzzTarget = {
  name: "wmbus-tls",
  counted: ["packages/mbus/src"],
  inputOctetsMax: 6 * KIB,
  allocationOctetsMax: 32 * KIB * KIB,
  seeds: () => [session(), session({ channelKey: new MeterKey(CHANNEL_KEY) })],
  dictionary: [Uint8Array.of(0x5e), Uint8Array.of(0x5f), Uint8Array.of(0x9e), Uint8Array.of(0x9f), Uint8Array.of(0x90, 0x0f)],
  decode(octets) {
    const story = happenings(octets);
    for (const more of [{}, { channelKey: new MeterKey(CHANNEL_KEY) }]) {
      const ends = new Ends(more);
      for (const one of story) ends.happen(one);
    }
  },
};

export const targets: readonly FuzzTarget[] = [linkTarget];
