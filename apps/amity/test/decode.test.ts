import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHex, toHex } from "@amity/bytes";
import { encodeTelegram, MeterKey } from "@amity/mbus";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../src/cli/decode.ts";
import { explainInput, type ExplainedField } from "../src/laboratory/explain-input.ts";
import { runAmity } from "./running-command.ts";

const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/dlms/", import.meta.url));
/** The Green Book's example keys and a GET of the clock under them. */
const KEY = "000102030405060708090A0B0C0D0E0F";
const AUTH_KEY = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";
const TITLE = "4D4D4D0000BC614E";
const CIPHERED = "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B";

function all(field: ExplainedField): ExplainedField[] {
  return [field, ...(field.children ?? []).flatMap(all)];
}

const named = (field: ExplainedField, name: string): ExplainedField | undefined => all(field).find((one) => one.name === name);

describe("octets of no known protocol", () => {
  it("are text of IEC 62056-21 though they have the length of a telegram, and an error where they are no frame at all", () => {
    const text = "/AMT5METER\r\n1-0:1.8.0(000123.4*kWh)\r\n!\r\n";
    const padded = Uint8Array.from(text.padEnd(48, "\n"), (character) => character.charCodeAt(0));
    expect(explainInput(padded, {}).protocol).toBe("iec62056-21");
    expect(explainInput(fromHex("0544b40978"), { protocol: "wmbus" }).root).toMatchObject({ name: "frame", error: expect.any(String) });
  });

  it("are said not to be recognised, whatever they are", () => {
    let dlms = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (octets) => {
        const { protocol, root } = explainInput(octets, {});
        if (protocol === "dlms") dlms++;
        if (protocol === "not recognised") expect(root.error).toContain("--protocol");
      }),
      { seed: 4, numRuns: 1_000 },
    );
    // A bare APDU has no mark of its own: what begins like one is explained as one, as far as it goes.
    expect(dlms).toBeLessThan(150);
    expect(explainInput(fromHex("DEADBEEF"), {}).protocol).toBe("not recognised");
  });
});

describe("explaining what was given", () => {
  const keys = { key: fromHex(KEY), authenticationKey: fromHex(AUTH_KEY), systemTitle: fromHex(TITLE) };

  it("says which key and which counter opened an APDU", () => {
    const { root } = explainInput(fromHex(CIPHERED), keys);
    expect(named(root, "deciphered")).toMatchObject({
      value: "with the given key, sent by 4d4d4d0000bc614e",
      detail: "invocation counter 19088743",
    });
    expect(named(root, "classId")?.value).toContain("Clock");
  });

  it("says what else would be needed where nothing opens it", () => {
    const { root } = explainInput(fromHex(CIPHERED), { key: keys.key });
    expect(named(root, "deciphered")?.error).toContain("system title of the sender is not known");
    expect(named(root, "deciphered")?.detail).toMatch(/--auth-key.*--system-title/);
    const wrong = explainInput(fromHex(CIPHERED), { ...keys, key: keys.authenticationKey });
    expect(named(wrong.root, "deciphered")).toMatchObject({ error: expect.stringContaining("no key given fits") });
    expect(named(wrong.root, "deciphered")?.detail).toBeUndefined();
  });

  it("shows suite, counter, ciphertext and tag where no key is given, and what would open it", () => {
    const { root } = explainInput(fromHex(CIPHERED), {});
    expect(named(root, "securityControl")?.value).toBe("suite 0, authenticated-encrypted");
    expect(named(root, "ciphertext")?.detail).toMatch(/--key.*--auth-key.*--system-title/);
    expect(named(root, "authenticationTag")?.length).toBe(12);
    expect(all(root).every(({ error }) => error === undefined)).toBe(true);
  });

  it("does not show a dedicated key that an association brings", () => {
    const { root } = explainInput(fromHex("01011000112233445566778899AABBCCDDEEFF0000065F1F0400001E1DFFFF"), {});
    expect(named(root, "dedicatedKey")?.value).toBe("present, not shown");
    expect(JSON.stringify(root).toUpperCase()).not.toContain("00112233445566778899AABBCCDDEEFF");
  });

  it("takes any octets, whole or broken off", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        expect(all(explainInput(octets, keys).root).length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
    const whole = fromHex(CIPHERED);
    for (let length = 0; length < whole.length; length++) {
      const fields = all(explainInput(whole.subarray(0, length), keys).root);
      expect(
        fields.some(({ error }) => error !== undefined),
        `${length} octets`,
      ).toBe(true);
    }
  });
});

interface PushVector {
  readonly name: string;
  readonly tag_ok?: boolean | null;
  readonly ic?: string;
  readonly system_title?: string;
  readonly key?: string;
  readonly ak?: string;
  readonly apdu_ciphered?: string;
}
const PUSHES = existsSync(VECTORS)
  ? (JSON.parse(readFileSync(`${VECTORS}push-ciphered-real-meters.json`, "utf8")) as { vectors: PushVector[] }).vectors
  : [];

describe.skipIf(!existsSync(VECTORS))("vectors from outside the repository", () => {
  it("opens every ciphered push of real meters for which there are keys, and names the counter", () => {
    let opened = 0;
    // A vector whose tag its source could not verify either must not be opened.
    for (const { name, key, ak, apdu_ciphered: apdu, ic, system_title: title } of PUSHES.filter(
      ({ tag_ok: isVerified }) => isVerified !== false,
    )) {
      if (key === undefined || apdu === undefined || title === undefined) continue;
      const { root } = explainInput(fromHex(apdu), {
        protocol: "dlms",
        key: fromHex(key),
        ...(ak === undefined ? {} : { authenticationKey: fromHex(ak) }),
      });
      const found = named(root, "deciphered");
      expect(found?.value, name).toBe(`with the given key, sent by ${title.toLowerCase()}`);
      expect(found?.detail, name).toBe(`invocation counter ${Number.parseInt(ic ?? "", 16)}`);
      opened++;
    }
    expect(opened).toBeGreaterThan(2);
  });

  it("explains a load-profile response of 96 rows without an error", () => {
    const text = readFileSync(`${VECTORS}lp96x6-get-response-normal.hex`, "utf8").replaceAll(/^#.*$/gm, "");
    const { root } = explainInput(fromHex(text), {});
    expect(root.name).toBe("get-response");
    expect(all(root).filter(({ name }) => name === "structure")).toHaveLength(96);
    expect(all(root).filter(({ error }) => error !== undefined)).toEqual([]);
  });
});

describe("amity decode", () => {
  it("prints fields with offsets, and JSON alone on stdout", async () => {
    const text = await runAmity(["decode", "C0", "01C1", "00030100010800FF0200"]);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("instanceId: 1-0:1.8.0.255");
    const json = await runAmity(["decode", CIPHERED, "--key", KEY, "--auth-key", AUTH_KEY, "--system-title", TITLE, "--json"]);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ protocol: "dlms", root: { name: "glo-get-request" } });
    expect(json.stdout.toUpperCase()).not.toContain(KEY);
  });

  it("reads a file of octets, a file of hex, and standard input", async () => {
    const folder = mkdtempSync(join(tmpdir(), "amity-decode-"));
    try {
      writeFileSync(join(folder, "octets.bin"), fromHex("C001C100030100010800FF0200"));
      writeFileSync(join(folder, "frame.hex"), "c0 01 c1 00 03\n01 00 01 08 00 ff 02 00\n");
      const [octets, hex, stdin] = await Promise.all([
        runAmity(["decode", join(folder, "octets.bin")]),
        runAmity(["decode", join(folder, "frame.hex")]),
        runAmity(["decode", "-"], "C001C100030100010800FF0200"),
      ]);
      expect(octets.stdout).toContain("classId: 3 (Register)");
      expect(hex.stdout).toBe(octets.stdout);
      expect(stdin.stdout).toBe(octets.stdout);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [["zz"], {}, "not-hex"],
    [[""], {}, "empty"],
    [["C001"], { protocol: "morse" }, "protocol"],
    [["C001"], { key: "0102" }, "key-length"],
    [["C001"], { authKey: "xyz" }, "not-hex"],
    [["C001"], { systemTitle: "00" }, "system-title"],
  ])("refuses %j with %j", async (input, options, code) => {
    await expect(decode(input, options)).rejects.toMatchObject({ code });
  });

  it("answers what it cannot use with an exit code and a reason, without the key", async () => {
    const result = await runAmity(["decode", "C001", "--key", "0102zz77"]);
    expect(result).toEqual({ code: 2, stdout: "", stderr: "amity: --key is not hex\n       two hex digits an octet\n" });
  });

  it("opens a telegram of DES with the meter's date, and asks for it", async () => {
    const key = Uint8Array.from({ length: 8 }, (_, index) => index + 1);
    const meter = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
    const security = { mode: 3, key: new MeterKey(key), date: { year: 2026, month: 11, day: 21 } } as const;
    const message = { meter, header: "short", accessNumber: 1, content: fromHex("0413e8030000"), security } as const;
    const telegram = toHex(encodeTelegram({ control: 0x44, sender: meter, format: "a", message }));
    const opened = await runAmity(["decode", telegram, "--key", toHex(key), "--date", "2026-11-21"]);
    expect([opened.code, opened.stdout]).toEqual([0, expect.stringContaining("volume: 1 m³")]);
    const wrong = await runAmity(["decode", telegram, "--key", toHex(key), "--date", "2026-02-30"]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--date 2026-02-30 is no date")]);
  });

  it("names a file that is not there, not its first character", async () => {
    const result = await runAmity(["decode", "/no/such/file.bin", "--json"]);
    expect(result.code).toBe(2);
    expect(result.stdout).toContain("there is no file /no/such/file.bin");
  });

  it("exits with 1 where a part could not be read, and shows the rest", async () => {
    const result = await runAmity(["decode", "C001C10003010001"]);
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("classId: 3 (Register)");
    expect(result.stdout).toContain("ERROR truncated");
  });
});
