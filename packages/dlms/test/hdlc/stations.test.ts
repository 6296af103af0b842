import { describe, expect, it } from "vitest";
import { clientAddress, serverAddress } from "../../src/hdlc/address.ts";
import type { HdlcControl } from "../../src/hdlc/control.ts";
import type { HdlcFrame } from "../../src/hdlc/frame.ts";
import { settlePrimary, settleSecondary, type PrimaryOptions, type SecondaryOptions } from "../../src/hdlc/options.ts";
import { decodeParameters, encodeParameters, negotiate } from "../../src/hdlc/parameters.ts";
import {
  PRIMARY_START,
  primaryDeadline,
  stepPrimary,
  type PrimaryEffect,
  type PrimaryInput,
  type PrimaryState,
} from "../../src/hdlc/primary.ts";
import {
  SECONDARY_START,
  secondaryDeadline,
  stepSecondary,
  type SecondaryEffect,
  type SecondaryInput,
  type SecondaryState,
} from "../../src/hdlc/secondary.ts";
import { hex, toHex } from "./captures.ts";

const CLIENT = clientAddress(16);
const SERVER = serverAddress(1);
const NOTHING = new Uint8Array(0);

function frame(control: HdlcControl, information: Uint8Array = NOTHING, segmented = false): HdlcFrame {
  return { destination: SERVER, source: CLIENT, control, information, segmented };
}
const i = (sendSequence: number, receiveSequence: number, pollFinal = true): HdlcControl => ({
  kind: "i",
  sendSequence,
  receiveSequence,
  pollFinal,
});
const rr = (receiveSequence: number, kind: "rr" | "rnr" | "rej" = "rr"): HdlcControl => ({ kind, receiveSequence, pollFinal: true });
const unnumbered = (kind: "snrm" | "disc" | "ua" | "dm" | "frmr"): HdlcControl => ({ kind, pollFinal: true });

/** Effects in short: frames as `i02*` (kind, N(S), N(R), * for P/F), the rest by kind. */
function brief(effects: readonly (PrimaryEffect | SecondaryEffect)[]): string[] {
  return effects.map((effect) => {
    if (effect.kind === "disconnected") return "reason" in effect ? `disconnected ${effect.reason}` : "disconnected";
    if (effect.kind !== "transmit") return effect.kind;
    const { control } = effect.frame;
    const sequences =
      control.kind === "i"
        ? `${control.sendSequence}${control.receiveSequence}`
        : "receiveSequence" in control
          ? `${control.receiveSequence}`
          : "";
    return `${control.kind}${sequences}${control.pollFinal ? "*" : ""}`;
  });
}

class Primary {
  state: PrimaryState = PRIMARY_START;
  readonly #config;
  constructor(options: PrimaryOptions = {}) {
    this.#config = { own: CLIENT, peer: SERVER, options: settlePrimary(options) };
  }
  step(input: PrimaryInput, nowMs = 0): string[] {
    const { state, effects } = stepPrimary(this.#config, this.state, input, nowMs);
    this.state = state;
    return brief(effects);
  }
  frame(control: HdlcControl, information?: Uint8Array, segmented?: boolean): string[] {
    return this.step({ kind: "frame", frame: frame(control, information, segmented) });
  }
  tick(): string[] {
    return this.step({ kind: "tick" }, primaryDeadline(this.state)!);
  }
  connected(peer = encodeParameters(settlePrimary({}).parameters)): this {
    this.step({ kind: "connect" });
    this.frame(unnumbered("ua"), peer);
    return this;
  }
}

class Secondary {
  state: SecondaryState = SECONDARY_START;
  readonly #config;
  constructor(options: SecondaryOptions = {}) {
    this.#config = { own: SERVER, peer: CLIENT, options: settleSecondary(options) };
  }
  step(input: SecondaryInput, nowMs = 0): string[] {
    const { state, effects } = stepSecondary(this.#config, this.state, input, nowMs);
    this.state = state;
    return brief(effects);
  }
  frame(control: HdlcControl, information?: Uint8Array, segmented?: boolean): string[] {
    return this.step({ kind: "frame", frame: frame(control, information, segmented) });
  }
  tick(): string[] {
    return this.step({ kind: "tick" }, secondaryDeadline(this.state)!);
  }
  connected(): this {
    this.frame(unnumbered("snrm"));
    return this;
  }
}

describe("the primary station", () => {
  it("asks three times for a connection, then reports", () => {
    const primary = new Primary();
    expect(primary.step({ kind: "connect" })).toEqual(["snrm*"]);
    expect(primary.tick()).toEqual(["snrm*"]);
    expect(primary.tick()).toEqual(["snrm*"]);
    expect(primary.tick()).toEqual(["failed"]);
    expect(primary.step({ kind: "connect" })).toEqual([]);
  });

  it("reports a refusal (DM) at once", () => {
    const primary = new Primary();
    primary.step({ kind: "connect" });
    expect(primary.frame(unnumbered("dm"))).toEqual(["failed"]);
  });

  it("holds the server to what both can do", () => {
    const primary = new Primary({ parameters: { transmitOctets: 512, receiveOctets: 512, transmitWindow: 7, receiveWindow: 7 } });
    primary.connected(encodeParameters({ transmitOctets: 256, receiveOctets: 100, transmitWindow: 2, receiveWindow: 3 }));
    expect(primary.state).toMatchObject({ parameters: { transmitOctets: 100, receiveOctets: 256, transmitWindow: 3, receiveWindow: 2 } });
    expect(primary.step({ kind: "send", message: new Uint8Array(450) })).toEqual(["i00", "i10", "i20*"]);
    expect(primary.frame(rr(3))).toEqual(["i30", "i40*"]);
    expect(primary.frame(i(0, 5), Uint8Array.of(1))).toEqual(["message"]);
  });

  it("goes back to the first frame that was lost, for RR and for REJ alike", () => {
    for (const kind of ["rr", "rej"] as const) {
      const primary = new Primary({ parameters: { transmitWindow: 4, receiveWindow: 4 } }).connected(
        encodeParameters({ transmitOctets: 128, receiveOctets: 128, transmitWindow: 4, receiveWindow: 4 }),
      );
      expect(primary.step({ kind: "send", message: new Uint8Array(500) })).toEqual(["i00", "i10", "i20", "i30*"]);
      expect(primary.frame(rr(1, kind))).toEqual(["i10", "i20", "i30*"]);
    }
  });

  it("repeats a single frame when nothing comes, but asks first where a window is out", () => {
    const single = new Primary().connected();
    single.step({ kind: "send", message: new Uint8Array(10) });
    expect(single.tick()).toEqual(["i00*"]);
    const wide = new Primary({ parameters: { transmitWindow: 4 } }).connected(
      encodeParameters({ transmitOctets: 128, receiveOctets: 128, transmitWindow: 4, receiveWindow: 4 }),
    );
    wide.step({ kind: "send", message: new Uint8Array(300) });
    expect(wide.tick()).toEqual(["rr0*"]);
    expect(wide.tick()).toEqual(["rr0*"]);
    expect(wide.tick()).toEqual(["failed"]);
  });

  it("sends one frame at a time to a server that agreed to a window and took only its first frame", () => {
    const four = { transmitOctets: 128, receiveOctets: 128, transmitWindow: 4, receiveWindow: 4 };
    const primary = new Primary({ parameters: { transmitWindow: 4 } }).connected(encodeParameters(four));
    expect(primary.step({ kind: "send", message: new Uint8Array(400) })).toEqual(["i00", "i10", "i20", "i30*"]);
    expect(primary.tick()).toEqual(["rr0*"]);
    expect(primary.frame(rr(1))).toEqual(["i10*"]);
    expect(primary.frame(rr(2))).toEqual(["i20*"]);
    expect(primary.frame(rr(3))).toEqual(["i30*"]);
  });

  it("takes the answers of a server that never counts our frames (jDLMS), but not of one that lost the second", () => {
    const primary = new Primary().connected();
    const ask = (): string[] => primary.step({ kind: "send", message: Uint8Array.of(1) });
    expect(ask()).toEqual(["i00*"]);
    expect(primary.frame(i(0, 0), Uint8Array.of(2))).toEqual(["message"]);
    expect(ask()).toEqual(["i11*"]);
    expect(primary.frame(i(1, 0), Uint8Array.of(3), true)).toEqual(["rr2*"]);
    expect(primary.frame(i(2, 0), Uint8Array.of(4))).toEqual(["message"]);
    expect(ask()).toEqual(["i23*"]);
    const counting = new Primary().connected();
    counting.step({ kind: "send", message: Uint8Array.of(1) });
    expect(counting.frame(i(0, 1), Uint8Array.of(2))).toEqual(["message"]);
    expect(counting.step({ kind: "send", message: Uint8Array.of(1) })).toEqual(["i11*"]);
    expect(counting.frame(i(1, 1), Uint8Array.of(3))).toEqual(["message", "i12*"]);
  });

  it("waits while the server is busy (RNR) and goes on when it is ready", () => {
    const primary = new Primary().connected();
    primary.step({ kind: "send", message: new Uint8Array(200) });
    expect(primary.frame(rr(1, "rnr"))).toEqual([]);
    expect(primary.tick()).toEqual(["rr0*"]);
    expect(primary.frame(rr(1))).toEqual(["i10*"]);
  });

  it("polls a server that is still thinking, and stops asking after its patience without giving the link up", () => {
    const primary = new Primary({ stallTimeoutMs: 1_000, pollIntervalMs: 400 }).connected();
    primary.step({ kind: "send", message: new Uint8Array(10) });
    let nowMs = 0;
    const seen: string[] = [];
    for (let round = 0; round < 10; round++) {
      seen.push(...primary.step({ kind: "frame", frame: frame(rr(1)) }, nowMs));
      if (primary.state.kind !== "connected" || primary.state.turn !== "pause") continue;
      nowMs = primary.state.deadlineMs;
      seen.push(...primary.step({ kind: "tick" }, nowMs));
    }
    expect(seen).toEqual(["rr0*", "rr0*", "rr0*", "rr0*"]);
    expect(primary.step({ kind: "send", message: Uint8Array.of(1) })).toEqual(["i10*"]);
  });

  it("gives up a server that answers for ever but takes nothing", () => {
    const primary = new Primary().connected();
    primary.step({ kind: "send", message: new Uint8Array(10) });
    expect(primary.frame(rr(0))).toEqual(["i00*"]);
    expect(primary.frame(rr(0))).toEqual(["i00*"]);
    expect(primary.frame(rr(0))).toEqual(["failed"]);
  });

  it("refuses content while it is busy itself, and takes it afterwards", () => {
    const primary = new Primary().connected();
    primary.step({ kind: "send", message: new Uint8Array(10) });
    primary.step({ kind: "busy", isBusy: true });
    expect(primary.frame(i(0, 1), Uint8Array.of(7))).toEqual(["rnr0*"]);
    primary.step({ kind: "busy", isBusy: false });
    expect(primary.frame(rr(1))).toEqual([]);
    expect(primary.tick()).toEqual(["rr0*"]);
    expect(primary.frame(i(0, 1), Uint8Array.of(7))).toEqual(["message"]);
  });

  it("reports FRMR, an unexpected DM, and a message that outgrows its limit", () => {
    for (const kind of ["frmr", "dm"] as const) expect(new Primary().connected().frame(unnumbered(kind))).toEqual(["failed"]);
    const primary = new Primary({ messageOctetsMax: 200 }).connected();
    primary.step({ kind: "send", message: Uint8Array.of(1) });
    expect(primary.frame(i(0, 1), new Uint8Array(128), true)).toEqual(["rr1*"]);
    expect(primary.frame(i(1, 1), new Uint8Array(128), true)).toEqual(["failed"]);
  });

  it("disconnects after what is queued, and ends even if nobody answers", () => {
    const primary = new Primary().connected();
    primary.step({ kind: "send", message: new Uint8Array(200) });
    expect(primary.step({ kind: "disconnect" })).toEqual([]);
    expect(primary.frame(rr(1))).toEqual(["i10*"]);
    expect(primary.frame(i(0, 2), Uint8Array.of(1))).toEqual(["message", "disc*"]);
    expect(primary.tick()).toEqual(["disc*"]);
    expect(primary.tick()).toEqual(["disc*"]);
    expect(primary.tick()).toEqual(["disconnected"]);
  });

  it("does not count a content-free flood as content", () => {
    const primary = new Primary({ messageOctetsMax: 100 }).connected();
    primary.step({ kind: "send", message: Uint8Array.of(1) });
    for (let count = 0; count < 5_000; count++) primary.frame(i(count % 8, 1), NOTHING, true);
    expect(JSON.stringify(primary.state).length).toBeLessThan(1_000);
  });
});

describe("the secondary station", () => {
  it("answers SNRM with UA and everything before it with DM", () => {
    const secondary = new Secondary();
    expect(secondary.frame(rr(0))).toEqual(["dm*"]);
    expect(secondary.frame(unnumbered("disc"))).toEqual(["dm*"]);
    expect(secondary.frame(unnumbered("snrm"))).toEqual(["ua*", "connected"]);
    expect(secondary.frame(unnumbered("snrm"))).toEqual(["disconnected reset", "ua*", "connected"]);
    expect(secondary.frame(unnumbered("disc"))).toEqual(["ua*", "disconnected peer"]);
  });

  it("waits for its application, puts an impatient client off, and answers when polled", () => {
    const secondary = new Secondary().connected();
    expect(secondary.frame(i(0, 0), Uint8Array.of(1))).toEqual(["message"]);
    expect(secondary.frame(i(0, 0), Uint8Array.of(1))).toEqual(["rr1*"]);
    expect(secondary.frame(rr(0))).toEqual([]);
    expect(secondary.tick()).toEqual(["rr1*"]);
    expect(secondary.step({ kind: "send", message: Uint8Array.of(2) })).toEqual([]);
    expect(secondary.frame(rr(0))).toEqual(["i01*"]);
    expect(secondary.frame(rr(1))).toEqual(["rr1*"]);
  });

  it("gives its answer again when the client repeats its request", () => {
    const secondary = new Secondary().connected();
    secondary.frame(i(0, 0), Uint8Array.of(1));
    expect(secondary.step({ kind: "send", message: Uint8Array.of(2) })).toEqual(["i01*"]);
    expect(secondary.frame(i(0, 0), Uint8Array.of(1))).toEqual(["i01*"]);
  });

  it("acknowledges a segment that fills a window of one, though its sender forgets to poll", () => {
    const secondary = new Secondary().connected();
    expect(secondary.frame(i(0, 0, false), Uint8Array.of(1), true)).toEqual(["rr1*"]);
    expect(secondary.frame(i(1, 0), Uint8Array.of(2))).toEqual(["message"]);
    const wide = new Secondary({ parameters: { receiveWindow: 3 } });
    wide.frame(unnumbered("snrm"), encodeParameters({ ...settleSecondary().parameters, transmitWindow: 3 }));
    expect(wide.frame(i(0, 0, false), Uint8Array.of(1), true)).toEqual([]);
  });

  it("hands the turn back where no answer is due", () => {
    const secondary = new Secondary().connected();
    secondary.frame(i(0, 0), Uint8Array.of(1));
    expect(secondary.step({ kind: "release" })).toEqual(["rr1*"]);
  });

  it.each([
    ["an undefined control field", frame({ kind: "unknown", octet: 0xdf, pollFinal: true }), "DF0001"],
    ["information where none belongs", frame(rr(0), Uint8Array.of(1)), "110003"],
    ["an information field that is too long", frame(i(0, 0), new Uint8Array(129)), "100004"],
    ["an acknowledgement of what was never sent", frame(rr(3)), "710008"],
  ])("rejects %s until it is connected anew", (_name, bad, expected) => {
    const config = { own: SERVER, peer: CLIENT, options: settleSecondary() };
    const connected = stepSecondary(config, SECONDARY_START, { kind: "frame", frame: frame(unnumbered("snrm")) }, 0).state;
    const { state, effects } = stepSecondary(config, connected, { kind: "frame", frame: bad }, 0);
    const [first] = effects;
    expect(brief(effects)).toEqual(["frmr*", "disconnected rejected"]);
    expect(first?.kind === "transmit" && toHex(first.frame.information)).toBe(expected);
    expect(brief(stepSecondary(config, state, { kind: "frame", frame: frame(rr(0)) }, 0).effects)).toEqual(["frmr*"]);
    expect(brief(stepSecondary(config, state, { kind: "frame", frame: frame(unnumbered("snrm")) }, 0).effects)).toEqual([
      "ua*",
      "connected",
    ]);
  });

  it("lets go of a client that has fallen silent", () => {
    const secondary = new Secondary({ inactivityTimeoutMs: 30_000 }).connected();
    expect(secondaryDeadline(secondary.state)).toBe(30_000);
    secondary.step({ kind: "frame", frame: frame(rr(0)) }, 10_000);
    expect(secondaryDeadline(secondary.state)).toBe(40_000);
    expect(secondary.tick()).toEqual(["disconnected inactivity"]);
    expect(secondary.frame(rr(0))).toEqual(["dm*"]);
  });

  it("stays with the defaults where a negotiation makes no sense", () => {
    const secondary = new Secondary({ parameters: { transmitOctets: 512 } });
    expect(secondary.frame(unnumbered("snrm"), hex("8280"))).toEqual(["ua*", "connected"]);
    expect(secondary.state).toMatchObject({ parameters: { transmitOctets: 128 } });
  });
});

describe("the negotiation", () => {
  it.each([
    ["818012050180060180070400000001080400000001", { transmitOctets: 128, receiveOctets: 128, transmitWindow: 1, receiveWindow: 1 }],
    [
      "81801405020074060200740704000000010804000000" + "01",
      { transmitOctets: 116, receiveOctets: 116, transmitWindow: 1, receiveWindow: 1 },
    ],
    ["8180080502020006020200", { transmitOctets: 512, receiveOctets: 512, transmitWindow: 1, receiveWindow: 1 }],
    ["818006070400000007", { transmitOctets: 128, receiveOctets: 128, transmitWindow: 7, receiveWindow: 1 }],
    ["", { transmitOctets: 128, receiveOctets: 128, transmitWindow: 1, receiveWindow: 1 }],
  ])("reads %s", (octets, expected) => expect(decodeParameters(hex(octets))).toEqual(expected));

  it.each(["80", "8180", "818005", "8180030501", "81800305010080", "818003050100", "8180070505000000" + "0001"])(
    "refuses %s by name",
    (octets) => {
      expect(() => decodeParameters(hex(octets))).toThrow(/truncated|81|impossible/);
    },
  );

  it("takes the smaller of what one sends and the other takes, each way", () => {
    const own = { transmitOctets: 100, receiveOctets: 200, transmitWindow: 1, receiveWindow: 5 };
    const peer = { transmitOctets: 150, receiveOctets: 50, transmitWindow: 7, receiveWindow: 3 };
    expect(negotiate(own, peer)).toEqual({ transmitOctets: 50, receiveOctets: 150, transmitWindow: 1, receiveWindow: 5 });
  });
});
