// Writes CONFORMANCE.md from the tests that passed: `node packages/dlms/scripts/conformance.mjs` in the repository's root.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

/** What is claimed, and which tests prove it: a pattern over file and test name. */
/** @type {[string, [string, RegExp][]][]} */
const CLAIMS = [
  [
    "Transports",
    [
      ["Wrapper over TCP (IEC 62056-4-7)", /client-server|wrapper PDUs/],
      ["Wrapper over UDP: lost, doubled, late datagrams", /over UDP|comes twice/],
      ["HDLC (IEC 62056-46): frames, SNRM/UA, segmentation, windows, retransmission", /\/hdlc\//],
      ["Associations over HDLC, on clean and on bad lines", /hdlc-association|over an HDLC line/],
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
      ["Several requests under way", /requests of one association/],
      ["Association LN: view, change of secrets", /association object/],
    ],
  ],
  [
    "Services",
    [
      ["GET: normal, list, blocks", /comes in blocks|public association|a GET in blocks/],
      ["SET and ACTION: normal, list, blocks both ways", /goes in blocks|an? (SET|ACTION) in blocks/],
      ["Selective access by range and entry", /selective access/],
      ["Unconfirmed SET and ACTION", /unconfirmed service/],
      ["ACCESS: lists, break on error, self-description", /gx-w-none|general block transfer carries|ACCESS /],
      ["READ, WRITE with short names: lists, parameters, blocks both ways", /short names/],
      ["General block transfer: streaming, windows, lost blocks", /general block transfer|general blocks/],
      ["DataNotification and its confirmation, EventNotification, InformationReport, pushes", /notification|push/i],
      ["Exception response", /deciphering|counter that does not rise|out of place/],
      ["Confirmed-service-error", /confirmed-service-error/],
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
      ["Key agreement, X.509 certificates", /agree on a key|certificate|KDF|annex C/],
      ["Compressed APDUs recognised and refused", /compressed APDU/],
      ["Replay, reflection, downgrade, wrong key refused", /(client-server|elliptic)\.test\.ts .*(refuse|opens once|does not move)/],
    ],
  ],
  [
    "Server: the simulated meter",
    [
      ["Security policies: raised, enforced on requests and answers", /security policy|access-rights/],
      ["Security setup: key transfer, key agreement, key pairs, certificates", /security-setup\.test/],
      ["Keys whose answer is lost: those of before count until the new ones were used", /lost-key-answers/],
      ["Pushes: object lists, windows, randomised start, retries, confirmation", /confirmed-push|meter\/test\/push/],
      ["Pushes under every protection", /protected-pushes|go out under every protection/],
      ["Object lists, users and secrets changed by a client", /changed-associations/],
      ["Selective access to object lists", /by class, by objects|by its class or by class and name/],
      ["Selective access to utility tables", /utility-tables/],
      ["Attribute 0", /attribute 0/],
      ["Profiles as null-data, differences, compact arrays", /profile-encodings|profile-compression/],
      ["An object of every interface class, every attribute typed", /every-class/],
      ["Logical devices, clients, secrets", /meter\/test\/associations/],
      ["Profiles, logs, clock, disconnect control", /dlms-face/],
      ["Image transfer, limits and services", /meter-services/],
      ["Data protection (class 30): get, set, invoke", /data-protection/],
      ["Schedule, compact data, sensor manager, measurement monitoring, NTP and port setups act", /acting-classes/],
      ["Arbitrator, array manager, function control, parameter monitor, status mapping act", /meter\/test\/controls/],
      ["A profile that clients set up: columns, period, length, sort methods", /free-profile/],
      ["Accounts, credits, charges, tokens", /meter\/test\/payment/],
    ],
  ],
  [
    "Data and model",
    [
      ["A-XDR, every type; compact arrays", /robustness.* values|compact/],
      ["Load profiles by column", /load profile/],
      ["OBIS names of every medium", /name of a code/],
      ["Clock: stamps, deviations, wildcards", /date-time\.test/],
      ["Units and scalers", /scaler\.test/],
      ["Companion specifications", /companion/],
      ["Forms that captures do not have, of every service, type and frame", /every-form/],
      ["Hostile octets: every cut, every octet changed", /any octets|cut short|cut or changed|truncat/i],
    ],
  ],
  [
    "Captured exchanges",
    [
      ["Client side replayed octet for octet", /the client says octet for octet/],
      ["Server side replayed octet for octet", /the server says octet for octet/],
      ["Client side of refused clients replayed octet for octet", /a client that is refused, and asks all the same/],
      ["Server side in blocks of its own, where the captured one cuts at rows", /captured values in blocks of its own/],
      ["Every captured APDU decoded and encoded back", /captured exchanges over the wrapper/],
    ],
  ],
];

/** The server as a whole is proved by the meter that is built on it. */
const SERVER_TESTS = [
  "acting-classes",
  "associations",
  "changed-associations",
  "confirmed-push",
  "controls",
  "data-protection",
  "dlms-face",
  "every-class",
  "free-profile",
  "lost-key-answers",
  "meter-services",
  "payment",
  "profile-encodings",
  "push",
  "security-setup",
  "utility-tables",
].map((name) => `packages/meter/test/${name}.test.ts`);

const report = fileURLToPath(new URL("../conformance-report.json", import.meta.url));
try {
  execFileSync("npx", ["vitest", "run", "packages/dlms", ...SERVER_TESTS, "--reporter=json", `--outputFile=${report}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
} catch {
  process.stderr.write("some tests failed: the table counts only those that passed\n");
}
const { testResults } = JSON.parse(readFileSync(report, "utf8"));
rmSync(report);
const tests = testResults.flatMap((file) =>
  file.assertionResults.map((test) => ({
    file: file.name.replace(/^.*packages\/dlms\//, "").replace(/^.*packages\//, ""),
    name: [...test.ancestorTitles, test.title].join(" "),
    status: test.status,
  })),
);

const CLASS_TESTS = /(class-travel|every-class)\.test\.ts$/;

register();
const { INTERFACE_CLASSES } = await import("../src/index.ts");

const lines = [
  "# Conformance",
  "",
  "Generated from the tests by `scripts/conformance.mjs`: what is claimed, how many tests prove it, and where they are.",
  "",
];
for (const [title, claims] of CLAIMS) {
  lines.push(`## ${title}`, "", "| what | passed | skipped | tests in |", "| --- | --- | --- | --- |");
  for (const [what, pattern] of claims) {
    // The classes have a table of their own, and their names words of everything.
    const isNamedByClass = (test) => CLASS_TESTS.test(test.file) && !pattern.test("every-class");
    const found = tests.filter((test) => !isNamedByClass(test) && pattern.test(`/${test.file} ${test.name}`));
    const count = (status) => found.filter((test) => test.status === status).length;
    const files = [...new Set(found.map((test) => test.file.replace(/^test\//, "")))].sort((a, b) => a.localeCompare(b));
    lines.push(`| ${what} | ${count("passed")} | ${found.length - count("passed") - count("failed")} | ${files.join(", ")} |`);
    if (count("passed") === 0) process.stderr.write(`nothing proves: ${what}\n`);
  }
  lines.push("");
}
lines.push(
  "## Interface classes",
  "",
  "Every version in the tables. Counted are the tests that name it: its size by the Blue Book, its values written and read, read from a server over GET.",
  "`typed` says how many attributes have their own type; the others are CHOICE in the book, or their inner structure is not public and they are kept as they come.",
  "`served` says that the conformance meter (`amity meter serve --model conformance`) shows an object of the class, read and typed over the wire.",
  "",
  "| class | version | name | attributes | typed | methods | passed | served |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
);
for (const { id, version, name, attributes, methods = {} } of INTERFACE_CLASSES) {
  const shapes = Object.values(attributes);
  const typed = shapes.filter(({ type }) => !type.includes("CHOICE")).length;
  const proves = new RegExp(`class ${id} version ${version}[, ]`);
  const passed = tests.filter((test) => test.status === "passed" && proves.test(test.name)).length;
  const isServed = tests.some(
    (test) => test.status === "passed" && test.file.endsWith("every-class.test.ts") && test.name.includes(`shows class ${id},`),
  );
  const counts = [shapes.length + 1, typed + 1, Object.keys(methods).length, passed];
  lines.push(`| ${id} | ${version} | ${name} | ${counts.join(" | ")} | ${isServed ? "yes" : ""} |`);
  if (passed === 0) process.stderr.write(`nothing proves: class ${id} version ${version}\n`);
}
lines.push("");
writeFileSync(fileURLToPath(new URL("../CONFORMANCE.md", import.meta.url)), lines.join("\n"));
