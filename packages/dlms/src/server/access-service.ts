import type { ByteReader } from "@amity/bytes";
import { LONG_INVOKE_ID, accessRequest, accessResponseOf, type AccessSpecification } from "../apdu/access.ts";
import { encodeApdu } from "../apdu/exchange.ts";
import { exceptionResponse } from "../apdu/exceptions.ts";
import { dataOrEncoded, type EncodedData } from "../apdu/fields.ts";
import type { ActionResult, DataAccessResult } from "../apdu/results.ts";
import type { DlmsData } from "../data/dlms-data.ts";
import { invokeMethod, readAttribute, writeAttribute } from "./object-access.ts";
import type { ServiceCall } from "./service-state.ts";

const RESPONSE = 0xda;
const EXCEPTION = 0xd8;
const responseToSend = accessResponseOf(dataOrEncoded);
const NOTHING: DlmsData = { type: "null-data" };

type Result = { kind: "get" | "set"; value: DataAccessResult } | { kind: "action"; value: ActionResult };

/** Serves ACCESS: every element on its own, in order. A refusal of one does not keep the others from being served. */
export async function handleAccess(reader: ByteReader, call: ServiceCall): Promise<Uint8Array> {
  const request = accessRequest.decode(reader);
  reader.expectEnd("access-request");
  const { specifications, longInvokeIdAndPriority } = request;
  if (specifications.length !== request.values.length || specifications.length > call.limits.listMax) return tooLong();
  const values: (DlmsData | EncodedData)[] = [];
  const results: Result[] = [];
  const breaksOnError = (longInvokeIdAndPriority & LONG_INVOKE_ID.breakOnError) !== 0;
  let isBroken = false;
  for (const [index, specification] of specifications.entries()) {
    const { value, result }: Served = isBroken
      ? notServed(specification)
      : await serve(specification, request.values[index] ?? NOTHING, call);
    values.push(value);
    results.push(result);
    isBroken ||= breaksOnError && result.value !== "success";
  }
  const describes = (longInvokeIdAndPriority & LONG_INVOKE_ID.selfDescriptive) !== 0;
  const response = {
    longInvokeIdAndPriority,
    dateTime: new Uint8Array(0),
    specifications: describes ? specifications : undefined,
    values,
    results,
  };
  const octets = encodeApdu(RESPONSE, responseToSend, response);
  return octets.length > call.answerOctetsMax ? tooLong() : octets;
}

interface Served {
  readonly value: DlmsData | EncodedData;
  readonly result: Result;
}

async function serve(specification: AccessSpecification, given: DlmsData, call: ServiceCall): Promise<Served> {
  switch (specification.kind) {
    case "get":
    case "get-with-selection": {
      const { attribute, selection } = targetOf(specification);
      const outcome = await readAttribute(call, attribute, selection);
      if (outcome.kind === "refused") return { value: NOTHING, result: { kind: "get", value: outcome.result } };
      const value = outcome.kind === "data" ? outcome.data : ({ type: "encoded", octets: outcome.octets } as const);
      return { value, result: { kind: "get", value: "success" } };
    }
    case "set":
    case "set-with-selection": {
      const { attribute, selection } = targetOf(specification);
      return { value: NOTHING, result: { kind: "set", value: await writeAttribute(call, attribute, given, selection) } };
    }
    case "action": {
      const outcome = await invokeMethod(call, specification.value, given.type === "null-data" ? undefined : given);
      if (outcome.kind === "refused") return { value: NOTHING, result: { kind: "action", value: outcome.result } };
      return { value: outcome.data ?? NOTHING, result: { kind: "action", value: "success" } };
    }
  }
}

/** What stands behind the first error of a request that is to end there. */
function notServed({ kind }: AccessSpecification): Served {
  const service = kind === "get-with-selection" ? "get" : kind === "set-with-selection" ? "set" : kind;
  return { value: NOTHING, result: { kind: service, value: "other-reason" } };
}

function targetOf(specification: Exclude<AccessSpecification, { kind: "action" }>) {
  return specification.kind === "get" || specification.kind === "set"
    ? { attribute: specification.value, selection: undefined }
    : specification.value;
}

function tooLong(): Uint8Array {
  return encodeApdu(EXCEPTION, exceptionResponse, { stateError: "service-not-allowed", serviceError: "pdu-too-long" });
}
