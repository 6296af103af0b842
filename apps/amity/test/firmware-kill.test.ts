import { mkdtemp, chmod, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@amity/bytes";
import { digest, hashPassword } from "@amity/crypto";
import { createFleet, masterSecretFrom, MeterFleet } from "@amity/meter";
import { realNetwork, realRandom, realTimers, scaledClock } from "@amity/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startProgram } from "./running-program.ts";
import { runAmity } from "./running-command.ts";

const IMAGE = "AMT-9.1";
const IMAGE_OCTETS = 400_000;
const PASSWORD = "not-for-production";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "amity-firmware-"));
  // An unprivileged database server must be able to pass.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A meter on a real socket behind a line that counts what the head-end sends, and calls back once it was so much. */
async function meterOnCountedLine() {
  const world = { clock: scaledClock(realTimers, { speed: 1 }), timers: realTimers, random: realRandom(), network: realNetwork };
  const plan = createFleet({ seed: 5, meters: 1, feeders: 1, concentrators: 1, directShare: 1, startMs: Date.now() });
  const meterId = plan.meters[0]!.meterId;
  const fleet = await MeterFleet.open({ plan, masterSecret: masterSecretFrom("firmware"), clock: world.clock });
  const served = await fleet.serve(world);
  const line = { sent: 0, limit: Number.POSITIVE_INFINITY, reached: (): void => {} };
  const proxy = createServer((near) => {
    const far = connect(served.addresses.get(meterId)!);
    near.on("data", (chunk: Buffer) => {
      line.sent += chunk.length;
      if (line.sent >= line.limit) {
        line.limit = Number.POSITIVE_INFINITY;
        line.reached();
      }
    });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    meterId,
    fleet,
    line,
    port: (proxy.address() as AddressInfo).port,
    async stop() {
      proxy.close();
      await served.close();
    },
  };
}

/** As the simulated meter wants one: at its end is the SHA-256 of what stands before it. */
function image(): Uint8Array {
  const content = Uint8Array.from({ length: IMAGE_OCTETS }, (_, index) => (index * 31) & 0xff);
  return Buffer.concat([content, digest("sha256", content)]);
}

it("a firmware goes on where it stopped when the whole program was killed with -9 in the midst of it", async () => {
  const meter = await meterOnCountedLine();
  const { meterId, fleet, line, port } = meter;
  const options = ["--no-demo", "--data", join(folder, "data"), "--auth-file", join(folder, "users.json")];
  await writeFile(join(folder, "users.json"), JSON.stringify([{ name: "anna", role: "operator", passwordHash: hashPassword(PASSWORD) }]));
  await writeFile(join(folder, "password"), PASSWORD);
  const { encryptionKey, authenticationKey } = fleet.keys(meterId);
  await writeFile(
    join(folder, "fleet.csv"),
    `meter,protocol,address,key.guek,key.gak\n${meterId},dlms,127.0.0.1:${port},${toHex(encryptionKey)},${toHex(authenticationKey)}\n`,
  );
  const registered = await runAmity(["devices", "import", join(folder, "fleet.csv"), "--data", join(folder, "data"), "--json"]);
  expect(JSON.parse(registered.stdout)).toMatchObject({ added: 1, problems: [] });
  let program = await startProgram(options);
  try {
    const file = join(folder, "image.bin");
    await writeFile(file, image());
    const added = await runAmity(["firmware", "add", file, "--identification", IMAGE, "--json", ...signIn(program.url)]);
    expect(JSON.parse(added.stdout)).toMatchObject({ identification: IMAGE, size: IMAGE_OCTETS + 32 });

    const killed = new Promise<void>((resolve) => (line.reached = () => resolve(program.end("SIGKILL"))));
    const [before, mark] = [line.sent, line.sent + IMAGE_OCTETS / 2];
    line.limit = mark;
    const order = ["command", meterId, "update-firmware", "--image", IMAGE, "--id", "fw-1", "--wait", "0"];
    const asked = await runAmity([...order, ...signIn(program.url)]);
    expect(asked.stderr).toContain("Install firmware AMT-9.1, to run at once");
    await killed;
    expect(fleet.device(meterId).meter.firmware).not.toBe(IMAGE);

    program = await startProgram(options);
    const shown = await runAmity([...order, ...signIn(program.url), "--json"].map((word) => (word === "0" ? "100" : word)));
    const state = JSON.parse(shown.stdout) as { readonly steps: readonly { readonly text: string }[] };
    expect(state).toMatchObject({ state: "done", outcome: `read back: firmware ${IMAGE} runs` });
    const steps = state.steps.map(({ text }) => text);
    expect(steps).toContain("the head-end restarted after dispatch: reading back");
    expect(steps).toContainEqual(expect.stringMatching(/^going on: the meter has \d{3} of 782 blocks$/));
    expect(fleet.device(meterId).meter.firmware).toBe(IMAGE);
    // Every block went out once, but for the one that was under way; the rest is what protects and frames them.
    expect(line.sent - before).toBeLessThan(IMAGE_OCTETS * 1.4);
  } finally {
    await program.end("SIGTERM");
    await meter.stop();
  }
}, 180_000);

function signIn(url: string): string[] {
  return ["--url", url, "--user", "anna", "--password-file", join(folder, "password")];
}
