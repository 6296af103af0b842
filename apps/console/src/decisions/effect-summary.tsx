import { Link } from "@tanstack/react-router";
import type { DecisionEffect } from "@amity/api";
import { count, money, quantity } from "../ui/format.ts";

const BILLS_SHOWN = 8;

/** What a decision changes, in numbers; bills that become another one by one. */
export function EffectSummary({ effect }: { effect: DecisionEffect }) {
  const { bills, atStake } = effect;
  return (
    <div className="effect">
      <dl className="evidence">
        <Fact name="Exceptions" value={count(effect.exceptions)} />
        <Fact name="Meters" value={count(effect.meters)} />
        <Fact
          name="Intervals that change"
          value={
            effect.intervals === 0
              ? "none"
              : `${count(effect.intervals)} on ${effect.days === 1 ? "one day" : `${count(effect.days)} days`}`
          }
        />
        {effect.amounts.map(({ unit, before, after }) => (
          <Fact key={unit} name="Sum of these" value={`${quantity(Number(before), unit)} → ${quantity(Number(after), unit)}`} />
        ))}
        <Fact name="At stake" value={`${stakeWords(atStake)}, ${money(atStake.money, atStake.currency)}`} />
        <Fact name="Bills that change" value={billWords(effect)} />
      </dl>
      {bills.changes.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Bills that change">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Bill</th>
                <th scope="col">State</th>
                <th scope="col" className="num">
                  Now
                </th>
                <th scope="col" className="num">
                  Would be
                </th>
              </tr>
            </thead>
            <tbody>
              {bills.changes.slice(0, BILLS_SHOWN).map((bill) => (
                <tr key={bill.bill}>
                  <td>
                    <Link to="/bills" search={{ id: bill.bill }}>
                      {bill.usagePoint}
                    </Link>
                  </td>
                  <td>{bill.state}</td>
                  <td className="num">{money(twoPlaces(bill.before), bill.currency)}</td>
                  <td className="num">{money(twoPlaces(bill.after), bill.currency)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {bills.changes.length > BILLS_SHOWN && <p className="small quiet">and {count(bills.changes.length - BILLS_SHOWN)} more</p>}
        </div>
      )}
      {effect.skippedCount > 0 && (
        <details className="small">
          <summary>{count(effect.skippedCount)} are left alone</summary>
          <ul className="skipped">
            {effect.skipped.map(({ exception, reason }) => (
              <li key={exception}>
                <span className="mono">{exception}</span>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function billWords({ bills }: DecisionEffect): string {
  const currency = bills.changes[0]?.currency ?? "";
  const rest = bills.notRated > 0 ? `; ${count(bills.notRated)} more were not rated` : "";
  if (bills.changes.length === 0) return `none${bills.rated > 0 ? ` of ${count(bills.rated)}` : ""}${rest}`;
  const sign = Number(bills.change) > 0 ? "+" : "";
  return `${count(bills.changes.length)}, ${sign}${money(bills.change, currency)} in all${rest}`;
}

/** Energy and volume in question; what there is none of is left out. */
export function stakeWords({ kWh, cubicMetres }: { kWh: string; cubicMetres: string }): string {
  const energy = quantity(Number(kWh) * 1000, "Wh");
  if (Number(cubicMetres) === 0) return energy;
  const volume = `${Number(cubicMetres).toFixed(1)} m³`;
  return Number(kWh) === 0 ? volume : `${energy} and ${volume}`;
}

function twoPlaces(amount: string): string {
  const [whole = "0", part = ""] = amount.split(".");
  return `${whole}.${part.padEnd(2, "0").slice(0, 2)}`;
}
