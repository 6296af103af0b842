/** A difference with its sign: `+1.20`, `−0.35`, `0.00`; two places at least. */
export function signed(amount: string): string {
  const negative = amount.startsWith("-");
  const [whole = "0", part = ""] = (negative ? amount.slice(1) : amount).split(".");
  const text = `${whole}.${part.padEnd(2, "0")}`;
  if (/^[0.]+$/.test(text)) return text;
  return `${negative ? "\u2212" : "+"}${text}`;
}
