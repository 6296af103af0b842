import { toHex } from "@amity/bytes";
import { secureRandomBytes } from "@amity/crypto";
import {
  compileModel,
  data,
  type AssociationDefinition,
  type AssociationSecurity,
  type CompiledModel,
  type CosemDevice,
  type LogicalDevice,
  type MechanismName,
  type ReceivedCounter,
} from "@amity/dlms";
import type { MeterDevice } from "@amity/meter";

/** What outside clients need to reach a laboratory meter. */
export interface LaboratoryAccess {
  /** What the management association (client 1) asks for. */
  readonly mechanism: MechanismName;
  /** LLS password and HLS secret of mechanisms 2, 3, 4 and 6. */
  readonly secret: Uint8Array;
}

/** SAPs of the laboratory meter: the public client, a reading client by password, the management client. */
export const LABORATORY_CLIENTS = { management: 1, reading: 2, public: 16 } as const;

const MANAGEMENT_LOGICAL_DEVICE = 1;

/**
 * A simulated meter behind associations that a laboratory chooses: the management client (1) by any mechanism, a reading
 * client (2) by LLS password, the public client (16). With mechanism `none` the public client reads everything, too. Ciphering
 * is left to the client except for GMAC and ECDSA, which need it. Objects, state and keys are the simulated meter's own.
 */
export function laboratoryDevice(device: MeterDevice, access: LaboratoryAccess): CosemDevice {
  const logical = new LaboratoryLogicalDevice(device, access);
  return { logicalDevice: (serverSap) => (serverSap === MANAGEMENT_LOGICAL_DEVICE ? logical : undefined) };
}

class LaboratoryLogicalDevice implements LogicalDevice {
  readonly model: CompiledModel;
  readonly systemTitle: Uint8Array;
  readonly #device: MeterDevice;
  readonly #access: LaboratoryAccess;
  /** By client and key: a counter belongs to a key. */
  readonly #received = new Map<string, ReceivedCounter>();
  #sentCounter: number;

  constructor(device: MeterDevice, access: LaboratoryAccess) {
    this.#device = device;
    this.#access = access;
    this.systemTitle = device.systemTitle;
    this.model = modelOf(device, access.mechanism);
    // A laboratory meter forgets its counter with the process: it begins high in a random place instead of going back.
    const [high = 0, middle = 0] = secureRandomBytes(2);
    this.#sentCounter = 0x0100_0000 + ((high << 8) | middle) * 0x100;
  }

  secret(clientSap: number): Uint8Array | undefined {
    return clientSap === LABORATORY_CLIENTS.public ? undefined : this.#access.secret;
  }

  security(clientSap: number, clientSystemTitle?: Uint8Array): AssociationSecurity | undefined {
    const { encryptionKey, authenticationKey, masterKey, broadcastKey } = this.#device.keys();
    const elliptic = this.#device.ellipticKeys(clientSystemTitle);
    return {
      suite: this.#device.meter.surroundings.type.securitySuite,
      keys: { encryptionKey, authenticationKey, masterKey, broadcastKey, ...(elliptic === undefined ? {} : { elliptic }) },
      sent: { next: () => ++this.#sentCounter },
      received: this.#counterOf(`${clientSap} ${toHex(encryptionKey)}`),
      receivedBroadcast: this.#counterOf(`broadcast ${toHex(broadcastKey)}`),
    };
  }

  /** A laboratory leaves ciphering to the client, until a client raises the policy. */
  securityPolicy(clientSap: number): number {
    const policy = this.#device.securityPolicy(clientSap);
    return policy === this.#device.meter.surroundings.type.securityPolicy ? 0 : policy;
  }

  associationChanges(clientSap: number): ReturnType<MeterDevice["associationChanges"]> {
    return this.#device.associationChanges(clientSap);
  }

  changeAssociation(...change: Parameters<MeterDevice["changeAssociation"]>): Promise<boolean> {
    return this.#device.changeAssociation(...change);
  }

  #counterOf(clientAndKey: string): ReceivedCounter {
    const known = this.#received.get(clientAndKey);
    if (known !== undefined) return known;
    const counter = risingCounter();
    this.#received.set(clientAndKey, counter);
    return counter;
  }

  read: LogicalDevice["read"] = (attribute, selection, context) =>
    INVOCATION_COUNTER.test(attribute.instanceId) && attribute.attributeId === 2
      ? { kind: "data", data: data.doubleLongUnsigned(this.#lastReceived()) }
      : this.#device.read(attribute, selection, context);
  #lastReceived(): number {
    return Math.max(0, ...Array.from(this.#received.values(), ({ last }) => last));
  }

  write: LogicalDevice["write"] = (attribute, value, selection, context) => this.#device.write(attribute, value, selection, context);
  invoke: LogicalDevice["invoke"] = (method, parameters, context) => this.#device.invoke(method, parameters, context);
}

/** Counters are kept here, not in the simulated meter: whoever asks must be told these. */
const INVOCATION_COUNTER = /^0-0:43\.1\.\d+\.255$/;

/** One model for all meters of a type: ten thousand indexes of the same objects would fill the memory. */
const MODELS = new WeakMap<CompiledModel, Map<MechanismName, CompiledModel>>();

function modelOf(device: MeterDevice, mechanism: MechanismName): CompiledModel {
  let known = MODELS.get(device.model);
  if (known === undefined) MODELS.set(device.model, (known = new Map()));
  let model = known.get(mechanism);
  if (model === undefined) {
    const { associationVersion } = device.meter.surroundings.type;
    model = compileModel({ associationVersion, associations: associations(mechanism, device), objects: device.model.objects });
    known.set(mechanism, model);
  }
  return model;
}

function associations(mechanism: MechanismName, device: MeterDevice): AssociationDefinition[] {
  const maxPduOctets = device.meter.surroundings.type.maxPduOctets;
  const needsCiphering = mechanism === "hls-gmac" || mechanism === "hls-ecdsa";
  return [
    { clientSap: LABORATORY_CLIENTS.public, role: mechanism === "none" ? "reading" : "public", mechanism: "none", maxPduOctets },
    { clientSap: LABORATORY_CLIENTS.reading, role: "reading", mechanism: "lls", maxPduOctets },
    {
      clientSap: LABORATORY_CLIENTS.management,
      role: "management",
      mechanism,
      maxPduOctets,
      administers: true,
      ...(needsCiphering ? { ciphered: true } : {}),
    },
  ];
}

function risingCounter(): ReceivedCounter {
  let last = 0;
  return {
    get last() {
      return last;
    },
    accept: (counter) => void (last = counter),
  };
}
