import type { Bill, BillSummary, ExceptionDetail, TimelineEntry, VeeException } from "@amity/api";
import type { FixtureFleet, FixtureMeter } from "./fleet.ts";
import { hash } from "./household.ts";
import { dayOf, dayStart, intervalsOf, isoOf, offsetMs } from "./series.ts";

const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;

const RULES = [
  {
    rule: "spike",
    title: "Spike",
    severity: "warning",
    reason: "14:15 reads 9,412 Wh; the like days' largest is 1,604 Wh (limit 3.0 times)",
    evidence: [
      ["Reading", "9,412 Wh"],
      ["Largest of 4 like days", "1,604 Wh"],
      ["Ratio", "5.9 (limit 3.0)"],
    ],
  },
  {
    rule: "gap",
    title: "Gap",
    severity: "notice",
    reason: "12 intervals missing between 07:30 and 10:30; the meter was reached twice since",
    evidence: [
      ["Missing", "12 intervals"],
      ["Sessions since", "2, both complete"],
      ["Register difference", "3,118 Wh"],
    ],
  },
  {
    rule: "sum-check",
    title: "Sum check",
    severity: "alarm",
    reason: "Intervals sum to 18,244 Wh, the register moved by 21,362 Wh: 3,118 Wh are not in the profile",
    evidence: [
      ["Sum of intervals", "18,244 Wh"],
      ["Register difference", "21,362 Wh"],
      ["Difference", "3,118 Wh (limit 40 Wh)"],
    ],
  },
  {
    rule: "zero-run",
    title: "Zero run",
    severity: "notice",
    reason: "61 zero intervals in a row; no outage or disconnection was reported",
    evidence: [
      ["Zero intervals", "61"],
      ["Outage events", "none"],
      ["Usual overnight load", "64 Wh"],
    ],
  },
  {
    rule: "negative",
    title: "Negative",
    severity: "alarm",
    reason: "The import register went down by 86 Wh: exchange or rollover is not on record",
    evidence: [
      ["Register before", "4,712,402 Wh"],
      ["Register after", "4,712,316 Wh"],
      ["Meter exchange", "none on record"],
    ],
  },
] as const;

export function buildExceptions(fleet: FixtureFleet, nowMs: number): VeeException[] {
  return fleet.meters
    .filter((meter) => meter.openExceptions > 0)
    .map((meter, index) => {
      const rule = RULES[index % RULES.length]!;
      const from = dayStart(fleet.plan.zone, nowMs - (1 + (index % 6)) * DAY_MS) + (index % 5 === 0 ? 57 : 30) * QUARTER_MS;
      return {
        id: `X${1000 + index}`,
        meterId: meter.planned.meterId,
        channel: "1-0:1.8.0",
        rule: rule.rule,
        ruleVersion: "residential-3",
        title: rule.title,
        reason: rule.reason,
        severity: rule.severity,
        from: isoOf(from),
        to: isoOf(from + (rule.rule === "spike" ? 1 : rule.rule === "zero-run" ? 61 : 12) * QUARTER_MS),
        raisedAt: isoOf(from + 9 * 3_600_000),
        state: "open" as const,
        evidence: rule.evidence.map(([name, value]) => ({ name, value })),
        holdsBill: index % 3 === 0,
      };
    })
    .sort((left, right) => right.raisedAt.localeCompare(left.raisedAt));
}

export function exceptionDetail(fleet: FixtureFleet, exception: VeeException, nowMs: number): ExceptionDetail {
  const meter = fleet.byId.get(exception.meterId)!;
  const fromMs = Date.parse(exception.from);
  const toMs = Date.parse(exception.to);
  const start = dayStart(fleet.plan.zone, fromMs);
  const around = intervalsOf(
    fleet,
    meter,
    {
      meterId: exception.meterId,
      channel: exception.channel,
      fromMs: start,
      toMs: Math.max(toMs + 6 * 3_600_000, start + DAY_MS),
      granularity: "raw",
    },
    nowMs,
  );
  const fromIndex = (fromMs - start) / QUARTER_MS;
  const count = (toMs - fromMs) / QUARTER_MS;
  const proposal: (number | null)[] = [];
  for (let index = fromIndex; index < fromIndex + count && index < around.v.length; index += 1) {
    proposal.push(Math.round((around.v[index] ?? 210) * 0.9 + 20));
    if (exception.rule === "gap" || exception.rule === "sum-check") {
      around.v[index] = null;
      around.q[index] = 6;
    } else {
      around.v[index] = exception.rule === "spike" ? 9_412 : exception.rule === "negative" ? -86 : 0;
      around.q[index] = 2;
    }
  }
  const history = [{ at: exception.raisedAt, kind: "raised" as const, state: "open" as const, by: "vee", note: exception.reason }];
  return { exception, around, history, proposal: { method: "Mean of 4 like days, scaled to the register", fromIndex, v: proposal } };
}

export function billsOf(fleet: FixtureFleet, nowMs: number): BillSummary[] {
  const zone = fleet.plan.zone;
  const to = dayStart(zone, nowMs);
  const from = dayStart(zone, to - 30 * DAY_MS + 6 * 3_600_000);
  return fleet.meters.slice(0, 60).map((meter, index) => {
    const energyWh = 200_000 + Math.floor(hash(meter.planned.serial, 3) * 400_000);
    return {
      id: `B2026-11-${String(index + 1).padStart(4, "0")}`,
      usagePoint: `UP${meter.planned.serial}`,
      commodity: "electricity",
      meterId: meter.planned.meterId,
      from: dayOf(zone, from),
      to: dayOf(zone, to),
      tariff: "Residential time of use 2026",
      currency: "AUD",
      total: (energyWh * 0.000284 + 28.5).toFixed(2),
      energyWh,
      estimatedShare: index % 4 === 0 ? 0.021 : 0,
      state: index % 9 === 2 ? "held" : index % 11 === 5 ? "draft" : "issued",
      ...(index % 9 === 2 || index % 11 === 5 ? {} : { issuedAt: isoOf(to + 3_600_000) }),
    };
  });
}

export function billOf(fleet: FixtureFleet, summary: BillSummary, nowMs: number): Bill {
  const zone = fleet.plan.zone;
  const windows = {
    peak: [] as Bill["lines"][0]["windows"] & object,
    shoulder: [] as Bill["lines"][0]["windows"] & object,
    offPeak: [] as Bill["lines"][0]["windows"] & object,
  };
  for (let day = Date.parse(`${summary.from}T12:00:00Z`); day < Date.parse(`${summary.to}T00:00:00Z`); day += DAY_MS) {
    const start = dayStart(zone, day - offsetMs(zone, day));
    const span = (fromHour: number, toHour: number): { from: string; to: string } => ({
      from: isoOf(start + fromHour * 3_600_000),
      to: isoOf(start + toHour * 3_600_000),
    });
    windows.offPeak.push(span(0, 7), span(22, 24));
    windows.shoulder.push(span(7, 15), span(21, 22));
    windows.peak.push(span(15, 21));
  }
  const kwh = summary.energyWh / 1000;
  const line = (
    [id, title, explanation]: [string, string, string],
    share: number,
    rate: string,
    list: { from: string; to: string }[],
  ): Bill["lines"][0] => ({
    id,
    title,
    quantity: (kwh * share).toFixed(3),
    unit: "kWh",
    rate,
    amount: (kwh * share * Number(rate)).toFixed(2),
    explanation,
    channel: "1-0:1.8.0",
    intervals: list.reduce((sum, { from, to }) => sum + (Date.parse(to) - Date.parse(from)) / QUARTER_MS, 0),
    windows: list,
  });
  const lines: Bill["lines"] = [
    line(["peak", "Peak energy", "Every day 15:00 to 21:00"], 0.41, "0.3872", windows.peak),
    line(["shoulder", "Shoulder energy", "Every day 07:00 to 15:00 and 21:00 to 22:00"], 0.35, "0.2541", windows.shoulder),
    line(["off-peak", "Off-peak energy", "Every day 22:00 to 07:00"], 0.24, "0.1694", windows.offPeak),
    {
      id: "daily",
      title: "Supply charge",
      quantity: "30",
      unit: "day",
      rate: "0.9500",
      amount: "28.50",
      explanation: "For each day of the period",
    },
  ];
  const total = lines.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0);
  return {
    summary: { ...summary, total: (total / 100).toFixed(2) },
    lines,
    knownAt: isoOf(nowMs - 3_600_000),
    zone,
    notes: ["Quantities are rounded to 1 Wh, amounts to 1 cent, half away from zero, line by line."],
    together: {
      bills: [
        summary,
        {
          ...summary,
          id: `${summary.id}-W`,
          commodity: "water",
          usagePoint: `${summary.usagePoint}W`,
          total: "46.13",
          energyWh: 0,
          volumeM3: "9.871",
        },
      ],
      total: (Number(summary.total) + 46.13).toFixed(2),
      currency: summary.currency,
      state: summary.state === "held" ? "held" : "issued",
      missing: [{ usagePoint: `${summary.usagePoint}G`, commodity: "gas" }],
    },
  };
}

export function timelineOf(meter: FixtureMeter, nowMs: number): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  const id = meter.planned.meterId;
  for (let hours = 0; hours < 24 * 7; hours += 6) {
    const at = Math.floor(nowMs / 3_600_000 - hours) * 3_600_000 + 7 * 60_000;
    entries.push({
      id: `r${hours}`,
      at: isoOf(at),
      kind: "read",
      title: "Load profile read",
      detail: "24 rows × 4 channels, watermark advanced",
      severity: "notice",
      by: "schedule",
    });
  }
  const at = (hours: number): string => isoOf(Math.floor(nowMs / 60_000) * 60_000 - hours * 3_600_000);
  entries.push(
    { id: "e1", at: at(30), until: at(28.6), kind: "event", title: "Power down", detail: "Restored after 1 h 24 min", severity: "alarm" },
    { id: "e2", at: at(28.6), kind: "event", title: "Power up", severity: "notice" },
    { id: "e3", at: at(77), kind: "event", title: "Voltage sag", detail: "L1 207 V for 9 s", severity: "warning" },
    { id: "e4", at: at(110), kind: "event", title: "Clock set", detail: "Moved by 4 s", severity: "notice", by: "headend" },
    {
      id: "d1",
      at: at(20),
      kind: "edit",
      title: "Estimate, 12 intervals",
      detail: "Mean of 4 like days; version 2",
      severity: "notice",
      by: "vee",
    },
    {
      id: "d2",
      at: at(52),
      kind: "edit",
      title: "Edit, 6 intervals",
      detail: "Meter test; version 2",
      severity: "notice",
      by: "a.lindqvist",
    },
    {
      id: `c1`,
      at: at(54),
      kind: "command",
      title: "Read registers",
      detail: "4 registers in 0.9 s",
      severity: "notice",
      by: "operator",
      state: "done",
    },
    {
      id: `c2`,
      at: at(12),
      kind: "command",
      title: "Ping",
      detail: `No answer from ${id} in 3 tries`,
      severity: "warning",
      by: "operator",
      state: "failed",
    },
  );
  return entries.sort((left, right) => right.at.localeCompare(left.at));
}
