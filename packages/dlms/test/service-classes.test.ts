import { describe, expect, test } from "vitest";
import { accessRequest } from "../src/apdu/access.ts";
import { actionRequest } from "../src/apdu/action.ts";
import { dataNotificationConfirm } from "../src/apdu/notification.ts";
import { setRequest } from "../src/apdu/set.ts";
import {
  PushReceiver,
  SecureChannel,
  ServerAssociation,
  apdu,
  data,
  encodeApdu,
  encodeDataNotification,
  encodeInformationReport,
  memoryCounter,
  pushInBlocks,
  type AssociationDefinition,
} from "../src/index.ts";
import { decodeAll } from "@amity/bytes";
import { CLIENT_TITLE, DISCONNECT, ECHO, ENERGY, KEYS, RELAY, SERVER_TITLE, TEXT, fixtureMeter } from "./fixture-meter.ts";

const OPEN: AssociationDefinition[] = [{ clientSap: 1, role: "manager", mechanism: "none", preEstablished: true }];

function open(onConfirmed?: (invokeId: number) => void) {
  const meter = fixtureMeter({ associations: OPEN });
  const server = new ServerAssociation(meter.device, {
    clientSap: 1,
    serverSap: 1,
    randomBytes: (length) => new Uint8Array(length),
    ...(onConfirmed === undefined ? {} : { onConfirmed }),
  });
  return { meter, server };
}

describe("an unconfirmed service", () => {
  test("is carried out and not answered", async () => {
    const { meter, server } = open();
    const off = encodeApdu(0xc3, actionRequest, {
      kind: "normal",
      value: { invokeIdAndPriority: 0x81, method: DISCONNECT, parameters: data.integer(0) },
    });
    expect((await server.handle(off)).answer).toBeUndefined();
    expect(meter.state.get(RELAY.instanceId)).toEqual(data.boolean(false));
    const set = (invokeIdAndPriority: number): Uint8Array =>
      encodeApdu(0xc1, setRequest, {
        kind: "normal",
        value: { invokeIdAndPriority, attribute: TEXT, selection: undefined, value: data.octets(Uint8Array.of(7)) },
      });
    expect((await server.handle(set(0x01))).answer).toBeUndefined();
    expect(meter.state.get(TEXT.instanceId)).toEqual(data.octets(Uint8Array.of(7)));
    expect((await server.handle(set(0x41))).answer).toEqual(Uint8Array.of(0xc5, 1, 0x41, 0));
  });
});

describe("ACCESS", () => {
  const request = (bits: number): Uint8Array =>
    encodeApdu(0xd9, accessRequest, {
      longInvokeIdAndPriority: (bits | 5) >>> 0,
      dateTime: new Uint8Array(0),
      specifications: [
        { kind: "get", value: ENERGY },
        { kind: "set", value: { ...ENERGY, attributeId: 9 } },
        { kind: "action", value: ECHO },
      ],
      values: [data.nothing, data.unsigned(1), data.unsigned(9)],
    });
  const answered = async (bits: number) => {
    const { answer } = await open().server.handle(request(bits));
    const decoded = decodeAll(apdu, answer ?? new Uint8Array(0));
    if (decoded.kind !== "access-response") throw new Error(decoded.kind);
    return decoded.value;
  };

  test("goes on behind an error unless it is told to break", async () => {
    expect((await answered(0x4000_0000)).results.map(({ value }) => value)).toEqual(["success", "object-undefined", "success"]);
    const broken = await answered(0x6000_0000);
    expect(broken.results).toEqual([
      { kind: "get", value: "success" },
      { kind: "set", value: "object-undefined" },
      { kind: "action", value: "other-reason" },
    ]);
    expect(broken.values[2]).toEqual(data.nothing);
    expect(broken.longInvokeIdAndPriority).toBe(0x6000_0005);
  });

  test("repeats what was asked where it is told to describe itself", async () => {
    expect((await answered(0x4000_0000)).specifications).toBeUndefined();
    expect((await answered(0x5000_0000)).specifications).toEqual([
      { kind: "get", value: ENERGY },
      { kind: "set", value: { ...ENERGY, attributeId: 9 } },
      { kind: "action", value: ECHO },
    ]);
  });
});

describe("a confirmed data-notification", () => {
  const push = encodeDataNotification({ invokeId: 0x123456, isConfirmed: true, body: data.unsigned(3) });
  const confirmation = Uint8Array.of(0x10, 0x40, 0x12, 0x34, 0x56, 0);

  test("has its confirmation handed out beside it, ciphered or not", () => {
    const receiver = new PushReceiver({ senderOf: () => ({ keys: KEYS }) });
    expect(receiver.receive(push)).toMatchObject({ confirmation, notification: { invokeId: 0x123456, isConfirmed: true } });
    const sender = new SecureChannel({ suite: 0, systemTitle: SERVER_TITLE, keys: KEYS, sent: memoryCounter() });
    const ciphered = sender.protect(push, { ciphering: "general-global", protection: "authenticated-encrypted" });
    expect(receiver.receive(ciphered)).toMatchObject({ confirmation, systemTitle: SERVER_TITLE });
    const unconfirmed = receiver.receive(encodeDataNotification({ invokeId: 1, body: data.unsigned(3) }));
    expect(unconfirmed).not.toHaveProperty("confirmation");
  });

  test("is confirmed under the same protection where the receiver can", () => {
    const known = { keys: KEYS, sent: memoryCounter(70) };
    const receiver = new PushReceiver({ senderOf: () => known, systemTitle: CLIENT_TITLE });
    const sender = new SecureChannel({ suite: 0, systemTitle: SERVER_TITLE, keys: KEYS, sent: memoryCounter() });
    for (const ciphering of ["general-global", "general-ciphering"] as const) {
      const ciphered = sender.protect(push, { ciphering, protection: "authenticated-encrypted" });
      const answer = receiver.receive(ciphered)?.confirmation ?? new Uint8Array(0);
      expect(sender.unprotect(answer)).toMatchObject({ plain: confirmation, form: { ciphering, protection: "authenticated-encrypted" } });
    }
  });

  test("is told confirmed to the server that sent it, which does not answer", async () => {
    const heard: number[] = [];
    const { server } = open((invokeId) => heard.push(invokeId));
    expect(decodeAll(dataNotificationConfirm, confirmation.subarray(1)).longInvokeIdAndPriority).toBe(0x4012_3456);
    expect((await server.handle(confirmation)).answer).toBeUndefined();
    expect(heard).toEqual([0x123456]);
  });
});

describe("an information-report", () => {
  test("comes as one value or as a list of them", () => {
    const receiver = new PushReceiver({ senderOf: () => undefined });
    const time = new Uint8Array(12).fill(1);
    const one = encodeInformationReport({ time, values: [{ variableName: 0x1008, value: data.unsigned(3) }] });
    expect(receiver.receive(one)?.notification).toEqual({ kind: "information-report", dateTime: time, body: data.unsigned(3) });
    const two = encodeInformationReport({ values: [1, 2].map((value) => ({ variableName: 0x1008 * value, value: data.unsigned(value) })) });
    expect(receiver.receive(two)?.notification).toEqual({
      kind: "information-report",
      body: data.array(data.unsigned(1), data.unsigned(2)),
    });
  });
});

describe("a push in general blocks", () => {
  test("is put together by its receiver, and begins anew where one was cut off", () => {
    const receiver = new PushReceiver({ senderOf: () => undefined });
    const push = encodeDataNotification({ invokeId: 9, body: data.octets(new Uint8Array(500).fill(5)) });
    const blocks = pushInBlocks(push, 64);
    expect(blocks.length).toBe(10);
    for (const block of blocks) expect(block.length).toBeLessThanOrEqual(64);
    const heard = [...blocks.slice(0, 4), ...blocks].flatMap((block) => receiver.receive(block) ?? []);
    expect(heard.map(({ plain }) => plain)).toEqual([push]);
    expect(() => pushInBlocks(push, 10)).toThrow("does not go into");
  });
});
