import { Link } from "@tanstack/react-router";
import type { Bill, BillSummary } from "@amity/api";
import { CommodityLabel, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { money } from "../../ui/format.ts";

/** What the same customer pays for everything: the bills of the cycles that end with this one. */
export function JointBox({ bill }: { bill: Bill }) {
  const { together } = bill;
  if (together === undefined) return null;
  return (
    <section className="joint" aria-labelledby="joint-title">
      <h3 id="joint-title">
        One customer, together {money(together.total, together.currency)}
        {together.state === "held" && <span className="quiet"> (some of it is held)</span>}
      </h3>
      <ul>
        {together.bills.map((part) => (
          <li key={part.id} data-on={part.id === bill.summary.id}>
            <Link to="/bills" search={{ id: part.id }} {...(part.id === bill.summary.id ? { "aria-current": "true" as const } : {})}>
              <CommodityLabel commodity={part.commodity} />
            </Link>
            <span className="num">{money(part.total, part.currency)}</span>
          </li>
        ))}
        {together.missing.map(({ usagePoint, commodity }) => (
          <li key={usagePoint} className="quiet">
            {COMMODITY_WORDS[commodity]}: not billed yet
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a bill is of, in the unit that people know: cubic metres of water and gas, kilowatt-hours of the rest. */
export function deliveredText({ commodity, energyWh, volumeM3 }: BillSummary): string {
  const kwh = `${(energyWh / 1000).toFixed(1)} kWh`;
  if (volumeM3 === undefined) return kwh;
  const cubicMetres = `${Number(volumeM3).toFixed(1)} m\u00b3`;
  if (commodity === "water") return cubicMetres;
  return commodity === "gas" ? `${cubicMetres}, ${kwh}` : kwh;
}
