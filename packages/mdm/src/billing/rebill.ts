import type { Bill, BillLine } from "../rating/bill.ts";
import { Money } from "../rating/money.ts";
import type { BlockRef } from "../usage/usage.ts";

/** A stored block of a bill that has a newer version. */
export interface ChangedPin {
  readonly channelId: string;
  readonly dayStartMs: number;
  readonly billedVersion: number;
  readonly currentVersion: number;
}

/** Which of the versions that a bill pins are no longer current. `currentVersionOf` says 0 where there is none. */
export function changedPins(bill: Pick<Bill, "pinned">, currentVersionOf: (pin: BlockRef) => number): readonly ChangedPin[] {
  return bill.pinned.flatMap((pin) => {
    const currentVersion = currentVersionOf(pin);
    return currentVersion === pin.version
      ? []
      : [{ channelId: pin.channelId, dayStartMs: pin.dayStartMs, billedVersion: pin.version, currentVersion }];
  });
}

/** The same bill with every amount turned round: what is sent to take a bill back. Quantities turn with the amounts. */
export function cancellationOf(bill: Bill): Bill {
  const negated = (text: string) => new Money(text).neg().toFixed();
  return {
    ...bill,
    lines: bill.lines.map((line) => ({ ...line, quantity: negated(line.quantity), amount: negated(line.amount) })),
    subtotal: negated(bill.subtotal),
    tax: negated(bill.tax),
    total: negated(bill.total),
  };
}

/** How one line changed between a bill and the one that replaces it. Lines are matched by charge, tariff version and label. */
export interface LineDifference {
  readonly chargeId: string;
  readonly label: string;
  readonly quantityBefore: string;
  readonly quantityAfter: string;
  readonly amountBefore: string;
  readonly amountAfter: string;
  readonly difference: string;
}

export interface BillComparison {
  readonly lines: readonly LineDifference[];
  readonly totalBefore: string;
  readonly totalAfter: string;
  readonly difference: string;
}

/** What a rebill changes, line by line; lines that did not change are left out. */
export function compareBills(before: Bill, after: Bill): BillComparison {
  const [old, fresh] = [byLine(before), byLine(after)];
  const lines = [...new Set([...old.keys(), ...fresh.keys()])].flatMap((key): readonly LineDifference[] => {
    const [was, is] = [old.get(key), fresh.get(key)];
    const line = is ?? was;
    if (line === undefined || (was?.amount === is?.amount && was?.quantity === is?.quantity)) return [];
    const [amountBefore, amountAfter] = [was?.amount ?? "0", is?.amount ?? "0"];
    return [
      {
        chargeId: line.chargeId,
        label: line.label,
        quantityBefore: was?.quantity ?? "0",
        quantityAfter: is?.quantity ?? "0",
        amountBefore,
        amountAfter,
        difference: new Money(amountAfter).minus(amountBefore).toFixed(),
      },
    ];
  });
  return { lines, totalBefore: before.total, totalAfter: after.total, difference: new Money(after.total).minus(before.total).toFixed() };
}

/** Equal keys (two events of one rebate) are numbered in order. */
function byLine(bill: Bill): ReadonlyMap<string, BillLine> {
  const lines = new Map<string, BillLine>();
  for (const line of bill.lines) {
    const base = `${line.chargeId}/${line.tariffVersion}/${line.label}`;
    let key = base;
    for (let again = 2; lines.has(key); again += 1) key = `${base}/${again}`;
    lines.set(key, line);
  }
  return lines;
}
