import { UsageError } from "@amity/bytes";

/** Where a page ended: the sort value and the id that breaks ties. */
export interface PageCursor {
  readonly value: number;
  readonly id: string;
}

export function encodeCursor(cursor: PageCursor): string {
  return `${cursor.value}~${encodeURIComponent(cursor.id)}`;
}

/** @throws UsageError `bad-cursor`. */
export function decodeCursor(text: string): PageCursor {
  const match = /^(-?\d{1,16})~(.{0,400})$/.exec(text);
  try {
    if (match !== null) return { value: Number(match[1]), id: decodeURIComponent(match[2] ?? "") };
  } catch {
    // A broken percent escape is a broken cursor.
  }
  throw new UsageError("this cursor was not given out by this list", { code: "bad-cursor" });
}
