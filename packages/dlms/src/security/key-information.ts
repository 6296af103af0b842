import { DecodeError, type CodecValue } from "@amity/bytes";
import type { generalCiphering } from "../apdu/ciphered.ts";
import { data, type DlmsData } from "../data/dlms-data.ts";
import type { KeyInfoKind } from "./security-options.ts";

/** As it stands in a general-ciphering APDU. */
export type WireKeyInfo = CodecValue<typeof generalCiphering>["keyInfo"];

/** key_info_type (class 30): identified, wrapped, agreed. */
const KEY_INFO_TYPES = { identified: 0, wrapped: 1, agreed: 2 } as const;
/** The scheme in the first octet of key_parameters: one-pass Diffie-Hellman, static unified. */
const SCHEMES: Readonly<Record<number, KeyInfoKind>> = { 1: "one-pass", 2: "static-unified" };

const NONE: Uint8Array = new Uint8Array(0);

const agreedBy = (scheme: number): DlmsData =>
  data.structure(data.enumerated(KEY_INFO_TYPES.agreed), data.structure(data.octets(Uint8Array.of(scheme)), data.octets(NONE)));
/** key_info_element that asks for a kind of key: whoever protects fills in the key. */
export const ASKED_KEY_INFORMATION: Readonly<Record<KeyInfoKind, DlmsData>> = {
  identified: data.structure(data.enumerated(KEY_INFO_TYPES.identified), data.enumerated(0)),
  wrapped: data.structure(data.enumerated(KEY_INFO_TYPES.wrapped), data.structure(data.enumerated(0), data.octets(NONE))),
  "one-pass": agreedBy(1),
  "static-unified": agreedBy(2),
};

/** key_info_element of a key-info as it stands in an APDU; absent: null-data. */
export function keyInformation(keyInfo: WireKeyInfo): DlmsData {
  if (keyInfo === undefined) return data.nothing;
  const type = data.enumerated(KEY_INFO_TYPES[keyInfo.kind]);
  switch (keyInfo.kind) {
    case "identified":
      return data.structure(type, data.enumerated(keyInfo.value.keyId));
    case "wrapped":
      return data.structure(type, data.structure(data.enumerated(keyInfo.value.kekId), data.octets(keyInfo.value.wrappedKey)));
    case "agreed":
      return data.structure(type, data.structure(data.octets(keyInfo.value.parameters), data.octets(keyInfo.value.cipheredData)));
  }
}

/** The key-info of an APDU from a key_info_element. @throws DecodeError. */
export function keyInfoOf(element: DlmsData): WireKeyInfo {
  if (element.type === "null-data") return undefined;
  const [type, options] = element.type === "structure" ? element.value : [];
  const [first, second] = options?.type === "structure" ? options.value : [];
  if (type?.type !== "enum") throw malformed("key_info is a type and its options");
  if (type.value === KEY_INFO_TYPES.identified && options?.type === "enum") return { kind: "identified", value: { keyId: options.value } };
  if (type.value === KEY_INFO_TYPES.wrapped && first?.type === "enum" && second?.type === "octet-string")
    return { kind: "wrapped", value: { kekId: first.value, wrappedKey: second.value } };
  if (type.value === KEY_INFO_TYPES.agreed && first?.type === "octet-string" && second?.type === "octet-string")
    return { kind: "agreed", value: { parameters: first.value, cipheredData: second.value } };
  throw malformed("key_info is of no known type");
}

/** Which kind of key a key_info_element names, whole or as a request for it. @throws DecodeError. */
export function keyInfoKindOf(element: DlmsData): KeyInfoKind {
  if (element.type === "null-data") return "identified";
  const [type, options] = element.type === "structure" ? element.value : [];
  if (type?.type !== "enum") throw malformed("key_info is a type and its options");
  if (type.value === KEY_INFO_TYPES.identified) return "identified";
  if (type.value === KEY_INFO_TYPES.wrapped) return "wrapped";
  const parameters = options?.type === "structure" ? options.value[0] : options;
  const scheme = parameters?.type === "octet-string" ? SCHEMES[parameters.value[0] ?? 0] : undefined;
  if (type.value !== KEY_INFO_TYPES.agreed || scheme === undefined) throw malformed("key_info names no known scheme");
  return scheme;
}

function malformed(what: string): DecodeError {
  return new DecodeError(what, { offset: -1, code: "not-supported" });
}
