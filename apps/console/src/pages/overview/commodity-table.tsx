import { Link } from "@tanstack/react-router";
import type { Overview } from "@amity/api";
import { CommodityLabel } from "../../ui/commodity.tsx";
import { count, percent, quantity } from "../../ui/format.ts";

/** What the utility delivers: for each commodity its meters, the last day's quantity, and how much of it is here. */
export function CommodityTable({ commodities }: { commodities: Overview["commodities"] }) {
  return (
    <table className="table commodities">
      <caption className="visually-hidden">Commodities, last 24 hours</caption>
      <thead>
        <tr>
          <th scope="col">Measures</th>
          <th scope="col" className="num">
            Meters
          </th>
          <th scope="col" className="num">
            Last 24 h
          </th>
          <th scope="col" className="num">
            Received
          </th>
        </tr>
      </thead>
      <tbody>
        {commodities.map(({ commodity, meters, reporting, expected, received, quantity: delivered, unit }) => (
          <tr key={commodity}>
            <td>
              <Link to="/meters" search={{ commodity }}>
                <CommodityLabel commodity={commodity} />
              </Link>
            </td>
            <td className="num" title={`${count(reporting)} of ${count(meters)} report`}>
              {count(meters)}
            </td>
            <td className="num">{quantity(delivered, unit)}</td>
            <td className="num">{expected === 0 ? "–" : percent(Math.min(1, received / expected))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
