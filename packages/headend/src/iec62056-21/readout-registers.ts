import { parseAddress, parseDecimal, type DataAddress, type DataSet } from "@amity/iec62056-21";
import { QUALITY, type MeterId, type RegisterReading } from "@amity/model";
import { quantityOf } from "../local/quantity.ts";
import { channelOfMedium, type Medium } from "../medium.ts";

/**
 * Current registers of a readout: data sets with a number and a unit of the model, stamped with the time of the readout. Past values
 * (`*01`, `&12`) and what is no measurement are left out.
 */
export function registersOfReadout(
  meterId: MeterId,
  dataSets: readonly DataSet[],
  context: { readonly atMs: number; readonly medium: Medium },
): RegisterReading[] {
  const registers = new Map<string, RegisterReading>();
  for (const { address, values } of dataSets) {
    const parsed = parseAddress(address);
    const number = parseDecimal(values[0]?.value ?? "");
    if (parsed === undefined || number === undefined || !isCurrent(parsed)) continue;
    const unit = values[0]?.unit ?? usualUnit(parsed, context.medium);
    const quantity = unit === undefined ? undefined : quantityOf(number, unit);
    const channel = quantity === undefined ? undefined : channelOf(parsed, quantity.unit, context.medium);
    if (quantity === undefined || channel === undefined || registers.has(channel)) continue;
    registers.set(channel, { meterId, channel, ...quantity, atMs: context.atMs, quality: QUALITY.raw });
  }
  return [...registers.values()];
}

function isCurrent({ storage }: DataAddress): boolean {
  return storage === undefined || storage === "255";
}

/** Energies whose unit the meter leaves out are in kWh and kvarh (VDEW, 5.1). */
function usualUnit({ quantity, type }: DataAddress, medium: Medium): string | undefined {
  if (medium !== "electricity" || type !== "8") return undefined;
  if (quantity === "1" || quantity === "2") return "kWh";
  return quantity === "3" || quantity === "4" ? "kvarh" : undefined;
}

/** `1.8.0`, `1-1:1.8.0*255`; heat meters write `6.8` for their energy and `6.26` for their volume. */
function channelOf(address: DataAddress, unit: RegisterReading["unit"], medium: Medium): string | undefined {
  const { medium: group = "1", channel = "0", quantity, type, tariff } = address;
  if (medium !== "electricity") {
    const isIndex = quantity === "6" && (type === "8" || type === "26") && tariff === undefined;
    return isIndex || address.medium !== undefined ? channelOfMedium(medium, unit) : undefined;
  }
  if (![group, channel, quantity, type, tariff ?? "0"].every((part) => /^\d+$/.test(part))) return undefined;
  return `${group}-${channel}:${quantity}.${type}.${tariff ?? "0"}`;
}
