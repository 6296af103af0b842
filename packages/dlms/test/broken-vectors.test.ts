import { DecodeError, SecurityError, decodeAll, encodeAll, fromHex, toHex } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { SecureChannel, WrapperReader, apdu, decodeProfileTable, explain, memoryCounter, memoryReceivedCounter } from "../src/index.ts";
import { exchanges, hasVectors, readJson, readText } from "./vectors.ts";

/** Longer ones are changed at every so many octets only: their rows are all alike. */
const WHOLE_OCTETS_MAX = 80;
const CHANGES = [0x01, 0x80, 0xff];

function capturedApdus(): Uint8Array[] {
  const distinct = new Set<string>();
  for (const { frames, plain } of exchanges(/^gxc?-w-/)) {
    const readers = { "C>S": new WrapperReader(), "S>C": new WrapperReader() };
    for (const { direction, octets } of frames) for (const pdu of readers[direction].push(octets)) distinct.add(toHex(pdu.apdu));
    for (const text of plain) distinct.add(text.toLowerCase());
  }
  const { vectors } = readJson<{ vectors: { apdu?: string }[] }>("push-hdlc-real-meters.json");
  for (const vector of vectors) if (vector.apdu !== undefined) distinct.add(vector.apdu.toLowerCase());
  // One of each kind and length: the others are broken in the same places.
  const byShape = new Map([...distinct].filter((hex) => hex !== "").map((hex) => [`${hex.slice(0, 4)} ${hex.length}`, fromHex(hex)]));
  return [...byShape.values()];
}

/** Every cut, and every octet changed in some ways. */
function* broken(octets: Uint8Array): Iterable<Uint8Array> {
  const step = Math.max(1, Math.floor(octets.length / WHOLE_OCTETS_MAX));
  for (let at = 0; at < octets.length; at += step) {
    yield octets.subarray(0, at);
    for (const change of CHANGES) {
      const changed = octets.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      yield changed;
    }
  }
}

function valueOrDecodeError(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    expect(error.message).not.toBe("");
  }
}

describe.skipIf(!hasVectors)("every captured APDU, cut or changed in one octet", () => {
  const apdus = hasVectors ? capturedApdus() : [];

  test("gives a value that can be written, or a named error", () => {
    expect(apdus.length).toBeGreaterThan(100);
    for (const octets of apdus) for (const one of broken(octets)) valueOrDecodeError(() => encodeAll(apdu, decodeAll(apdu, one)));
  });

  test("is explained as far as it goes", () => {
    for (const octets of apdus.filter(({ length }) => length < 60)) for (const one of broken(octets)) explain(one, { form: "apdu" });
  });

  test("of a load profile gives a table or a named error", () => {
    const profile = fromHex(readText("lp96x6-get-response-normal.hex").replace(/^#.*$/gm, "")).subarray(4);
    for (const one of broken(profile)) valueOrDecodeError(() => decodeProfileTable(one));
  });
});

describe.skipIf(!hasVectors)("every authenticated APDU of the Green Book, cut or changed in one octet", () => {
  interface Vector {
    readonly [field: string]: string | undefined;
  }
  const { vectors } = hasVectors ? readJson<{ vectors: Vector[] }>("greenbook-security.json") : { vectors: [] };

  test.each(vectors.filter(({ apdu: text, ak }) => ak !== undefined && /^..1E[13]0/.test(text ?? "")))("is refused: $name", (vector) => {
    const octets = fromHex(vector["apdu"] ?? "");
    const open = (one: Uint8Array): Uint8Array => {
      const channel = new SecureChannel({
        suite: 0,
        systemTitle: fromHex("4D4D4D0000000001"),
        keys: { encryptionKey: fromHex(vector["ek"] ?? ""), authenticationKey: fromHex(vector["ak"] ?? "") },
        sent: memoryCounter(),
        received: memoryReceivedCounter(),
        demanded: "authenticated",
      });
      channel.peerSystemTitle = fromHex(vector["system_title"] ?? "");
      const { plain, form } = channel.unprotect(one);
      // What is no ciphered APDU any more is handed on as it is, and refused by whoever asked for a ciphered one.
      if (form === undefined) throw new SecurityError("in the clear", { code: "downgrade" });
      return plain;
    };
    expect(toHex(open(octets)).toUpperCase()).toBe(vector["plaintext"]);
    for (const one of broken(octets)) {
      let refusal: unknown;
      try {
        open(one);
      } catch (error) {
        refusal = error;
      }
      expect(refusal instanceof SecurityError || refusal instanceof DecodeError, toHex(one)).toBe(true);
    }
  });
});
