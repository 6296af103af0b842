import type { MeterProfile, ProfileField } from "../profile.ts";

const VALUE = { octets: 4, coding: "bcd", vifAt: 9 } as const;

/** Differences of past months, 8000h where there is none yet. */
const DELTAS: readonly ProfileField[] = Array.from({ length: 12 }, (_, month) => ({
  name: `monthlyDifference${month + 2}`,
  at: 28 + month * 2,
  octets: 2,
  coding: "int" as const,
  vifAt: 9,
}));

/** Qundis walk-by telegrams: one manufacturer's record (VIF FF 5F) that names its unit by a VIF of its own. */
export const QUNDIS_PROFILES = [
  {
    name: "qundis-walk-by",
    match: [{ manufacturers: ["QDS", "LSE", "ZRI"] }],
    source: { codes: [0xff, 0x5f] },
    octetsMin: 28,
    fields: [
      { name: "total", at: 12, ...VALUE },
      { name: "dueDate", at: 16, coding: "date", absent: 0xffff },
      { name: "totalAtDueDate", at: 18, ...VALUE },
      { name: "lastMonth", at: 22, coding: "date", absent: 0xffff },
      { name: "totalAtLastMonth", at: 24, ...VALUE },
      ...DELTAS,
    ],
  },
] satisfies readonly MeterProfile[];
