import { linePair, VirtualTimers } from "@amity/runtime";
import { describe, expect, test } from "vitest";
import {
  ATTENTION,
  SmlClient,
  TransportAssembler,
  answerSml,
  encodeSml,
  integer,
  listenSml,
  obisOctets,
  octetsValue,
  readingsOf,
  serveSml,
  type SmlDevice,
  type SmlFile,
  type SmlTree,
} from "../src/index.ts";

const SERVER = Uint8Array.of(0x0a, 1, 0x41, 0x4d, 0x54, 0, 0, 0, 0, 7);
const CLIENT = Uint8Array.of(1, 2, 3, 4, 5, 6);
const TARIFF = obisOctets("1-0:0.2.2*255");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function meter(): SmlDevice & { parameters: SmlTree[] } {
  const parameters: SmlTree[] = [{ parameterName: TARIFF, parameterValue: { kind: "value", value: integer(1, "unsigned") } }];
  return {
    parameters,
    serverId: SERVER,
    list: (name) =>
      name === undefined
        ? {
            sensorTime: { kind: "secondsIndex", seconds: 77 },
            entries: [
              { objName: obisOctets("1-0:96.1.0*255"), value: octetsValue(SERVER) },
              { objName: obisOctets("1-0:1.8.0*255"), status: { value: 0x82n, width: 1 }, unit: 30, scaler: -1, value: integer(123456) },
              { objName: obisOctets("1-0:16.7.0*255"), unit: 27, scaler: 0, value: integer(-1500) },
            ],
          }
        : undefined,
    profile: ({ parameterTreePath }) =>
      parameterTreePath.length === 0
        ? undefined
        : {
            actTime: { kind: "timestamp", seconds: 1_700_000_000 },
            regPeriod: 900,
            headerList: [{ objName: obisOctets("1-0:1.8.0*255"), unit: 30, scaler: -1 }],
            periodList: [1, 2, 3].map((index) => ({
              valTime: { kind: "timestamp", seconds: 1_700_000_000 + 900 * index },
              status: { value: 0n, width: 8 },
              valueList: [{ value: integer(1000 * index) }],
            })),
          },
    parameter: (path) => parameters.find(({ parameterName }) => String(parameterName) === String(path[0])),
    setParameter(_path, tree) {
      parameters[0] = tree;
      return ATTENTION.done;
    },
    isAuthorised: (_username, password) => password === undefined || String(password) === String(text("right")),
  };
}

function connect(device: SmlDevice, options: { password?: Uint8Array; serverId?: Uint8Array } = {}) {
  const timers = new VirtualTimers();
  const [near, far] = linePair();
  serveSml(far, device, { timers });
  return { timers, client: new SmlClient(near, { timers, clientId: CLIENT, ...options }) };
}

describe("a client and a server", () => {
  test("agree on a list, to the last digit", async () => {
    const { client, timers } = connect(meter());
    const outcome = await timers.run(client.request({ kind: "getListRequest", value: { clientId: CLIENT } }));
    expect(outcome.kind).toBe("answer");
    if (outcome.kind !== "answer" || outcome.responses[0]?.kind !== "getListResponse") throw new Error("no list");
    expect(outcome.responses[0].value.valList.map(({ value }) => value)).toEqual([octetsValue(SERVER), integer(123456), integer(-1500)]);
  });

  test("agree on a profile as a pack and as one message a period", async () => {
    const { client, timers } = connect(meter());
    const value = { parameterTreePath: [obisOctets("1-0:99.1.0*255")] };
    const pack = await timers.run(client.request({ kind: "getProfilePackRequest", value }));
    const lists = await timers.run(client.request({ kind: "getProfileListRequest", value }));
    expect(pack).toMatchObject({ kind: "answer", responses: [{ kind: "getProfilePackResponse", value: { regPeriod: 900 } }] });
    expect(lists).toMatchObject({
      kind: "answer",
      responses: [1, 2, 3].map((n) => ({ value: { periodList: [{ value: integer(1000 * n) }] } })),
    });
  });

  test("read, set and read back a parameter", async () => {
    const { client, timers } = connect(meter());
    const parameterTreePath = [TARIFF];
    const read = () => timers.run(client.request({ kind: "getProcParameterRequest", value: { parameterTreePath } }));
    const valueOf = (value: number) => ({ parameterTree: { parameterValue: { kind: "value", value: integer(value, "unsigned") } } });
    expect(await read()).toMatchObject({ responses: [{ value: valueOf(1) }] });
    const parameterTree: SmlTree = { parameterName: TARIFF, parameterValue: { kind: "value", value: integer(2, "unsigned") } };
    const set = await timers.run(client.request({ kind: "setProcParameterRequest", value: { parameterTreePath, parameterTree } }));
    expect(set).toEqual({ kind: "confirmed", meaning: "done" });
    expect(await read()).toMatchObject({ responses: [{ value: valueOf(2) }] });
  });

  test.each([
    ["a wrong password", { password: text("wrong") }, "not authorised, or user or password wrong"],
    ["another server's id", { serverId: Uint8Array.of(9) }, "target address not available"],
  ])("%s is refused in words", async (_what, options, meaning) => {
    const { client, timers } = connect(meter(), options);
    const outcome = await timers.run(client.request({ kind: "getListRequest", value: { clientId: CLIENT } }));
    expect(outcome).toMatchObject({ kind: "refused", meaning });
  });

  test("silence ends after three sends, and setting a parameter is sent once only", async () => {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    const sent: Uint8Array[] = [];
    far.bind({ data: (chunk) => void sent.push(chunk), closed() {} });
    const client = new SmlClient(near, { timers, clientId: CLIENT });
    expect(await timers.run(client.request({ kind: "getListRequest", value: { clientId: CLIENT } }))).toEqual({
      kind: "no-answer",
      attempts: 3,
    });
    expect(sent).toHaveLength(3);
    const value = { parameterTreePath: [TARIFF], parameterTree: { parameterName: TARIFF } };
    expect(await timers.run(client.request({ kind: "setProcParameterRequest", value }))).toEqual({ kind: "no-answer", attempts: 1 });
  });

  test("a connection that ends rejects the request", async () => {
    const timers = new VirtualTimers();
    const [near, far] = linePair();
    far.bind({ data: () => far.close(), closed() {} });
    const client = new SmlClient(near, { timers, clientId: CLIENT });
    await expect(client.request({ kind: "getListRequest", value: { clientId: CLIENT } })).rejects.toMatchObject({ blame: "link" });
  });
});

test("a meter that pushes is heard, and damage between two files costs only itself", async () => {
  const timers = new VirtualTimers();
  const [near, far] = linePair();
  const files: SmlFile[] = [];
  const damage: string[] = [];
  const heard = new Promise<void>((resolve) =>
    listenSml(near, timers, {
      file: (file) => void (files.push(file) === 3 && resolve()),
      damaged: ({ code }) => void damage.push(code),
    }),
  );
  serveSml(far, meter(), { timers, pushEveryMs: 1000 });
  await timers.run(timers.sleep(500));
  far.send(Uint8Array.of(1, 2, 3));
  await timers.run(heard);
  expect(damage).toEqual(["noise"]);
  expect(readingsOf(files[2] as SmlFile).map(({ obis, text: value, unit }) => [obis, value, unit])).toEqual([
    ["1-0:96.1.0*255", "0a01414d540000000007", undefined],
    ["1-0:1.8.0*255", "12345.6", "Wh"],
    ["1-0:16.7.0*255", "-1500", "W"],
  ]);
});

test("a server is silent to responses and to noise", () => {
  const device = meter();
  const response = encodeSml([{ transactionId: CLIENT, groupNo: 0, abortOnError: 0, body: { kind: "closeResponse", value: {} } }]);
  expect(answerSml(device, response)).toBeUndefined();
  expect(new TransportAssembler().push(Uint8Array.of(1, 2, 3))).toEqual([]);
});
