/**
 * A UUID (RFC 9562, version 8: own making) from a resource's address, so that the same export carries the same ids. It tells
 * resources of a feed apart; it is no secret and no proof.
 */
export function createUuid(address: string): string {
  const octets = new TextEncoder().encode(address);
  const words = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((seed, index) => {
    let hash = (seed ^ index) >>> 0;
    // FNV-1a with a final avalanche, once for each word of the id.
    for (const octet of octets) hash = Math.imul(hash ^ octet, 0x01000193) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d) >>> 0;
    return (hash ^ (hash >>> 15)) >>> 0;
  });
  const hex = words
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-A${hex.slice(17, 20)}-${hex.slice(20)}`;
}
