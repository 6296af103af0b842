/**
 * Short names (Blue Book 4.1.3, 4.4.3): an object has a base name, attribute n stands at base + 8 (n - 1), methods at
 * an offset that its class fixes.
 */
export const ASSOCIATION_SN_BASE = 0xfa00;
export const ASSOCIATION_SN = 12;
/** Read of the object list: attribute 2 of the association. */
export const OBJECT_LIST_NAME = 0xfa08;

const ATTRIBUTE_STEP = 8;

/** Offset of method 1 by class; the others follow in steps of eight. */
const METHOD_OFFSETS: ReadonlyMap<number, number> = new Map([
  [3, 0x28],
  [4, 0x38],
  [5, 0x48],
  [6, 0x30],
  [7, 0x58],
  [8, 0x60],
  [9, 0x20],
  [10, 0x20],
  [11, 0x10],
  [ASSOCIATION_SN, 0x20],
  [15, 0x60],
  [17, 0x20],
  [18, 0x40],
  [20, 0x50],
  [21, 0x28],
  [40, 0x38],
  [64, 0x30],
  [70, 0x20],
  [72, 0x60],
]);

export function attributeName(baseName: number, attributeId: number): number {
  return (baseName + ATTRIBUTE_STEP * (attributeId - 1)) & 0xffff;
}

/** `undefined`: this class has no methods that short names reach. */
export function methodName(baseName: number, classId: number, methodId: number): number | undefined {
  const offset = METHOD_OFFSETS.get(classId);
  return offset === undefined ? undefined : (baseName + offset + ATTRIBUTE_STEP * (methodId - 1)) & 0xffff;
}

/** What a variable name means within an object; `undefined`: neither attribute nor method. */
export function memberOf(variableName: number, object: { baseName: number; classId: number; attributeCount: number; methodCount: number }) {
  const offset = variableName - object.baseName;
  if (offset < 0 || offset % ATTRIBUTE_STEP !== 0) return undefined;
  const attributeId = offset / ATTRIBUTE_STEP + 1;
  if (attributeId <= object.attributeCount) return { kind: "attribute", id: attributeId } as const;
  const first = METHOD_OFFSETS.get(object.classId);
  const methodId = first === undefined ? 0 : (offset - first) / ATTRIBUTE_STEP + 1;
  return methodId >= 1 && methodId <= object.methodCount ? ({ kind: "method", id: methodId } as const) : undefined;
}
