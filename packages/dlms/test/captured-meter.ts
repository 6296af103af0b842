import { decodeAll } from "@amity/bytes";
import {
  ACCESS,
  apdu,
  compileModel,
  decodeData,
  memoryReceivedCounter,
  obisFromOctets,
  type AssociationDefinition,
  type CompiledModel,
  type DataAccessRefusal,
  type DataAccessResult,
  type InvokeOutcome,
  type LogicalDevice,
  type Obis,
  type ObjectDefinition,
  type ReadOutcome,
} from "../src/index.ts";
import type { Recorded, ReplayedClient } from "./captured-client.ts";
import { SECRET } from "./fixture-meter.ts";
import type { Step } from "./captured-session.ts";
import { capturedElliptic, drawnBy, recordedCounters, recordedSigner } from "./recorded-secrets.ts";

type NamedObject = ObjectDefinition & { readonly baseName: number };

/** Everybody may do everything: what was refused in the capture is refused by what was recorded. */
function openModel(association: AssociationDefinition): CompiledModel {
  const everything = { everybody: ACCESS.readWrite };
  const objectOf = (classId: number, instanceId: Obis) => ({
    classId,
    version: 0,
    instanceId,
    attributes: Array.from({ length: 20 }, (_, index) => ({ id: index + 1, access: everything, selectors: [1, 2] })),
    methods: Array.from({ length: 10 }, (_, index) => ({ id: index + 1, access: everything })),
  });
  let last: ReturnType<typeof objectOf> | undefined;
  const byName = (instanceId: Obis) => (last?.instanceId === instanceId ? last : undefined);
  return {
    associations: [association],
    objects: [],
    association: () => association,
    object: (classId, instanceId) => objectOf(classId, instanceId),
    byName: (instanceId) => byName(instanceId) ?? (last = objectOf(CLASS_OF[instanceId] ?? 1, instanceId)),
  };
}

/** The objects of a captured list of short names, the association itself left out. */
function namedModel(association: AssociationDefinition, list: Recorded | undefined): CompiledModel {
  const octets = typeof list === "object" && "octets" in list ? list.octets : new Uint8Array(0);
  const elements = decodeData(octets);
  const [own, ...objects] = (elements.type === "array" ? elements.value : []).map((element): NamedObject => {
    const [baseName, classId, version, name] = element.type === "structure" ? element.value : [];
    if (baseName?.type !== "long" || classId?.type !== "long-unsigned" || version?.type !== "unsigned" || name?.type !== "octet-string")
      throw new Error("not a list of short names");
    return {
      baseName: baseName.value & 0xffff,
      classId: classId.value,
      version: version.value,
      instanceId: obisFromOctets(name.value),
      attributes: [{ id: 2, access: { everybody: ACCESS.read } }],
    };
  });
  return compileModel({ associations: [association], associationSnVersion: own?.version as 0 | 1 | 2, objects });
}

const CLASS_OF: Record<string, number> = {
  "0-0:1.0.0.255": 8,
  "1-0:99.1.0.255": 7,
  "1-0:1.8.0.255": 3,
  "0-0:96.3.10.255": 70,
  "0-0:44.0.0.255": 18,
};

function readOutcome(recorded: Recorded | undefined): ReadOutcome {
  if (typeof recorded !== "object") throw new Error("a read where the capture had none");
  if (recorded.kind === "refused") return { kind: "refused", result: recorded.result as DataAccessRefusal };
  if (recorded.kind === "data") return "octets" in recorded ? { kind: "encoded", octets: recorded.octets } : recorded;
  return recorded.data === undefined ? { kind: "data", data: { type: "null-data" } } : { kind: "data", data: recorded.data };
}

function resultOf(recorded: Recorded | undefined): DataAccessResult {
  if (typeof recorded === "string") return recorded;
  return recorded?.kind === "done" ? "success" : "other-reason";
}

/** A captured server's part: what it answered, its challenge, its counters. */
export interface CapturedMeter {
  readonly device: LogicalDevice;
  readonly challenge: Uint8Array;
  /** Leaves out what was drawn for answers before this one. */
  skipTo(answer: Step): void;
}

/** A meter that answers what the captured one answered, with its counters, its signatures and its challenge. */
export function capturedMeter({ options, recorded, association: agreed, steady: steps }: ReplayedClient): CapturedMeter {
  const aareStep = steps[1] as Step;
  const answered = decodeAll(apdu, aareStep.apdu);
  if (answered.kind !== "aare") throw new Error("no AARE");
  const { security } = options;
  const title = answered.value.respondingApTitle ?? new Uint8Array(8);
  const drawn = security === undefined ? [] : drawnBy("S>C", steps, { suite: security.suite, keys: security.keys, title });
  const counters = recordedCounters(drawn);
  const general = security?.ciphering.startsWith("general") === true;
  const association: AssociationDefinition = {
    clientSap: options.clientSap,
    role: "everybody",
    mechanism: options.authentication.mechanism,
    conformance: [...agreed.conformance],
    maxPduOctets: agreed.serverMaxPduOctets,
    // The captured server cut its blocks a little short when ciphering.
    sendPduOctetsMax: security === undefined ? 1024 : security.protection === "encrypted" ? 1011 : general ? 1032 : 1023,
  };
  const queue = [...recorded];
  const ciphered = security && {
    suite: security.suite,
    keys: {
      ...security.keys,
      elliptic: { ...capturedElliptic("S>C", security.suite), sign: recordedSigner("S>C", security.suite, drawn) },
    },
    sent: counters,
    received: memoryReceivedCounter(),
  };
  const device: LogicalDevice = {
    model: options.shortNames === true ? namedModel(association, recorded[0]) : openModel(association),
    systemTitle: title,
    secret: () => ("password" in options.authentication ? options.authentication.password : SECRET),
    security: () => ciphered,
    read: () => readOutcome(queue.shift()),
    write: () => resultOf(queue.shift()),
    invoke: () => {
      const outcome = queue.shift();
      if (typeof outcome === "object" && outcome.kind !== "data") return outcome as InvokeOutcome;
      return { kind: "refused", result: "other-reason" };
    },
  };
  return { device, challenge: answered.value.respondingAuthenticationValue ?? new Uint8Array(16), skipTo: (step) => counters.skipTo(step) };
}
