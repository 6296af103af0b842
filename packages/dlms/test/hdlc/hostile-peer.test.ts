import { Simulation } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientAddress, serverAddress } from "../../src/hdlc/address.ts";
import { serveHdlcLink } from "../../src/hdlc/server-link.ts";
import { decodeControl } from "../../src/hdlc/control.ts";
import { encodeFrame, type HdlcFrame } from "../../src/hdlc/frame.ts";
import { settlePrimary, settleSecondary } from "../../src/hdlc/options.ts";
import { PRIMARY_START, primaryBacklog, stepPrimary, type PrimaryInput, type PrimaryState } from "../../src/hdlc/primary.ts";
import { SECONDARY_START, secondaryBacklog, stepSecondary, type SecondaryInput, type SecondaryState } from "../../src/hdlc/secondary.ts";

const own = { destination: clientAddress(1), source: serverAddress(1) };
const frame: fc.Arbitrary<HdlcFrame> = fc.record({
  destination: fc.constant(own.destination),
  source: fc.constant(own.source),
  control: fc.oneof(
    fc.integer({ min: 0, max: 255 }).map(decodeControl),
    fc.constantFrom(0x73, 0x93, 0x10, 0x30, 0x12, 0x32, 0x11, 0x31).map(decodeControl),
  ),
  segmented: fc.boolean(),
  information: fc.uint8Array({ maxLength: 140 }),
});
const common = fc.oneof(
  { weight: 6, arbitrary: frame.map((value) => ({ kind: "frame" as const, frame: value })) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 400 }).map((message) => ({ kind: "send" as const, message })) },
  { weight: 1, arbitrary: fc.constant({ kind: "tick" as const }) },
  { weight: 1, arbitrary: fc.boolean().map((isBusy) => ({ kind: "busy" as const, isBusy })) },
);

describe("whatever a peer sends", () => {
  it("the primary takes it, sends no more than its window at a time, and holds no more than its limits", () => {
    const config = {
      own: own.destination,
      peer: own.source,
      options: settlePrimary({ messageOctetsMax: 1_000, parameters: { transmitWindow: 3 } }),
    };
    const inputs: fc.Arbitrary<PrimaryInput> = fc.oneof(
      { weight: 8, arbitrary: common },
      { weight: 1, arbitrary: fc.constantFrom({ kind: "connect" as const }, { kind: "expect" as const }, { kind: "disconnect" as const }) },
    );
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 60 }), (list) => {
        let state: PrimaryState = PRIMARY_START;
        let sent = 0;
        [{ kind: "connect" } as const, ...list].forEach((input, index) => {
          const step = stepPrimary(config, state, input, index * 1_000);
          state = step.state;
          if (input.kind === "send") sent += input.message.length;
          expect(step.effects.filter(({ kind }) => kind === "transmit").length).toBeLessThanOrEqual(3);
          expect(primaryBacklog(state)).toBeLessThanOrEqual(sent);
          if (state.kind === "connected") expect(state.transfer.partial?.octets ?? 0).toBeLessThanOrEqual(1_000);
        });
      }),
      { numRuns: 400 },
    );
  });

  it("the secondary takes it, speaks only when it was asked or pushed, and holds no more than its limits", () => {
    const config = {
      own: own.source,
      peer: own.destination,
      options: settleSecondary({ messageOctetsMax: 1_000, parameters: { transmitWindow: 3 } }),
    };
    const inputs: fc.Arbitrary<SecondaryInput> = fc.oneof(
      { weight: 8, arbitrary: common },
      { weight: 1, arbitrary: fc.constant({ kind: "release" as const }) },
    );
    const snrm = {
      kind: "frame",
      frame: { ...own, control: { kind: "snrm", pollFinal: true }, segmented: false, information: new Uint8Array(0) },
    } as const;
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 60 }), (list) => {
        let state: SecondaryState = SECONDARY_START;
        [snrm, ...list].forEach((input, index) => {
          const step = stepSecondary(config, state, input, index * 500);
          state = step.state;
          const said = step.effects.filter(({ kind }) => kind === "transmit").length;
          expect(said).toBeLessThanOrEqual(3);
          if (input.kind === "busy") expect(said).toBe(0);
          if (state.kind === "connected") expect(state.transfer.partial?.octets ?? 0).toBeLessThanOrEqual(1_000);
          else expect(secondaryBacklog(state)).toBe(0);
        });
      }),
      { numRuns: 400 },
    );
  });

  it("one connection opens no more pairs than its limit, and octets that are none cost it nothing", async () => {
    const simulation = new Simulation({ seed: 3, startMs: 0 });
    const { network, timers } = simulation.node("meter").world;
    const connected = new Set<number>();
    await simulation.runFor(
      network.listen({ host: "meter", port: 1 }, (connection) => {
        serveHdlcLink(connection, timers, { inactivityTimeoutMs: 5_000 }).bind({
          apdu: () => undefined,
          released: ({ clientSap }) => void connected.add(clientSap),
          closed: () => undefined,
        });
      }),
    );
    const connection = await simulation.runFor(simulation.node("client").world.network.connect({ host: "meter", port: 1 }));
    connection.bind({ data: () => undefined, closed: () => undefined });
    for (let sap = 1; sap < 120; sap++) {
      const snrm = { destination: serverAddress(1), source: clientAddress(sap), control: { kind: "snrm", pollFinal: true } } as const;
      connection.send(encodeFrame({ ...snrm, segmented: false, information: new Uint8Array(0) }));
    }
    for (let chunk = 0; chunk < 60; chunk++) connection.send(new Uint8Array(1_000).fill(chunk % 3 === 0 ? 0x7e : chunk));
    await simulation.runUntil(20_000);
    expect(connected.size).toBe(64);
  });
});
