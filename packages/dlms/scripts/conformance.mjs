// Writes CONFORMANCE.md from the tests that passed: `node packages/dlms/scripts/conformance.mjs` in the repository's root.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What is claimed, and which tests prove it: a pattern over file and test name. */
/** @type {[string, [string, RegExp][]][]} */
const CLAIMS = [
  [
    "Transports",
    [
      ["Wrapper over TCP (IEC 62056-4-7)", /client-server|wrapper PDUs/],
      ["Wrapper over UDP", /wrapper over UDP/],
      ["HDLC (IEC 62056-46): frames, SNRM/UA, segmentation, windows, retransmission", /\/hdlc\//],
      ["Associations over HDLC", /hdlc-association/],
      ["62056-21 mode E hand-over", /mode E|mode-e/i],
      ["PLC LLC framing", /plc/i],
      ["Gateway protocol (E6/E7)", /gateway/],
    ],
  ],
  [
    "Association",
    [
      ["ACSE: AARQ, AARE, RLRQ, RLRE", /greenbook|Green Book|AARQ|AARE/],
      ["Mechanism 0, lowest", /mechanism '?none'?/],
      ["Mechanism 1, LLS", /mechanism '?lls'?/],
      ["Mechanism 2, manufacturer (AES challenge)", /mechanism '?hls-manufacturer'?/],
      ["Mechanism 3, MD5", /mechanism '?hls-md5'?/],
      ["Mechanism 4, SHA-1", /mechanism '?hls-sha1'?/],
      ["Mechanism 5, GMAC", /mechanism '?hls-gmac'?|HLS with GMAC/],
      ["Mechanism 6, SHA-256", /mechanism '?hls-sha256'?/],
      ["Mechanism 7, ECDSA", /ECDSA/],
      ["Pre-established associations", /pre-established/],
      ["Association LN: view, change of secrets", /association object/],
    ],
  ],
  [
    "Services",
    [
      ["GET: normal, list, blocks", /comes in blocks|public association/],
      ["SET and ACTION: normal, list, blocks both ways", /goes in blocks/],
      ["Selective access by range and entry", /selective access/],
      ["ACCESS", /gx-w-none|general block transfer carries/],
      ["READ, WRITE with short names", /short names/],
      ["General block transfer: streaming, windows, lost blocks", /general block transfer/],
      ["DataNotification, EventNotification, pushes", /notification|push/i],
      ["Exception response", /deciphering|counter that does not rise/],
    ],
  ],
  [
    "Security",
    [
      ["Suite 0: glo, ded, general-glo, general-ded; each protection", /(global|dedicated) ciphering/],
      ["Suite 1", /suite 1|gx-w-ecdsa/],
      ["Suite 2", /suite 2|gmac-s2/],
      ["General-ciphering: identified, wrapped, one-pass, static unified", /general-ciphering/],
      ["General-signing", /general-signing|signed/],
      ["Key agreement, X.509 certificates", /agree on a key|certificate|KDF/],
      ["Replay, reflection, downgrade, wrong key refused", /(client-server|elliptic)\.test\.ts .*(refuse|opens once|does not move)/],
    ],
  ],
  [
    "Data and model",
    [
      ["A-XDR, every type; compact arrays", /robustness.* values|compact/],
      ["Load profiles by column", /load profile/],
      ["COSEM classes, OBIS names, clock, units, companion profiles", /\/cosem\//],
      ["Hostile octets", /any octets|cut short|truncat/i],
    ],
  ],
  [
    "Captured exchanges",
    [
      ["Client side replayed octet for octet", /the client says octet for octet/],
      ["Server side replayed octet for octet", /the server says octet for octet/],
      ["Every captured APDU decoded and encoded back", /captured exchanges over the wrapper/],
    ],
  ],
];

const report = fileURLToPath(new URL("../conformance-report.json", import.meta.url));
try {
  execFileSync("npx", ["vitest", "run", "packages/dlms", "--reporter=json", `--outputFile=${report}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
} catch {
  process.stderr.write("some tests failed: the table counts only those that passed\n");
}
const { testResults } = JSON.parse(readFileSync(report, "utf8"));
rmSync(report);
const tests = testResults.flatMap((file) =>
  file.assertionResults.map((test) => ({
    file: file.name.replace(/^.*packages\/dlms\//, ""),
    name: [...test.ancestorTitles, test.title].join(" "),
    status: test.status,
  })),
);

const lines = [
  "# Conformance",
  "",
  "Generated from the tests by `scripts/conformance.mjs`: what is claimed, how many tests prove it, and where they are.",
  "",
];
for (const [title, claims] of CLAIMS) {
  lines.push(`## ${title}`, "", "| what | passed | skipped | tests in |", "| --- | --- | --- | --- |");
  for (const [what, pattern] of claims) {
    const found = tests.filter((test) => pattern.test(`/${test.file} ${test.name}`));
    const count = (status) => found.filter((test) => test.status === status).length;
    const files = [...new Set(found.map((test) => test.file.replace("test/", "")))].sort((a, b) => a.localeCompare(b));
    lines.push(`| ${what} | ${count("passed")} | ${found.length - count("passed") - count("failed")} | ${files.join(", ")} |`);
    if (count("passed") === 0) process.stderr.write(`nothing proves: ${what}\n`);
  }
  lines.push("");
}
writeFileSync(fileURLToPath(new URL("../CONFORMANCE.md", import.meta.url)), lines.join("\n"));
