import { decodeAll } from "@amity/bytes";
import { describe, expect, test } from "vitest";
import { actionRequest } from "../src/apdu/action.ts";
import { getRequest } from "../src/apdu/get.ts";
import { setRequest } from "../src/apdu/set.ts";
import { ServerAssociation, apdu, data, encodeApdu, encodeData, type Apdu } from "../src/index.ts";
import { ECHO, PROFILE, TEXT, fixtureMeter } from "./fixture-meter.ts";

const INVOKE = 0xc5;

function open() {
  const meter = fixtureMeter({
    associations: [{ clientSap: 1, role: "manager", mechanism: "none", preEstablished: true, maxPduOctets: 100, sendPduOctetsMax: 100 }],
  });
  const server = new ServerAssociation(meter.device, { clientSap: 1, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
  const ask = async (request: Uint8Array): Promise<Apdu> => decodeAll(apdu, (await server.handle(request)).answer ?? new Uint8Array(0));
  return { meter, ask };
}

const next = (blockNumber: number, invokeIdAndPriority = INVOKE): Uint8Array =>
  encodeApdu(0xc0, getRequest, { kind: "next", value: { invokeIdAndPriority, blockNumber } });
const first = encodeApdu(0xc0, getRequest, {
  kind: "normal",
  value: { invokeIdAndPriority: INVOKE, attribute: PROFILE, selection: undefined },
});

describe("a GET in blocks", () => {
  test("goes on from the block that was received, and no other", async () => {
    const { ask } = open();
    expect(await ask(first)).toMatchObject({ value: { kind: "withDatablock", value: { blockNumber: 1, lastBlock: false } } });
    expect(await ask(next(1))).toMatchObject({ value: { kind: "withDatablock", value: { blockNumber: 2 } } });
    const aborted = await ask(next(7));
    expect(aborted).toMatchObject({
      value: { value: { lastBlock: true, result: { kind: "refused", value: "data-block-number-invalid" } } },
    });
    // Whoever asks on has nothing to ask for: the transfer was given up.
    expect(await ask(next(2))).toMatchObject({ value: { value: { result: { value: "no-long-get-in-progress" } } } });
  });

  test("belongs to its invoke id", async () => {
    const { ask } = open();
    await ask(first);
    expect(await ask(next(1, 0xc6))).toMatchObject({ value: { value: { result: { value: "no-long-get-in-progress" } } } });
  });
});

describe("a SET in blocks", () => {
  const octets = encodeData(data.octets(new Uint8Array(90).fill(7)));
  const block = (blockNumber: number, lastBlock: boolean) => ({
    blockNumber,
    lastBlock,
    rawData: octets.subarray((blockNumber - 1) * 46, blockNumber * 46),
  });
  const begin = encodeApdu(0xc1, setRequest, {
    kind: "withFirstDatablock",
    value: { invokeIdAndPriority: INVOKE, attribute: TEXT, selection: undefined, block: block(1, false) },
  });
  const goOn = (blockNumber: number): Uint8Array =>
    encodeApdu(0xc1, setRequest, { kind: "withDatablock", value: { invokeIdAndPriority: INVOKE, block: block(blockNumber, true) } });

  test("is confirmed block by block and written with the last", async () => {
    const { ask, meter } = open();
    expect(await ask(begin)).toMatchObject({ value: { kind: "datablock", value: { blockNumber: 1 } } });
    expect(await ask(goOn(2))).toMatchObject({ value: { kind: "lastDatablock", value: { blockNumber: 2, result: "success" } } });
    expect(meter.state.get(TEXT.instanceId)).toEqual(data.octets(new Uint8Array(90).fill(7)));
  });

  test("is given up where a block is missing, and nothing is written", async () => {
    const { ask, meter } = open();
    await ask(begin);
    expect(await ask(goOn(3))).toMatchObject({ value: { value: { result: "data-block-number-invalid" } } });
    expect(await ask(goOn(2))).toMatchObject({ value: { value: { result: "no-long-set-in-progress" } } });
    expect(meter.state.get(TEXT.instanceId)).toEqual(data.octets(new Uint8Array(0)));
  });
});

describe("an ACTION in blocks", () => {
  const octets = encodeData(data.octets(new Uint8Array(60).fill(9)));
  const begin = encodeApdu(0xc3, actionRequest, {
    kind: "withFirstPblock",
    value: { invokeIdAndPriority: INVOKE, method: ECHO, block: { blockNumber: 1, lastBlock: false, rawData: octets.subarray(0, 40) } },
  });
  const goOn = (blockNumber: number): Uint8Array =>
    encodeApdu(0xc3, actionRequest, {
      kind: "withPblock",
      value: { invokeIdAndPriority: INVOKE, block: { blockNumber, lastBlock: true, rawData: octets.subarray(40) } },
    });

  test("runs with the last block", async () => {
    const { ask } = open();
    expect(await ask(begin)).toMatchObject({ value: { kind: "nextPblock", value: { blockNumber: 1 } } });
    expect(await ask(goOn(2))).toMatchObject({ kind: "action-response", value: { value: { response: { result: "success" } } } });
  });

  test("is refused where a block is missing, and once it was given up", async () => {
    const { ask } = open();
    await ask(begin);
    expect(await ask(goOn(5))).toMatchObject({ value: { kind: "normal", value: { response: { result: "long-action-aborted" } } } });
    expect(await ask(goOn(2))).toMatchObject({ value: { value: { response: { result: "no-long-action-in-progress" } } } });
  });
});
