import { DecodeError, toHex } from "@amity/bytes";
import { encodeData, type DataAccessResult, type DlmsData, type InterfaceClass } from "@amity/dlms";
import type { ConfiguredValue } from "../metrology/operations.ts";
import type { ObjectContext } from "./meter-object.ts";
import { settingOf } from "./settings.ts";

/** The largest value that the meter keeps of one attribute (octets). */
const VALUE_OCTETS_MAX = 8 * 1024;

/** What an attribute was configured to, or the value that it leaves the factory with. */
export function configuredValue({ meter }: ObjectContext, object: string, attributeId: number, factory: DlmsData): DlmsData {
  return settingOf(meter, object, attributeId, factory);
}

/** A value in the form in which it is kept. */
export function toConfigure(attributeId: number, value: DlmsData): ConfiguredValue {
  return { attributeId, octets: toHex(encodeData(value)) };
}

/** Why the meter does not keep a value; `undefined`: it does. The value must have the form that its class gives the attribute. */
export function refusalOfValue(definition: InterfaceClass, attributeId: number, value: DlmsData): DataAccessResult | undefined {
  const shape = Object.values(definition.attributes)[attributeId - 2];
  if (shape === undefined || !hasForm(() => shape.decode(value))) return "type-unmatched";
  return encodeData(value).length > VALUE_OCTETS_MAX ? "other-reason" : undefined;
}

/** Whether a value decodes. */
export function hasForm(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
