/** A refusal in words. */
export function refusal(reason: string): { readonly kind: "refused"; readonly reason: string } {
  return { kind: "refused", reason };
}
