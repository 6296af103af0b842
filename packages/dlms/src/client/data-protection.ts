import { PeerError, SecurityError } from "@amity/bytes";
import type { AttributeDescriptor, MethodDescriptor } from "../apdu/descriptors.ts";
import { dataProtection, protectionParameters } from "../cosem/classes/access-classes.ts";
import { methodId } from "../cosem/interface-class.ts";
import { arrayOf } from "../cosem/shape.ts";
import { decodeData, encodeData } from "../data/axdr.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import { obisToOctets, parseObis, type Obis } from "../data/obis.ts";
import { askedParameters, sameLayers, type DataGuard, type DataLayer } from "../security/data-protection.ts";
import type { ActionOutcome, DlmsClient } from "./dlms-client.ts";

const parameterList = arrayOf(protectionParameters);
const DEFAULT_OBJECT = parseObis("0-0:43.2.0");

export type ProtectedValues =
  | { readonly kind: "values"; readonly values: readonly DlmsData[] }
  | Extract<ActionOutcome, { kind: "refused" }>;

/**
 * The methods of a meter's data protection object (class 30 version 0) as a client calls them: values and parameters of methods travel protected
 * beside whatever protects the association. Refusals by the meter are values; an answer that is less protected than was asked, or badly, is a
 * SecurityError.
 */
export class DataProtectionClient {
  readonly #client: Pick<DlmsClient, "action">;
  readonly #guard: DataGuard;
  readonly #titles: { readonly own: Uint8Array; readonly meter: Uint8Array };
  readonly #object: Obis;

  /** `object` is the logical name, by default 0-0:43.2.0. */
  constructor(
    client: Pick<DlmsClient, "action">,
    guard: DataGuard,
    titles: { readonly own: Uint8Array; readonly meter: Uint8Array },
    object: Obis = DEFAULT_OBJECT,
  ) {
    this.#client = client;
    this.#guard = guard;
    this.#titles = titles;
    this.#object = object;
  }

  /** Reads attributes, protected as asked by the meter. @throws SecurityError; PeerError for an answer of another form. */
  async get(attributes: readonly AttributeDescriptor[], layers: readonly DataLayer[]): Promise<ProtectedValues> {
    const asked = parameterList.encode(askedParameters(layers, this.#titles.meter, this.#titles.own));
    const outcome = await this.#call("getProtectedAttributes", data.structure(objectList(attributes), asked));
    if (outcome.kind === "refused") return outcome;
    const values = this.#open(outcome.data, layers);
    if (values.type !== "structure" || values.value.length !== attributes.length)
      throw new PeerError("the protected answer does not hold a value for each attribute", { code: "malformed" });
    return { kind: "values", values: values.value };
  }

  /** Writes attributes, in order; the first refusal ends it. */
  set(
    items: readonly { readonly attribute: AttributeDescriptor; readonly value: DlmsData }[],
    layers: readonly DataLayer[],
  ): Promise<ActionOutcome> {
    const { parameters, octets } = this.#protect(data.structure(...items.map(({ value }) => value)), layers);
    const list = objectList(items.map(({ attribute }) => attribute));
    return this.#call("setProtectedAttributes", data.structure(list, parameters, octets));
  }

  /** Invokes a method; what it returns comes back protected alike. @throws SecurityError; PeerError for an answer of another form. */
  async invoke(method: MethodDescriptor, parameter: DlmsData, layers: readonly DataLayer[]): Promise<ActionOutcome> {
    const { parameters, octets } = this.#protect(parameter, layers);
    const name = data.octets(obisToOctets(method.instanceId));
    const target = data.structure(data.longUnsigned(method.classId), name, data.integer(method.methodId));
    const outcome = await this.#call("invokeProtectedMethod", data.structure(target, parameters, octets));
    if (outcome.kind === "refused") return outcome;
    const returned = this.#open(outcome.data, layers);
    return returned.type === "null-data" ? { kind: "done" } : { kind: "done", data: returned };
  }

  #protect(plain: DlmsData, layers: readonly DataLayer[]): { parameters: DlmsData; octets: DlmsData } {
    const { parameters, octets } = this.#guard.protect(encodeData(plain), layers, this.#titles.meter);
    return { parameters: parameterList.encode([...parameters]), octets: data.octets(octets) };
  }

  #open(answer: DlmsData | undefined, layers: readonly DataLayer[]): DlmsData {
    const [parameters, octets] = answer?.type === "structure" ? answer.value : [];
    if (parameters === undefined || octets?.type !== "octet-string")
      throw new PeerError("the answer is not protection parameters and protected data", { code: "malformed" });
    const opened = this.#guard.open({ parameters: parameterList.decode(parameters), octets: octets.value });
    if (!sameLayers(opened.layers, layers)) throw new SecurityError("the answer is not protected as was asked", { code: "downgrade" });
    return decodeData(opened.plain);
  }

  #call(name: keyof typeof dataProtection.methods, parameters: DlmsData): Promise<ActionOutcome> {
    const { id: classId } = dataProtection;
    return this.#client.action({ classId, instanceId: this.#object, methodId: methodId(dataProtection, name) ?? 0 }, parameters);
  }
}

/** Attributes as object_list: whole, and all rows of a buffer. */
function objectList(attributes: readonly AttributeDescriptor[]): DlmsData {
  const unrestricted = data.structure(data.enumerated(0), data.nothing);
  return data.array(
    ...attributes.map(({ classId, instanceId, attributeId }) =>
      data.structure(
        data.longUnsigned(classId),
        data.octets(obisToOctets(instanceId)),
        data.integer(attributeId),
        data.longUnsigned(0),
        unrestricted,
      ),
    ),
  );
}
