import type { Tariff } from "../tariff/index.ts";

/** The time-of-use tariff of the demo utility: three periods by season and weekday, a standing charge, feed-in credit, tax. */
export function residentialTimeOfUse(zone: string, currency = "AUD"): Tariff {
  return {
    id: "home-tou",
    name: "Home Time of Use",
    currency,
    zone,
    versions: [
      {
        version: 1,
        effectiveFrom: "2010-01-01",
        rounding: { places: 2, mode: "halfUp" },
        totalRounding: { places: 2, mode: "halfUp" },
        calendar: {
          periods: ["peak", "shoulder", "offPeak"],
          defaultPeriod: "offPeak",
          holidays: ["01-01", "12-25", "12-26"],
          schedules: [
            {
              days: ["weekday"],
              ranges: [
                { from: "07:00", to: "14:00", period: "shoulder" },
                { from: "14:00", to: "20:00", period: "peak" },
                { from: "20:00", to: "22:00", period: "shoulder" },
              ],
            },
            { days: ["weekend", "holiday"], ranges: [{ from: "07:00", to: "22:00", period: "shoulder" }] },
          ],
        },
        charges: [
          { kind: "fixed", id: "supply", label: "Daily supply charge", amount: "0.92", per: "day" },
          { kind: "energy", id: "peak", label: "Peak energy", flow: "import", periods: ["peak"], rate: "0.5412" },
          { kind: "energy", id: "shoulder", label: "Shoulder energy", flow: "import", periods: ["shoulder"], rate: "0.2536" },
          { kind: "energy", id: "off-peak", label: "Off-peak energy", flow: "import", periods: ["offPeak"], rate: "0.1698" },
          { kind: "energy", id: "feed-in", label: "Solar feed-in credit", flow: "export", rate: "-0.0500" },
          { kind: "percentage", id: "gst", label: "GST", percent: "10", of: ["supply", "peak", "shoulder", "off-peak"], isTax: true },
        ],
      },
    ],
  };
}
