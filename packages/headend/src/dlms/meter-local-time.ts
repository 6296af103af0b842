import { COSEM_CLASS } from "@amity/concentrator";
import { ANY_DATE_TIME, decodeDateTime, matchesStamp, parseObis, type CosemDateTime, type DlmsData } from "@amity/dlms";
import type { MeterAnswer } from "../driver.ts";
import type { DlmsExchange } from "./dlms-exchange.ts";

const CLOCK = { classId: COSEM_CLASS.clock, instanceId: parseObis("0-0:1.0.0") } as const;
/** Attributes of class 8: zone of the standard time, begin, end and length of daylight saving, whether it is kept. */
const ATTRIBUTES = [3, 5, 6, 7, 8] as const;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAYS_LOOKED_AHEAD = 366;

/** How a meter's clock keeps local time (Blue Book 4.5.1). */
interface ClockRules {
  /** From UTC to the standard time. */
  readonly standardMs: number;
  readonly savingMs: number;
  /** Local stamps, with wildcards; absent where none is kept. */
  readonly saving: { readonly begins: CosemDateTime; readonly ends: CosemDateTime } | undefined;
}

/** What a meter's own clock will show at an instant, as if it were UTC: schedules of class 22 say times without a zone. */
export async function meterLocalTime(exchange: DlmsExchange, atMs: number): Promise<MeterAnswer<number>> {
  const answers = await exchange.getList(ATTRIBUTES.map((attributeId) => ({ ...CLOCK, attributeId })));
  const [zone, begins, ends, length, isKept] = answers.map((answer) => (answer.kind === "data" ? answer.data : undefined));
  const zoneMinutes = integerIn(zone);
  if (zoneMinutes === undefined) return { kind: "refused", reason: "the meter's clock does not tell its time zone" };
  const [beginsAt, endsAt] = [stampIn(begins), stampIn(ends)];
  const hasSaving = isKept?.type === "boolean" && isKept.value && beginsAt !== undefined && endsAt !== undefined;
  const rules: ClockRules = {
    // The book counts from local time to UTC.
    standardMs: -zoneMinutes * MINUTE_MS,
    savingMs: (integerIn(length) ?? 60) * MINUTE_MS,
    saving: hasSaving ? { begins: beginsAt, ends: endsAt } : undefined,
  };
  return { kind: "done", value: localTimeOf(atMs, rules) };
}

function localTimeOf(atMs: number, { standardMs, savingMs, saving }: ClockRules): number {
  const standard = atMs + standardMs;
  if (saving === undefined) return standard;
  // The next change tells the season: stamps may be of one year only, so that the last change is not known.
  for (let day = 0; day <= DAYS_LOOKED_AHEAD; day++) {
    if (changesAfter(saving.ends, standard + savingMs, day)) return standard + savingMs;
    if (changesAfter(saving.begins, standard, day)) return standard;
  }
  return standard;
}

/** Whether a change comes so many days after a local time, and after the time of day on the first of them. */
function changesAfter(stamp: CosemDateTime, localMs: number, days: number): boolean {
  const midnight = Math.floor(localMs / DAY_MS) * DAY_MS + days * DAY_MS;
  const { year, month, dayOfMonth, dayOfWeek, hour = 0, minute = 0, second = 0 } = stamp;
  if (!matchesStamp(midnight, { ...ANY_DATE_TIME, year, month, dayOfMonth, dayOfWeek })) return false;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1000 > localMs;
}

function integerIn(value: DlmsData | undefined): number | undefined {
  return value !== undefined && "value" in value && typeof value.value === "number" ? value.value : undefined;
}

function stampIn(value: DlmsData | undefined): CosemDateTime | undefined {
  if (value?.type === "octet-string" && value.value.length === 12) return decodeDateTime(value.value);
  return undefined;
}
