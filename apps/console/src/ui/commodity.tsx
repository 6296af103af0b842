import type { MeterSummary } from "@amity/api";

export type Commodity = MeterSummary["commodity"];

/** Same order as the API's: only its types reach the page. */
export const COMMODITIES: readonly Commodity[] = ["electricity", "gas", "water", "heat"];

export const COMMODITY_WORDS: Readonly<Record<Commodity, string>> = {
  electricity: "Electricity",
  gas: "Gas",
  water: "Water",
  heat: "Heat",
};

const MEDIA: Readonly<Record<string, Commodity>> = { "5": "heat", "6": "heat", "7": "gas", "8": "water", "9": "water" };

/** What a channel belongs to, by the first group of its OBIS code. */
export function commodityOfChannel(channel: string): Commodity {
  return MEDIA[channel.split("-", 1)[0] ?? ""] ?? "electricity";
}

const line = { fill: "none", stroke: "currentColor", strokeWidth: 1.5, strokeLinecap: "round", strokeLinejoin: "round" } as const;

/** A sign of its own for each commodity: the shape says the same as the colour. */
export function CommodityIcon({ commodity }: { commodity: Commodity }) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" data-commodity={commodity} className="commodity-icon" {...line}>
      {commodity === "electricity" && <path d="M8 1.4 3.2 7.8h3.4L6 12.6l4.8-6.4H7.4Z" />}
      {commodity === "gas" && (
        <path d="M7 12.6c-2.4 0-3.9-1.6-3.9-3.7C3.1 6 6 5 5.7 1.5c2.7 1.2 3 3.2 2.8 4.4.7-.3 1.1-.8 1.2-1.5.8 1 1.2 2.5 1.2 4.3 0 2.3-1.6 3.9-3.9 3.900Z" />
      )}
      {commodity === "water" && <path d="M7 1.600C5 4.3 3.2 6.4 3.2 8.600a3.8 3.8 0 0 0 7.6 0C10.8 6.4 9 4.3 7 1.600Z" />}
      {commodity === "heat" && <path d="M2.2 2.600v8.800M5.4 2.600v8.800M8.6 2.600v8.800M11.8 2.600v8.800M2.2 4.300h9.600M2.2 9.700h9.6" />}
    </svg>
  );
}

/** Icon and word. */
export function CommodityLabel({ commodity }: { commodity: Commodity }) {
  return (
    <span className="commodity">
      <CommodityIcon commodity={commodity} />
      {COMMODITY_WORDS[commodity]}
    </span>
  );
}
