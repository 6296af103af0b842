import { DecodeError, PeerError } from "@amity/bytes";
import {
  data,
  obisFromOctets,
  obisToOctets,
  parseObis,
  type AccessSelection,
  type DlmsClient,
  type DlmsData,
  type Obis,
} from "@amity/dlms";
import { dateTimeOfInstant } from "./cosem-time.ts";
import type { TimeSpan } from "./coverage.ts";

/** Classes that collection meets (Blue Book 4.3.2, 4.3.3, 4.3.6, 4.5.1, 4.5.8). */
export const COSEM_CLASS = { data: 1, register: 3, extendedRegister: 4, profile: 7, clock: 8, disconnectControl: 70 } as const;

/** A capture object as the profile names it. */
export interface CaptureObject {
  readonly classId: number;
  readonly instanceId: Obis;
  readonly attributeId: number;
}

/** What a meter says about one of its profiles, in its own values: kept or handed on as they are. */
export interface ProfileDescription {
  readonly captureObjects: DlmsData;
  readonly periodSeconds: number;
  /** One for each capture object; `undefined` where it has none. */
  readonly scalerUnits: readonly (DlmsData | undefined)[];
}

/** Columns that a profile may have; the standard sets no limit, memory does. */
const COLUMNS_MAX = 64;

/** @throws DecodeError where the attribute is not what class 7 says. */
export function captureObjectsOf(value: DlmsData): CaptureObject[] {
  if (value.type !== "array") throw malformed("capture_objects is no array");
  if (value.value.length > COLUMNS_MAX) throw malformed(`${value.value.length} capture objects exceed ${COLUMNS_MAX}`);
  return value.value.map((item) => {
    const [classId, name, attribute] = item.type === "structure" ? item.value : [];
    if (classId?.type !== "long-unsigned" || name?.type !== "octet-string" || attribute?.type !== "integer") {
      throw malformed("a capture object is not (class, logical name, attribute, index)");
    }
    return { classId: classId.value, instanceId: obisFromOctets(name.value), attributeId: attribute.value };
  });
}

export function isRegisterValue(object: CaptureObject): boolean {
  return (object.classId === COSEM_CLASS.register || object.classId === COSEM_CLASS.extendedRegister) && object.attributeId === 2;
}

/** Asks a meter what its profile captures. `undefined`: it has no such profile, or does not show it. */
export async function describeProfile(client: DlmsClient, instanceId: Obis): Promise<ProfileDescription | undefined> {
  const [captured, period] = await client.getList([
    { attribute: { classId: COSEM_CLASS.profile, instanceId, attributeId: 3 } },
    { attribute: { classId: COSEM_CLASS.profile, instanceId, attributeId: 4 } },
  ]);
  if (captured?.kind !== "data") return undefined;
  const periodSeconds = period?.kind === "data" && period.data.type === "double-long-unsigned" ? period.data.value : 0;
  const objects = captureObjectsOf(captured.data);
  const registers = objects.filter(isRegisterValue);
  const answers = await client.getList(
    registers.map(({ classId, instanceId: name }) => ({ attribute: { classId, instanceId: name, attributeId: 3 } })),
  );
  if (answers.length !== registers.length) {
    throw new PeerError(`${answers.length} answers to ${registers.length} questions`, { code: "list-length" });
  }
  const scalerUnits = objects.map((object) => {
    const answer = answers[registers.indexOf(object)];
    return answer?.kind === "data" ? answer.data : undefined;
  });
  return { captureObjects: captured.data, periodSeconds, scalerUnits };
}

const CLOCK = parseObis("0-0:1.0.0.255");

/** Selective access by range over the clock: rows with `fromMs <= time <= toMs` (Blue Book 4.3.6.2.3, range descriptor). */
export function clockRange(span: TimeSpan): AccessSelection {
  const clock = data.structure(
    data.longUnsigned(COSEM_CLASS.clock),
    data.octets(obisToOctets(CLOCK)),
    data.integer(2),
    data.longUnsigned(0),
  );
  const bound = (instantMs: number): DlmsData => data.octets(dateTimeOfInstant(instantMs));
  return { selector: 1, parameters: data.structure(clock, bound(span.fromMs), bound(span.toMs), data.array()) };
}

function malformed(reason: string): DecodeError {
  return new DecodeError(reason, { offset: -1 });
}
