import { fromHex } from "@amity/bytes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explain, formatExplained, type Explained } from "../src/index.ts";
import { KEYS } from "./fixture-meter.ts";

function find(tree: Explained, name: string): Explained | undefined {
  if (tree.name === name) return tree;
  for (const child of tree.children ?? []) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const KEY = { label: "test key", ...KEYS };

describe("explaining", () => {
  test("gives every field of a GET with its offset", () => {
    const tree = explain(fromHex("0001 0010 0001 000D C001C1000100002A0000FF0200"));
    expect(tree.name).toBe("wrapper");
    expect(find(tree, "sourcePort")).toEqual({ name: "sourcePort", offset: 2, length: 2, value: "16" });
    expect(find(tree, "classId")).toEqual({ name: "classId", offset: 11, length: 2, value: "1 (Data)" });
    expect(find(tree, "instanceId")).toEqual({
      name: "instanceId",
      offset: 13,
      length: 6,
      value: expect.stringContaining("0-0:42.0.0.255"),
    });
    expect(find(tree, "invokeIdAndPriority")?.value).toBe("1, high priority, confirmed");
  });

  test("opens a ciphered APDU and says with which key and counter", () => {
    const apdu = fromHex("C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B");
    const tree = explain(apdu, { keys: [KEY], systemTitles: [fromHex("4D4D4D0000BC614E")] });
    expect(find(tree, "invocationCounter")?.value).toBe("19088743");
    expect(find(tree, "deciphered")?.value).toBe("with test key, sent by 4d4d4d0000bc614e");
    expect(find(tree, "instanceId")?.value).toContain("0-0:1.0.0.255");
    expect(
      find(
        explain(apdu, { keys: [{ ...KEY, encryptionKey: KEY.authenticationKey }], systemTitles: [fromHex("4D4D4D0000BC614E")] }),
        "deciphered",
      )?.error,
    ).toBe("no key given fits: a key, the system title (4d4d4d0000bc614e) or an octet on the way is wrong");
    expect(find(explain(apdu, { keys: [KEY] }), "deciphered")?.error).toBe(
      "the system title of the sender is not known, and no key opens without it",
    );
  });

  test("shows what a ciphered APDU consists of where no key opens it, and where its tag is cut off", () => {
    const apdu = fromHex("C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B");
    const tree = explain(apdu);
    expect(find(tree, "securityControl")?.value).toBe("suite 0, authenticated-encrypted");
    expect(find(tree, "ciphertext")).toEqual({ name: "ciphertext", offset: 7, length: 13, value: "411312ff935a47566827c467bc" });
    expect(find(tree, "authenticationTag")).toMatchObject({ offset: 20, length: 12, value: "7d825c3be4a77c3fcc056b6b" });
    expect(find(tree, "deciphered")).toBeUndefined();
    expect(find(explain(fromHex("C80A30012345674113121314")), "authenticationTag")?.error).toContain("12 octets");
  });

  test("names context, mechanism, result and diagnostic of an association", () => {
    const refused = explain(fromHex("6117A109060760857405080103A203020101A305A10302010D"));
    expect(find(refused, "applicationContextName")?.value).toBe("2.16.756.5.8.1.3 (ln-ciphered)");
    expect(find(refused, "result")?.value).toBe("1 (rejected-permanent)");
    expect(find(refused, "user")?.value).toBe("13 (authentication-failure)");
    const asked = explain(fromHex("601F A109060760857405080101 8A020780 8B0760857405080201 AC058003313233"));
    expect(find(asked, "mechanismName")?.value).toBe("2.16.756.5.8.2.1 (lls)");
  });

  test("names the services of a conformance block", () => {
    const request = explain(fromHex("01000000065F1F0400001E1DFFFF"), { form: "apdu" });
    expect(find(request, "services")?.value).toContain("get, set, selective-access");
  });

  test("opens the InitiateRequest in an AARQ with the title that the AARQ carries", () => {
    const aarq =
      "605DA109060760857405080103A60A04084D4D4D0000BC614E8A0207808B0760857405080205AC1280105A2F34710219653B1767551B0F3C261EBE230421211F300000271072E0890F4615D53565D97D0FD27C6243D162562C43DBE2A415B1";
    const tree = explain(fromHex(aarq), { keys: [KEY] });
    expect(find(tree, "initiate-request")).toBeDefined();
    expect(find(tree, "dlmsVersion")?.value).toBe("6");
  });

  test("keeps what it could read before a fault and says where the fault is", () => {
    const tree = explain(fromHex("C001C1000100002A00"));
    expect(tree.error).toContain("truncated");
    expect(find(tree, "classId")?.value).toContain("1");
    expect(formatExplained(tree)).toContain("!! truncated");
  });

  test("takes any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        expect(formatExplained(explain(octets, { keys: [KEY], systemTitles: [new Uint8Array(8)] })).length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
