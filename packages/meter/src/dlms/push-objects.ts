import { DecodeError } from "@amity/bytes";
import { data, obisToOctets, parseObis, portClasses, type DlmsData } from "@amity/dlms";
import type { SimulatedMeter } from "../simulated-meter.ts";
import type { CapturedAttribute } from "./captured-value.ts";
import { DONE, configuredObject, refused } from "./configured-object.ts";
import { hasForm } from "./configured-values.ts";
import type { MeterObject } from "./meter-object.ts";
import { PUSH_SETUPS } from "./scripts.ts";
import { UnderstoodSettings } from "./settings.ts";

const { pushSetup1 } = portClasses;
const OBJECTS_MAX = 32;
const RETRIES_MAX = 10;
const PUSH_CLIENT = 64;

/** How a push is protected: not at all, under general-glo-ciphering, or under general-ciphering with the identified key. */
export type PushProtection = "plain" | "general-global" | "general-ciphering";

/** How a push setup is set. */
export interface PushSettings {
  readonly objects: readonly CapturedAttribute[];
  readonly transport: string;
  /** `host:port`; empty: wherever the meter's network takes it. */
  readonly destination: string;
  /** From and to, as the meter's clock reads them; none: always. */
  readonly windows: readonly (readonly [from: Uint8Array, to: Uint8Array])[];
  readonly randomisationMs: number;
  readonly retries: number;
  readonly repetitionMs: number;
  readonly clientSap: number;
  readonly protection: PushProtection;
}

/** Class 40 Push setup version 1, 0-n:25.9.0: interval, connectivity, installation, consumption, alarm. */
export function pushObjects(): MeterObject[] {
  return Object.values(PUSH_SETUPS).map((setup) =>
    configuredObject({
      class: pushSetup1,
      name: pushSetupName(setup),
      values: {
        pushObjectList: pushSetup1.attributes.pushObjectList.encode(factoryObjects(setup)),
        sendDestinationAndMethod: data.structure(data.enumerated(0), data.octets(new Uint8Array(0)), data.enumerated(0)),
        communicationWindow: data.array(),
        randomisationStartInterval: data.longUnsigned(0),
        numberOfRetries: data.unsigned(3),
        repetitionDelay: data.longUnsigned(60),
        portReference: data.octets(obisToOctets(parseObis("0-0:25.0.0"))),
        pushClientSap: data.integer(PUSH_CLIENT),
        pushProtectionParameters: data.array(),
      },
      writable: Object.keys(pushSetup1.attributes).filter((name) => name !== "portReference"),
      judge,
      methods: {
        push: async (_parameter, context) =>
          (await context.perform({ kind: "push", atMs: context.nowMs, setup })) ? DONE : refused("temporary-failure"),
      },
    }),
  );
}

export function pushSetupName(setup: number): string {
  return `0-${setup}:25.9.0`;
}

/** How push setup n of a meter is set. */
export function pushSettings(meter: SimulatedMeter, setup: number): PushSettings {
  const name = pushSetupName(setup);
  let understood = UNDERSTOOD.get(setup);
  if (understood === undefined) UNDERSTOOD.set(setup, (understood = settingsOf(setup)));
  return understood.of(
    meter,
    [2, 3, 4, 5, 6, 7, 9, 10].map((attributeId) => [name, attributeId] as const),
  );
}

const UNDERSTOOD = new Map<number, UnderstoodSettings<PushSettings>>();

function settingsOf(setup: number): UnderstoodSettings<PushSettings> {
  const { attributes } = pushSetup1;
  const factory: PushSettings = {
    objects: factoryObjects(setup),
    transport: "tcp",
    destination: "",
    windows: [],
    randomisationMs: 0,
    retries: 3,
    repetitionMs: 60_000,
    clientSap: PUSH_CLIENT,
    protection: "plain",
  };
  return new UnderstoodSettings(([objects, method, windows, randomisation, retries, delay, clientSap, protection]) => {
    const sent = method === undefined ? undefined : attributes.sendDestinationAndMethod.decode(method);
    return {
      ...factory,
      ...(objects === undefined ? {} : { objects: attributes.pushObjectList.decode(objects) }),
      ...(sent === undefined ? {} : { transport: sent.transportService, destination: new TextDecoder("latin1").decode(sent.destination) }),
      ...(windows === undefined ? {} : { windows: windowsOf(windows) }),
      ...(randomisation === undefined ? {} : { randomisationMs: attributes.randomisationStartInterval.decode(randomisation) * 1000 }),
      ...(retries === undefined ? {} : { retries: attributes.numberOfRetries.decode(retries) }),
      ...(delay === undefined ? {} : { repetitionMs: attributes.repetitionDelay.decode(delay) * 1000 }),
      ...(clientSap === undefined ? {} : { clientSap: attributes.pushClientSap.decode(clientSap) }),
      ...(protection === undefined ? {} : { protection: protectionOf(protection) }),
    };
  }, factory);
}

/** Who sends it, from where, when, and what there is to say. */
function factoryObjects(setup: number): CapturedAttribute[] {
  const one = (classId: number, name: string, attributeIndex = 2): CapturedAttribute => ({
    classId,
    logicalName: parseObis(name),
    attributeIndex,
    dataIndex: 0,
  });
  const head = [one(40, pushSetupName(setup), 1), one(1, "0-0:42.0.0"), one(8, "0-0:1.0.0")];
  switch (setup) {
    case PUSH_SETUPS.alarm:
      return [...head, one(1, "0-0:97.98.20")];
    case PUSH_SETUPS.installation:
      return [...head, one(1, "0-0:96.1.0"), one(1, "1-0:0.2.0")];
    case PUSH_SETUPS.connectivity:
      return head;
    default:
      return [...head, one(3, "1-0:1.8.0"), one(3, "1-0:2.8.0")];
  }
}

function judge(attribute: string, given: DlmsData): "other-reason" | "type-unmatched" | undefined {
  switch (attribute) {
    case "pushObjectList":
      return given.type === "array" && given.value.length > OBJECTS_MAX ? "other-reason" : undefined;
    case "sendDestinationAndMethod": {
      const { transportService, destination, message } = pushSetup1.attributes.sendDestinationAndMethod.decode(given);
      const isCarried = (transportService === "tcp" || transportService === "udp") && message === "a-xdr";
      const isAddress = destination.length === 0 || addressOf(new TextDecoder("latin1").decode(destination)) !== undefined;
      return isCarried && isAddress ? undefined : "other-reason";
    }
    case "numberOfRetries":
      return pushSetup1.attributes.numberOfRetries.decode(given) > RETRIES_MAX ? "other-reason" : undefined;
    case "pushProtectionParameters":
      return hasForm(() => protectionOf(given)) ? undefined : "other-reason";
    default:
      return undefined;
  }
}

/** `host:port`, an IPv6 address in brackets. */
export function addressOf(destination: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(destination);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port };
}

function windowsOf(value: DlmsData): (readonly [Uint8Array, Uint8Array])[] {
  const windows = value.type === "array" ? value.value : [];
  return windows.flatMap((window) => {
    const [from, to] = window.type === "structure" ? window.value : [];
    return from?.type === "octet-string" && to?.type === "octet-string" ? [[from.value, to.value] as const] : [];
  });
}

/** Key info: null-data for the global key under general-glo-ciphering, `{0, ...}` for the identified key under general-ciphering. */
function protectionOf(value: DlmsData): PushProtection {
  const layers = pushSetup1.attributes.pushProtectionParameters.decode(value);
  const [layer] = layers;
  if (layer === undefined) return "plain";
  if (layers.length > 1 || layer.protectionType !== "authentication-encryption") throw notOffered();
  const { keyInformation } = layer.protectionOptions;
  if (keyInformation.type === "null-data") return "general-global";
  const [kind] = keyInformation.type === "structure" ? keyInformation.value : [];
  if (kind?.type !== "enum" || kind.value !== 0) throw notOffered();
  return "general-ciphering";
}

function notOffered(): DecodeError {
  return new DecodeError("a protection of pushes that this meter does not offer", { offset: -1, code: "not-supported" });
}
