import type { DlmsData } from "../data/dlms-data.ts";
import type { Obis } from "../data/obis.ts";

/** Names one attribute of one object by logical name (IEC 62056-5-3, 8.3: Cosem-Attribute-Descriptor). */
export interface AttributeDescriptor {
  readonly classId: number;
  readonly instanceId: Obis;
  /** 1 is the logical name; 0 asks for all attributes. */
  readonly attributeId: number;
}

/** Names one method of one object (Cosem-Method-Descriptor). */
export interface MethodDescriptor {
  readonly classId: number;
  readonly instanceId: Obis;
  readonly methodId: number;
}

/** Selective access: which part of the attribute (Selective-Access-Descriptor). */
export interface AccessSelection {
  /** For profile buffers: 1 by range, 2 by entry. */
  readonly selector: number;
  readonly parameters: DlmsData;
}
