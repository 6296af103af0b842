import fc from "fast-check";
import { obisFromOctets, type Apdu, type ConformanceBit, type DlmsData, type TypeDescription } from "../src/index.ts";
import { CONFORMANCE_BITS } from "../src/acse/conformance.ts";

const number = (type: Extract<DlmsData, { value: number }>["type"], min: number, max: number) =>
  fc.integer({ min, max }).map((value): DlmsData => ({ type, value }));

const leaf: fc.Arbitrary<DlmsData> = fc.oneof(
  fc.constantFrom<DlmsData>(
    { type: "null-data" },
    { type: "dont-care" },
    { type: "boolean", value: true },
    { type: "boolean", value: false },
  ),
  number("integer", -128, 127),
  number("unsigned", 0, 255),
  number("enum", 0, 255),
  number("long", -32768, 32767),
  number("long-unsigned", 0, 65535),
  number("double-long", -0x80000000, 0x7fffffff),
  number("double-long-unsigned", 0, 0xffffffff),
  number("bcd", 0, 255),
  number("delta-integer", -128, 127),
  number("delta-long", -32768, 32767),
  number("delta-double-long", -0x80000000, 0x7fffffff),
  number("delta-unsigned", 0, 255),
  number("delta-long-unsigned", 0, 65535),
  number("delta-double-long-unsigned", 0, 0xffffffff),
  fc.float().map((value): DlmsData => ({ type: "float32", value })),
  fc.uint8Array({ minLength: 5, maxLength: 5 }).map((value): DlmsData => ({ type: "date", value })),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((value): DlmsData => ({ type: "time", value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): DlmsData => ({ type: "long64", value })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): DlmsData => ({ type: "long64-unsigned", value })),
  fc.double().map((value): DlmsData => ({ type: "float64", value })),
  fc.uint8Array({ maxLength: 300 }).map((value): DlmsData => ({ type: "octet-string", value })),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((value): DlmsData => ({ type: "date-time", value })),
  fc.string({ maxLength: 20 }).map((value): DlmsData => ({ type: "utf8-string", value })),
  fc
    .uint8Array({ maxLength: 20 })
    .map((octets): DlmsData => ({ type: "visible-string", value: Array.from(octets, (octet) => String.fromCharCode(octet)).join("") })),
  fc.uint8Array({ maxLength: 9 }).map((octets): DlmsData => ({ type: "bit-string", value: { bitLength: octets.length * 8, octets } })),
);

/** Compact arrays: each element as the description says, told by its first cell. */
const compact: fc.Arbitrary<DlmsData> = fc
  .array(fc.record({ first: fc.nat(255), second: fc.nat(0xffff), third: fc.uint8Array({ maxLength: 20 }) }), { maxLength: 6 })
  .map((rows): DlmsData => {
    const description: TypeDescription = {
      type: "structure",
      elements: [
        { type: "unsigned" },
        { type: "null-data" },
        { type: "array", count: 2, element: { type: "long-unsigned" } },
        { type: "octet-string" },
      ],
    };
    const value = rows.map(({ first, second, third }): DlmsData => {
      const pair: DlmsData = { type: "array", value: [second, first].map((cell) => ({ type: "long-unsigned", value: cell })) };
      return {
        type: "structure",
        value: [{ type: "unsigned", value: first }, { type: "null-data" }, pair, { type: "octet-string", value: third }],
      };
    });
    return { type: "compact-array", description, value };
  });

/** Values of every type, nested. */
export const anyData: fc.Arbitrary<DlmsData> = fc.letrec<{ data: DlmsData }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 4 },
    leaf,
    compact,
    fc.array(tie("data"), { maxLength: 5 }).map((value): DlmsData => ({ type: "structure", value })),
    fc.array(tie("data"), { maxLength: 5 }).map((value): DlmsData => ({ type: "array", value })),
  ),
})).data;

const instanceId = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((octets) => obisFromOctets(octets));
const attribute = fc.record({ classId: fc.nat(0xffff), instanceId, attributeId: fc.nat(255) });
const method = fc.record({ classId: fc.nat(0xffff), instanceId, methodId: fc.nat(255) });
const chosen = fc.record({ selector: fc.nat(255), parameters: anyData });
const selection = fc.option(chosen, { nil: undefined });
const invokeIdAndPriority = fc.nat(255);
const blockNumber = fc.nat(0xffff_ffff);
const shortNumber = fc.nat(0xffff);
const rawData = fc.uint8Array({ maxLength: 200 });
const block = fc.record({ lastBlock: fc.boolean(), blockNumber, rawData });
const accessResult = fc.constantFrom("success", "read-write-denied", "object-undefined", "code-77" as const);
const actionResult = fc.constantFrom("success", "hardware-fault", "object-undefined", "code-77" as const);
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
const service = <K extends string, V>(kind: K, value: fc.Arbitrary<V>) => value.map((inner) => ({ kind, value: inner }));
const one = <K extends string, F extends string, V>(kind: K, form: F, value: fc.Arbitrary<V>) => service(kind, service(form, value));
const getResult = fc.oneof(service("data", anyData), service("refused", accessResult));
const target = fc.record({ attribute, selection });
const selected = fc.record({ attribute, selection: chosen });
const dateTime = fc.constantFrom(new Uint8Array(0), new Uint8Array(12).fill(7));
const time = fc.oneof(
  dateTime.map((octets) => ({ octets })),
  dateTime.map((octets) => ({ octets, isTagged: true })),
);
const header = {
  transactionId: rawData,
  originatorSystemTitle: rawData,
  recipientSystemTitle: rawData,
  dateTime: rawData,
  otherInformation: rawData,
};

const getRequests = [
  one("get-request", "normal", fc.record({ invokeIdAndPriority, attribute, selection })),
  one("get-request", "next", fc.record({ invokeIdAndPriority, blockNumber })),
  one("get-request", "withList", fc.record({ invokeIdAndPriority, items: few(target) })),
];
const getBlock = fc.oneof(service("data", rawData), service("refused", accessResult));
const getResponses = [
  one("get-response", "normal", fc.record({ invokeIdAndPriority, result: getResult })),
  one("get-response", "withDatablock", fc.record({ invokeIdAndPriority, lastBlock: fc.boolean(), blockNumber, result: getBlock })),
  one("get-response", "withList", fc.record({ invokeIdAndPriority, results: few(getResult) })),
];
const setRequests = [
  one("set-request", "normal", fc.record({ invokeIdAndPriority, attribute, selection, value: anyData })),
  one("set-request", "withFirstDatablock", fc.record({ invokeIdAndPriority, attribute, selection, block })),
  one("set-request", "withDatablock", fc.record({ invokeIdAndPriority, block })),
  one("set-request", "withList", fc.record({ invokeIdAndPriority, items: few(target), values: few(anyData) })),
  one("set-request", "withListAndFirstDatablock", fc.record({ invokeIdAndPriority, items: few(target), block })),
];
const setResponses = [
  one("set-response", "normal", fc.record({ invokeIdAndPriority, result: accessResult })),
  one("set-response", "datablock", fc.record({ invokeIdAndPriority, blockNumber })),
  one("set-response", "lastDatablock", fc.record({ invokeIdAndPriority, result: accessResult, blockNumber })),
  one("set-response", "lastDatablockWithList", fc.record({ invokeIdAndPriority, results: few(accessResult), blockNumber })),
  one("set-response", "withList", fc.record({ invokeIdAndPriority, results: few(accessResult) })),
];
const parameters = fc.option(anyData, { nil: undefined });
const response = fc.record({ result: actionResult, returned: fc.option(getResult, { nil: undefined }) });
const actions = [
  one("action-request", "normal", fc.record({ invokeIdAndPriority, method, parameters })),
  one("action-request", "nextPblock", fc.record({ invokeIdAndPriority, blockNumber })),
  one("action-request", "withList", fc.record({ invokeIdAndPriority, methods: few(method), parameters: few(anyData) })),
  one("action-request", "withFirstPblock", fc.record({ invokeIdAndPriority, method, block })),
  one("action-request", "withListAndFirstPblock", fc.record({ invokeIdAndPriority, methods: few(method), block })),
  one("action-request", "withPblock", fc.record({ invokeIdAndPriority, block })),
  one("action-response", "normal", fc.record({ invokeIdAndPriority, response })),
  one("action-response", "withPblock", fc.record({ invokeIdAndPriority, block })),
  one("action-response", "withList", fc.record({ invokeIdAndPriority, responses: few(response) })),
  one("action-response", "nextPblock", fc.record({ invokeIdAndPriority, blockNumber })),
];

const variable = fc.oneof(
  service("variable-name", shortNumber),
  service("parameterized", fc.record({ variableName: shortNumber, selector: fc.nat(255), parameter: anyData })),
  service("block-number", shortNumber),
  service("read-data-block", fc.record({ lastBlock: fc.boolean(), blockNumber: shortNumber, rawData })),
  service("write-data-block", fc.record({ lastBlock: fc.boolean(), blockNumber: shortNumber })),
);
const shortBlock = service("block", fc.record({ lastBlock: fc.boolean(), blockNumber: shortNumber, rawData }));
const written = fc.oneof(service("success", fc.constant({})), service("refused", accessResult), service("block-number", shortNumber));
const writes = fc.record({ variables: few(variable), values: few(anyData) });
const reportTime = fc.option(fc.uint8Array({ maxLength: 32 }), { nil: undefined });
const shortNames = [
  service("read-request", few(variable)),
  service("read-response", few(fc.oneof(getResult, shortBlock, service("block-number", shortNumber)))),
  service("write-request", writes),
  service("unconfirmed-write-request", writes),
  service("write-response", few(written)),
  service("information-report", fc.record({ time: reportTime, variables: few(variable), values: few(anyData) })),
];

const asked = fc.oneof(
  service("get", attribute),
  service("set", attribute),
  service("action", method),
  service("get-with-selection", selected),
  service("set-with-selection", selected),
);
const done = fc.oneof(service("get", accessResult), service("set", accessResult), service("action", actionResult));
const longInvokeIdAndPriority = blockNumber;
const access = [
  service("access-request", fc.record({ longInvokeIdAndPriority, dateTime, specifications: few(asked), values: few(anyData) })),
  service(
    "access-response",
    fc.record({
      longInvokeIdAndPriority,
      dateTime,
      specifications: fc.option(few(asked), { nil: undefined }),
      values: few(anyData),
      results: few(done),
    }),
  ),
];
const notifications = [
  service("data-notification", fc.record({ longInvokeIdAndPriority, dateTime: time, body: anyData })),
  service("data-notification-confirm", fc.record({ longInvokeIdAndPriority, dateTime: time })),
  service("event-notification", fc.record({ time: fc.option(dateTime, { nil: undefined }), attribute, value: anyData })),
];

const integer = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const oid = fc.tuple(fc.constantFrom("2.16.756", "1.3", "0.9"), few(fc.nat(0x7fff_ffff))).map(([root, arcs]) => [root, ...arcs].join("."));
const bits = fc.uint8Array({ maxLength: 3 }).map((octets) => ({ bitLength: octets.length * 8, octets }));
const optionally = <V>(fields: { readonly [K in keyof V]: fc.Arbitrary<V[K]> }) => fc.record(fields, { requiredKeys: [] });
const association = {
  protocolVersion: bits,
  applicationContextName: oid,
  mechanismName: oid,
  implementationInformation: rawData,
  userInformation: rawData,
};
const diagnostic = fc.oneof(service("user", integer), service("provider", integer));
const acse = [
  service(
    "aarq",
    optionally({
      ...association,
      calledApTitle: rawData,
      calledAeQualifier: rawData,
      calledApInvocationId: integer,
      calledAeInvocationId: integer,
      callingApTitle: rawData,
      callingAeQualifier: rawData,
      callingApInvocationId: integer,
      callingAeInvocationId: integer,
      senderAcseRequirements: bits,
      callingAuthenticationValue: rawData,
    }),
  ),
  service(
    "aare",
    optionally({
      ...association,
      result: integer,
      resultSourceDiagnostic: diagnostic,
      respondingApTitle: rawData,
      respondingAeQualifier: rawData,
      respondingApInvocationId: integer,
      respondingAeInvocationId: integer,
      responderAcseRequirements: bits,
      respondingAuthenticationValue: rawData,
    }),
  ),
  service("rlrq", optionally({ reason: integer, userInformation: rawData })),
  service("rlre", optionally({ reason: integer, userInformation: rawData })),
  service("abrt", optionally({ source: integer, userInformation: rawData })),
];
const names = Object.keys(CONFORMANCE_BITS) as ConformanceBit[];
const agreed = {
  qualityOfService: fc.option(fc.nat(255), { nil: undefined }),
  dlmsVersion: fc.nat(255),
  conformance: fc.subarray(names),
};
const initiate = [
  service(
    "initiate-request",
    fc.record({
      ...agreed,
      dedicatedKey: fc.option(fc.uint8Array({ maxLength: 64 }), { nil: undefined }),
      responseAllowed: fc.boolean(),
      clientMaxReceivePduOctets: shortNumber,
    }),
  ),
  service("initiate-response", fc.record({ ...agreed, serverMaxReceivePduOctets: shortNumber, vaaName: shortNumber })),
];

const errors = [
  service(
    "exception-response",
    fc.oneof(
      fc.record({ stateError: fc.constantFrom("service-unknown", "code-9"), serviceError: fc.constantFrom("pdu-too-long", "code-77") }),
      fc.record({
        stateError: fc.constant("service-not-allowed"),
        serviceError: fc.constant("invocation-counter-error"),
        invocationCounter: blockNumber,
      }),
    ),
  ),
  service(
    "confirmed-service-error",
    fc.record({
      service: fc.constantFrom("initiate", "read", "write"),
      error: fc.oneof(
        service("initiate", fc.constantFrom("incompatible-conformance", "other")),
        service("access", fc.constantFrom("object-unavailable", "code-77")),
      ),
    }),
  ),
];

const keyInfo = fc.oneof(
  service("identified", fc.record({ keyId: fc.nat(255) })),
  service("wrapped", fc.record({ kekId: fc.nat(255), wrappedKey: rawData })),
  service("agreed", fc.record({ parameters: rawData, cipheredData: rawData })),
);
const SERVICE_CIPHERED = [
  "glo-initiate-request",
  "glo-read-request",
  "glo-write-request",
  "glo-initiate-response",
  "glo-read-response",
  "glo-write-response",
  "glo-confirmed-service-error",
  "glo-unconfirmed-write-request",
  "glo-information-report",
  "ded-initiate-request",
  "ded-initiate-response",
  "ded-read-request",
  "ded-write-request",
  "ded-read-response",
  "ded-write-response",
  "ded-confirmed-service-error",
  "ded-unconfirmed-write-request",
  "ded-information-report",
  ...["glo", "ded"].flatMap((key) =>
    ["get-request", "set-request", "event-notification", "action-request", "get-response", "set-response", "action-response"].map(
      (plain) => `${key}-${plain}`,
    ),
  ),
];
const general = [
  service("general-glo-ciphering", fc.record({ systemTitle: rawData, content: rawData })),
  service("general-ded-ciphering", fc.record({ systemTitle: rawData, content: rawData })),
  service("general-ciphering", fc.record({ ...header, keyInfo: fc.option(keyInfo, { nil: undefined }), content: rawData })),
  service("general-signing", fc.record({ ...header, content: rawData, signature: rawData })),
  service(
    "general-block-transfer",
    fc.record({ blockControl: fc.nat(255), blockNumber: shortNumber, blockNumberAck: shortNumber, blockData: rawData }),
  ),
];

/** One arbitrary for each APDU of IEC 62056-5-3 and each form of its service, as our encoder would be given them. */
export const APDUS: readonly fc.Arbitrary<Apdu>[] = [
  ...getRequests,
  ...getResponses,
  ...setRequests,
  ...setResponses,
  ...actions,
  ...shortNames,
  ...access,
  ...notifications,
  ...acse,
  ...initiate,
  ...errors,
  ...SERVICE_CIPHERED.map((kind) => service(kind, rawData)),
  ...general,
  // The pairs of kind and value are those of the codec's arms, which the compiler cannot see through the list.
] as unknown as readonly fc.Arbitrary<Apdu>[];
