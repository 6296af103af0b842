import { describe, expect, it } from "vitest";
import { openHdlcLink, serveDlms, serveHdlcLink, wrapperLink } from "@amity/dlms";
import { listenP1 } from "@amity/dsmr";
import { LocalPortClient, listenReadouts, parseIdentification, serveLocalPort, type LocalPortDevice } from "@amity/iec62056-21";
import { WiredBus, serveWiredBus } from "@amity/mbus";
import { VirtualTimers, seededRandom, type Connection, type ConnectionHandlers } from "@amity/runtime";
import { SmlClient, listenSml, serveSml } from "@amity/sml";
import type { LinkError } from "@amity/bytes";
import { dlmsMeter } from "../src/peers/dlms-meter.ts";

const KIB = 1024;
const CHUNK = 16 * KIB;
/** What a port may hear before it hangs up: 64 KiB, what its longest message holds back, and a chunk. */
const HEARD_MAX = 2_000 * KIB;
const timers = new VirtualTimers();
const world = { timers, random: seededRandom(1) };
const TITLE = Uint8Array.of(1);

/** A line whose other end only speaks. */
class Flood implements Connection {
  readonly remote = { host: "flood", port: 0 };
  readonly backlog = 0;
  reason: LinkError | undefined;
  isOpen = true;
  #handlers: ConnectionHandlers | undefined;

  bind(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }
  send(): void {}
  drained(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {
    this.abort();
  }
  abort(reason?: LinkError): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.reason = reason;
    this.#handlers?.closed(reason);
  }

  /** Octets until the port hung up, or as many as are asked for. */
  pour(unit: Uint8Array, octetsMax: number): number {
    const chunk = new Uint8Array(CHUNK);
    for (let at = 0; at < CHUNK; at += unit.length) chunk.set(unit.subarray(0, CHUNK - at), at);
    let poured = 0;
    for (; this.isOpen && poured < octetsMax; poured += CHUNK) this.#handlers?.data(chunk.slice());
    return poured;
  }
}

const METER: LocalPortDevice = {
  identification: parseIdentification("/AMT5\\2METER") ?? fail(),
  address: "4711",
  readout: () => "1.8.0(1)\r\n",
  operand: () => "1",
  authenticate: () => undefined,
  execute: () => ({ kind: "done" }),
};

const PORTS: Readonly<Record<string, (line: Flood) => unknown>> = {
  "IEC 62056-21 meter": (line) => serveLocalPort(line, METER, { timers }),
  "IEC 62056-21 client": (line) => new LocalPortClient(line, { timers }).readout().catch(() => undefined),
  "IEC 62056-21 listener": (line) => listenReadouts(line, timers, { readout: () => undefined }),
  "P1 listener": (line) => listenP1(line, { timers }, { telegram: () => undefined }),
  "SML meter": (line) => serveSml(line, { serverId: TITLE, list: () => undefined } as never, { timers }),
  "SML listener": (line) => listenSml(line, timers, { file: () => undefined }),
  "SML client": (line) => new SmlClient(line, { timers, clientId: TITLE }),
  "M-Bus": (line) => serveWiredBus(line, new WiredBus([]), { timers }),
  "HDLC meter": (line) => serveDlms(serveHdlcLink(line, timers), dlmsMeter(), world),
  "HDLC client": (line) => openHdlcLink(line, timers, { clientSap: 16, physicalDevice: 17 }).catch(() => undefined),
  "wrapper meter": (line) => serveDlms(wrapperLink(line, "server"), dlmsMeter(), world),
};

const text = (words: string) => new TextEncoder().encode(words);
const RUBBISH: Readonly<Record<string, Uint8Array>> = {
  zeros: Uint8Array.of(0),
  "octets FF": Uint8Array.of(0xff),
  "short wrong lines": text("/x\n"),
  "HDLC flags": Uint8Array.of(0x7e),
  "starts of M-Bus": Uint8Array.of(0x68),
  "starts of SML": Uint8Array.of(0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1),
  "starts of blocks": Uint8Array.of(2),
};

describe("a peer that sends only rubbish", () => {
  for (const [port, open] of Object.entries(PORTS)) {
    it.each(Object.keys(RUBBISH))(`is hung up on by the ${port}, with a reason: %s`, (name) => {
      const line = new Flood();
      open(line);
      const poured = line.pour(RUBBISH[name] ?? fail(), HEARD_MAX);
      expect(poured).toBeLessThan(HEARD_MAX);
      // The wrapper breaks at the first octets that are none of its own, and tells the reason to whom it carries for.
      if (port !== "wrapper meter") expect(line.reason).toMatchObject({ code: "rubbish" });
    });
  }

  it("finds more patience where the line is shared or disturbed", () => {
    const line = new Flood();
    serveLocalPort(line, METER, { timers, rubbishOctetsMax: Number.POSITIVE_INFINITY });
    expect(line.pour(text("/x\n"), 512 * KIB)).toBe(512 * KIB);
  });

  it("that asks on without listening is hung up on as well", () => {
    const line = new Flood();
    serveLocalPort(line, METER, { timers });
    line.pour(text("/?!\r\n"), 512 * KIB);
    expect(line.reason).toMatchObject({ code: "flood" });
  });
});

function fail(): never {
  throw new Error("what the test is made of is missing");
}
