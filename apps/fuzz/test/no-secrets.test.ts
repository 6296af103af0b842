import { inspect } from "node:util";
import { toHex } from "@amity/bytes";
import { seededRandom } from "@amity/runtime";
import { afterEach, expect, test } from "vitest";
import { mutate } from "../src/mutate.ts";
import { METER } from "../src/peers/dlms-meter.ts";
import { LOCAL_PORT_PASSWORD } from "../src/targets/local-port-sessions.ts";
import { refusalWatch } from "../src/targets/refusals.ts";
import { targetNamed } from "../src/targets/index.ts";

/** The keys and passwords that the targets' own clients, meters and collectors hold. */
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const SECRETS = [
  KEY,
  METER.keys.encryptionKey,
  METER.keys.authenticationKey,
  METER.password,
  new TextEncoder().encode(LOCAL_PORT_PASSWORD),
];
const RUNS = 400;

/** In every way in which octets get into a text. */
const FORMS = SECRETS.flatMap((secret) => [
  toHex(secret),
  toHex(secret, " "),
  toHex(secret, ":"),
  Buffer.from(secret).toString("base64"),
  Buffer.from(secret).toString("latin1"),
  [...secret].join(","),
  [...secret].join(", "),
]);

afterEach(() => void (refusalWatch.onError = undefined));

test.each(["dlms", "dlms-client", "hdlc-client", "certificate", "mbus", "wmbus", "wmbus-sessions", "p1", "iec-session"])(
  "no error of a hostile run of %s holds a key or a password, in text, cause or fields",
  async (name) => {
    const target = await targetNamed(name);
    const texts = new Set<string>();
    refusalWatch.onError = (error) => void texts.add(`${String(error)} ${inspect(error, { depth: 8, maxArrayLength: 64 })}`.toLowerCase());
    const random = seededRandom(5);
    const corpus = await target.seeds();
    for (let run = 0; run < RUNS; run++) {
      const parent = corpus[random.below(corpus.length)] ?? new Uint8Array(0);
      const mutated = mutate(parent, { corpus, dictionary: target.dictionary ?? [], octetsMax: target.inputOctetsMax }, random);
      await target.decode(run % 2 === 0 ? (target.repair?.(mutated) ?? mutated) : mutated);
    }
    expect(texts.size).toBeGreaterThan(3);
    for (const text of texts) for (const form of FORMS) expect(text.includes(form.toLowerCase()), `${form} in ${text}`).toBe(false);
  },
);
