import { ATTENTION } from "../message/attention.ts";
import type { KnownBody, SmlContent } from "../message/bodies.ts";
import { decodeSml, encodeSml } from "../message/file.ts";
import type { DecodedMessage, SmlBody, SmlMessage } from "../message/message.ts";
import type { SmlListEntry, SmlTime, SmlTree } from "../message/types.ts";

/** What a meter is asked for: the simulated meter implements this, the server face does the rest. */
export interface SmlDevice {
  readonly serverId: Uint8Array;
  /** The values of a list (the default one where no name is given); `undefined`: there is none. */
  list(name: Uint8Array | undefined): SmlValueList | undefined;
  /** Periods of a profile within the request's times; `undefined`: no such profile. */
  profile?(request: SmlContent<"getProfilePackRequest">): SmlProfile | undefined;
  parameter?(path: readonly Uint8Array[]): SmlTree | undefined;
  /** An attention number: one of `ATTENTION`. */
  setParameter?(path: readonly Uint8Array[], tree: SmlTree): Uint8Array;
  /** Default: everybody may. */
  isAuthorised?(username: Uint8Array | undefined, password: Uint8Array | undefined): boolean;
}

export interface SmlValueList {
  readonly listName?: Uint8Array;
  readonly sensorTime?: SmlTime;
  readonly entries: readonly SmlListEntry[];
  readonly signature?: Uint8Array;
}

/** A profile as the pack response carries it. */
export type SmlProfile = Pick<SmlContent<"getProfilePackResponse">, "actTime" | "regPeriod" | "headerList" | "periodList">;

/** The file that an eHZ pushes: open, list, close, in its transport frame. `sequence` numbers files and messages. */
export function encodePush(device: SmlDevice, sequence: number): Uint8Array | undefined {
  const list = device.list(undefined);
  if (list === undefined) return undefined;
  const number = (part: number): Uint8Array => Uint8Array.of((sequence >> 16) & 0xff, (sequence >> 8) & 0xff, sequence & 0xff, part);
  const bodies: SmlBody[] = [
    { kind: "openResponse", value: { reqFileId: number(0), serverId: device.serverId } },
    listResponse(device, list, undefined),
    { kind: "closeResponse", value: {} },
  ];
  return encodeSml(bodies.map((body, part) => ({ transactionId: number(part), groupNo: 0, abortOnError: 0, body })));
}

/** The answer to a file of requests; `undefined` where it holds no sound request (a server is silent then). @throws DecodeError. */
export function answerSml(device: SmlDevice, frame: Uint8Array): Uint8Array | undefined {
  const requests = decodeSml(frame).messages.filter(({ crc }) => crc !== "wrong");
  const answers = requests.flatMap((request) => answerMessage(device, request));
  return answers.length === 0 ? undefined : encodeSml(answers);
}

function answerMessage(device: SmlDevice, request: DecodedMessage): SmlMessage[] {
  const { transactionId, groupNo, body } = request;
  return answerBody(device, body).map((answer) => ({ transactionId, groupNo, abortOnError: 0, body: answer }));
}

function answerBody(device: SmlDevice, body: SmlBody): KnownBody[] {
  const { serverId } = device;
  switch (body.kind) {
    case "openRequest": {
      const { clientId, reqFileId } = body.value;
      return [{ kind: "openResponse", value: { clientId, reqFileId, serverId } }];
    }
    case "closeRequest":
      return [{ kind: "closeResponse", value: {} }];
    case "getListRequest":
    case "getProfilePackRequest":
    case "getProfileListRequest":
    case "getProcParameterRequest":
    case "setProcParameterRequest": {
      const { serverId: target, username, password } = body.value;
      if (target !== undefined && String(target) !== String(serverId)) return [attention(serverId, ATTENTION.noSuchTarget)];
      if (device.isAuthorised?.(username, password) === false) return [attention(serverId, ATTENTION.notAuthorised)];
      return answerRequest(device, body);
    }
    case "unknown":
      return [attention(serverId, ATTENTION.unexpected)];
    default:
      // A response: we hear another meter, or ourselves.
      return [];
  }
}

function answerRequest(
  device: SmlDevice,
  body: Extract<
    KnownBody,
    { kind: "getListRequest" | "getProfilePackRequest" | "getProfileListRequest" | "getProcParameterRequest" | "setProcParameterRequest" }
  >,
): KnownBody[] {
  const { serverId } = device;
  const refuse = (number: Uint8Array): KnownBody[] => [attention(serverId, number)];
  switch (body.kind) {
    case "getListRequest": {
      const list = device.list(body.value.listName);
      return list === undefined ? refuse(ATTENTION.noSuchParameter) : [listResponse(device, list, body.value.clientId)];
    }
    case "getProfilePackRequest":
    case "getProfileListRequest": {
      const profile = device.profile?.(body.value);
      if (profile === undefined) return refuse(ATTENTION.noProfile);
      const shared = { serverId, parameterTreePath: body.value.parameterTreePath };
      if (body.kind === "getProfilePackRequest") return [{ kind: "getProfilePackResponse", value: { ...shared, ...profile } }];
      return profileLists(shared, profile);
    }
    case "getProcParameterRequest": {
      const { parameterTreePath } = body.value;
      const parameterTree = device.parameter?.(parameterTreePath);
      if (parameterTree === undefined) return refuse(ATTENTION.noSuchParameter);
      return [{ kind: "getProcParameterResponse", value: { serverId, parameterTreePath, parameterTree } }];
    }
    case "setProcParameterRequest": {
      const { parameterTreePath, parameterTree } = body.value;
      return refuse(device.setParameter?.(parameterTreePath, parameterTree) ?? ATTENTION.notWritable);
    }
  }
}

/** The list form sends one message a period. */
function profileLists(shared: { serverId: Uint8Array; parameterTreePath: readonly Uint8Array[] }, profile: SmlProfile): KnownBody[] {
  const { actTime, regPeriod, headerList, periodList } = profile;
  return periodList.map(({ valTime, status, valueList, periodSignature }) => {
    const entries = valueList.flatMap((entry, index) => {
      const header = headerList[index];
      return header === undefined ? [] : [{ ...header, ...entry }];
    });
    return {
      kind: "getProfileListResponse" as const,
      value: { ...shared, actTime, regPeriod, valTime, status, periodList: entries, periodSignature },
    };
  });
}

function listResponse(device: SmlDevice, list: SmlValueList, clientId: Uint8Array | undefined): KnownBody {
  const { listName, sensorTime, entries, signature } = list;
  return {
    kind: "getListResponse",
    value: { clientId, serverId: device.serverId, listName, actSensorTime: sensorTime, valList: entries, listSignature: signature },
  };
}

function attention(serverId: Uint8Array, attentionNo: Uint8Array): KnownBody {
  return { kind: "attention", value: { serverId, attentionNo } };
}
