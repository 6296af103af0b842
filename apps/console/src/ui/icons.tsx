const line = { fill: "none", stroke: "currentColor", strokeWidth: 1.6, strokeLinecap: "round", strokeLinejoin: "round" } as const;

export function SunIcon() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" {...line}>
      <circle cx="9" cy="9" r="3.2" />
      <path d="M9 1.8v1.6M9 14.6v1.6M1.8 9h1.6M14.6 9h1.6M3.9 3.9 5 5M13 13l1.1 1.1M14.1 3.9 13 5M5 13l-1.1 1.1" />
    </svg>
  );
}
export function MoonIcon() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" {...line}>
      <path d="M14.8 10.9A6.4 6.4 0 0 1 7.1 3.2a6.4 6.4 0 1 0 7.7 7.7Z" />
    </svg>
  );
}
export function HelpIcon() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" {...line}>
      <circle cx="9" cy="9" r="7" />
      <path d="M7.1 7.1a2 2 0 1 1 2.7 1.9c-.5.2-.8.5-.8 1.1v.2M9 12.6v.1" />
    </svg>
  );
}
export function ArrowIcon({ to }: { to: "left" | "right" }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" {...line}>
      <path d={to === "left" ? "M9.8 3.5 5.3 8l4.5 4.5" : "M6.2 3.5 10.7 8l-4.5 4.5"} />
    </svg>
  );
}
