import { ByteReader, DecodeError, LinkError } from "@amity/bytes";
import { encodeCollectorTelegram, encodeTelegram, WIRELESS_CONTROL, decodeTelegram, type MeterAddress } from "@amity/mbus";
import { Simulation, type SimNode } from "@amity/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LOG_LIMITS, DeliveryLog } from "../src/delivery-log.ts";
import { decodeDelivery } from "../src/delivery.ts";
import {
  decodeOrderReport,
  encodeOrderReport,
  orderData,
  orderOfData,
  ORDER_STATES,
  type MeterOrder,
  type OrderReport,
} from "../src/index.ts";
import { OrderBook } from "../src/wireless/order-book.ts";
import { OrderDesk } from "../src/wireless/order-desk.ts";

const START_MS = Date.UTC(2026, 10, 1, 12);
const METER: MeterAddress = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };
const COLLECTOR: MeterAddress = { id: "00000001", manufacturer: "AMT", version: 1, deviceType: 0x31 };

const told = (accessNumber: number): Uint8Array =>
  encodeCollectorTelegram({ collector: COLLECTOR, meter: METER, kind: "request", accessNumber });
const orderOf = (orderId: string, more: Partial<MeterOrder> = {}): MeterOrder => ({
  orderId,
  meterId: "M1",
  expiresAtMs: START_MS + 3_600_000,
  answerAfterMs: 2.5,
  telegrams: [told(7), told(8)],
  ...more,
});

/** What the meter sends: of itself, or as an answer to an access number. */
function fromMeter(control: number, accessNumber: number): Uint8Array {
  const message = { meter: METER, header: "short", accessNumber, content: new Uint8Array(0) } as const;
  return encodeTelegram({ control, sender: METER, format: "a", message });
}

interface Life {
  readonly desk: OrderDesk;
  readonly log: DeliveryLog;
}

async function start(node: SimNode, simulation: Simulation): Promise<Life> {
  const { world } = node;
  const book = await simulation.runFor(OrderBook.open(world.files));
  const { log } = await simulation.runFor(DeliveryLog.open(world.files, DEFAULT_LOG_LIMITS, () => {}));
  return { log, desk: new OrderDesk({ world, book, log, knows: (meterId) => meterId === "M1" }) };
}

/** Lets the desk hear a telegram of the meter. */
function hear({ desk }: Life, octets: Uint8Array) {
  return desk.heard("M1", decodeTelegram(octets), octets);
}

async function reports(simulation: Simulation, { log }: Life): Promise<OrderReport[]> {
  const records = await simulation.runFor(log.read(log.oldest, log.newest));
  return records.map(({ data }) => decodeOrderReport(decodeDelivery(new ByteReader(data)).payload));
}

function setUp() {
  const simulation = new Simulation({ seed: 5, startMs: START_MS });
  return { simulation, node: simulation.node("C1") };
}

describe("an order on the wire", () => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const orders = fc.record({
    orderId: fc.string({ minLength: 1, maxLength: 40 }),
    meterId: fc.string({ maxLength: 20 }),
    expiresAtMs: fc.integer({ min: 0, max: 2 ** 45 }),
    answerAfterMs: fc.integer({ min: 0, max: 20_000 }).map((tenths) => tenths / 10),
    telegrams: fc.array(octets, { minLength: 1, maxLength: 4 }),
  });

  it("comes back as it was, with and without an ending", () => {
    fc.assert(
      fc.property(orders, octets, fc.boolean(), (order, ending, hasEnding) => {
        const whole: MeterOrder = hasEnding ? { ...order, ending } : order;
        expect(orderOfData(orderData(whole))).toEqual(whole);
      }),
    );
  });

  it("gives a report that comes back as it was, or a DecodeError for any other octets", () => {
    const heard = fc.record({ atMs: fc.integer({ min: 0, max: 2 ** 45 }), octets });
    const report = fc.record({
      orderId: fc.string({ maxLength: 40 }),
      state: fc.constantFrom(...ORDER_STATES),
      atMs: fc.integer({ min: 0, max: 2 ** 45 }),
      sends: fc.nat(),
      answers: fc.array(heard, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(report, fc.nat(), (one, cut) => {
        const encoded = encodeOrderReport(one);
        expect(decodeOrderReport(encoded)).toEqual(one);
        expect(() => decodeOrderReport(encoded.subarray(0, cut % encoded.length))).toThrow(DecodeError);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (any) => {
        try {
          decodeOrderReport(any);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe("the desk of orders", () => {
  it("sends each telegram when the one before was answered, and the same one again until it is", async () => {
    const { simulation, node } = setUp();
    const life = await start(node, simulation);
    expect((await simulation.runFor(life.desk.place(orderOf("o1"))))?.state).toBe("queued");
    expect(hear(life, fromMeter(WIRELESS_CONTROL.sndNr, 1))).toEqual({ octets: told(7), afterMs: 2.5 });
    // A repeater's copy opens no second window; another answer is none.
    expect(hear(life, fromMeter(WIRELESS_CONTROL.sndNr, 1))).toBeUndefined();
    expect(hear(life, fromMeter(WIRELESS_CONTROL.ack, 6))).toBeUndefined();
    await simulation.runUntil(START_MS + 60_000);
    expect(hear(life, fromMeter(WIRELESS_CONTROL.accNr, 2))?.octets).toEqual(told(7));
    expect(hear(life, fromMeter(WIRELESS_CONTROL.ack, 7))?.octets).toEqual(told(8));
    await simulation.runUntil(START_MS + 120_000);
    // What was acknowledged is not sent again.
    expect(hear(life, fromMeter(WIRELESS_CONTROL.sndNr, 3))?.octets).toEqual(told(8));
    expect(hear(life, fromMeter(WIRELESS_CONTROL.rspUd, 8))).toBeUndefined();
    await simulation.runUntil(START_MS + 121_000);
    expect((await reports(simulation, life)).map(({ state, answers }) => `${state} ${answers.length}`)).toEqual(["sent 0", "answered 2"]);
    expect(life.desk.open).toEqual([]);
    expect((await simulation.runFor(life.desk.place(orderOf("o1"))))?.state).toBe("answered");
  });

  it("keeps an order over a crash at any write, counts it as sent then, and takes it once", async () => {
    for (let crashAt = 0; crashAt < 6; crashAt++) {
      const { simulation, node } = setUp();
      let life = await start(node, simulation);
      await simulation.runFor(life.desk.place(orderOf("o1")));
      for (let turn = 0; turn <= crashAt; turn++) {
        await simulation.runUntil(START_MS + (turn + 1) * 60_000);
        hear(life, fromMeter(WIRELESS_CONTROL.sndNr, turn));
        if (turn % 2 === 1) hear(life, fromMeter(WIRELESS_CONTROL.ack, 7));
      }
      node.crash();
      life = await start(node, simulation);
      const status = life.desk.status("o1");
      expect(["sent", "answered"]).toContain(status?.state);
      expect((await simulation.runFor(life.desk.place(orderOf("o1", { telegrams: [told(9)] }))))?.state).toBe(status?.state);
      await simulation.runUntil(START_MS + 20 * 60_000);
      const again = hear(life, fromMeter(WIRELESS_CONTROL.sndNr, 99))?.octets;
      if (status?.state === "sent") expect([told(7), told(8)]).toContainEqual(again);
    }
  });

  it("ends what expires: unsent for good, sent with nothing known of it", async () => {
    const { simulation, node } = setUp();
    const life = await start(node, simulation);
    await simulation.runFor(life.desk.place(orderOf("o1", { expiresAtMs: START_MS + 60_000 })));
    hear(life, fromMeter(WIRELESS_CONTROL.sndNr, 1));
    await simulation.runFor(life.desk.place(orderOf("o2", { expiresAtMs: START_MS + 90_000 })));
    await simulation.runUntil(START_MS + 120_000);
    expect(hear(life, fromMeter(WIRELESS_CONTROL.sndNr, 2))).toBeUndefined();
    expect((await reports(simulation, life)).map(({ orderId, state }) => `${orderId} ${state}`)).toEqual([
      "o1 sent",
      "o1 unanswered",
      "o2 expired",
    ]);
  });

  it("refuses meters that it does not know, what is no telegram, and more than it can keep", async () => {
    const { simulation, node } = setUp();
    const life = await start(node, simulation);
    expect(await simulation.runFor(life.desk.place(orderOf("o1", { meterId: "M2" })))).toBeUndefined();
    await expect(simulation.runFor(life.desk.place(orderOf("o2", { telegrams: [Uint8Array.of(1, 2)] })))).rejects.toThrow(DecodeError);
    for (let index = 0; index < 500; index++) await simulation.runFor(life.desk.place(orderOf(`n${index}`)));
    await expect(simulation.runFor(life.desk.place(orderOf("one more")))).rejects.toThrow(LinkError);
    expect(life.desk.status("one more")).toBeUndefined();
  });

  it("begins with an empty book where the disk gives back something else", async () => {
    const { simulation, node } = setUp();
    await simulation.runFor(node.world.files.replace("orders.json", new TextEncoder().encode('[["o1", 5]]')));
    expect((await start(node, simulation)).desk.open).toEqual([]);
  });
});
