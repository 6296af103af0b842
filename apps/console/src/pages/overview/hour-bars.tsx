import { percent } from "../../ui/format.ts";

/** The share received in each of the last hours: full bars are full, what lacks shows at the top. */
export function HourBars({ shares }: { shares: readonly (number | null)[] }) {
  const lowest = shares.reduce<number>((low, share) => Math.min(low, share ?? 1), 1);
  return (
    <svg
      className="hour-bars"
      viewBox={`0 0 ${shares.length * 10} 26`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Received by hour, oldest first; the lowest hour has ${percent(lowest)}`}
    >
      {shares.map((share, hour) => (
        <g key={hour}>
          <rect x={hour * 10} y={0} width={8} height={26} fill="var(--line)" />
          {share !== null && (
            <rect
              x={hour * 10}
              y={26 * (1 - share ** 4)}
              width={8}
              height={26 * share ** 4}
              fill={share < 0.95 ? "var(--warn-mark)" : "var(--measured)"}
            />
          )}
        </g>
      ))}
    </svg>
  );
}
