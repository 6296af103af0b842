import { readTelegram, type Telegram } from "@amity/dsmr";
import { parseAddress, parseDecimal, type DataSet, type DecimalValue } from "@amity/iec62056-21";
import { readingsOf, type SmlFile } from "@amity/sml";
import { parseObis, type Obis } from "@amity/dlms";

/** One cumulative or present value of the meter, in the terms of class 3: `value * 10^scaler` in the unit of a code. */
export interface LocalRegister {
  readonly instanceId: Obis;
  readonly value: bigint;
  readonly scaler: number;
  /** Unit code of the Blue Book (4.3.2, table 4). */
  readonly unit: number;
}

/** What the meter said at once. */
export interface LocalReading {
  readonly atMs: number;
  readonly registers: readonly LocalRegister[];
}

/** Units as meters write them at local ports: unit code and power of ten. */
const UNITS: Readonly<Record<string, readonly [code: number, exponent: number]>> = {
  Wh: [30, 0],
  kWh: [30, 3],
  MWh: [30, 6],
  varh: [32, 0],
  kvarh: [32, 3],
  W: [27, 0],
  kW: [27, 3],
  var: [29, 0],
  kvar: [29, 3],
  V: [35, 0],
  A: [33, 0],
  Hz: [44, 0],
};

/** A register needs a code of electricity (A = 1), a number and a unit that class 3 knows. */
export function registersOfSml(file: SmlFile): LocalRegister[] {
  return readingsOf(file).flatMap(({ obis, number, unit }) => registerOf(obis, number, unit));
}

export function registersOfTelegram(telegram: Telegram): LocalRegister[] {
  return readTelegram(telegram).registers.flatMap(({ obis, number, unit }) => registerOf(obis, number, unit));
}

/** Data sets with the reduced codes of the local port (`1.8.0`) count as of medium 1, channel 0. */
export function registersOfReadout(dataSets: readonly DataSet[]): LocalRegister[] {
  return dataSets.flatMap(({ address, values: [first] }) => {
    const parts = parseAddress(address);
    const isPast = parts?.storage !== undefined && parts.storage !== "255";
    if (parts === undefined || first === undefined || isPast) return [];
    const code = `${parts.medium ?? "1"}-${parts.channel ?? "0"}:${parts.quantity}.${parts.type}.${parts.tariff ?? "0"}`;
    return registerOf(code, parseDecimal(first.value), first.unit);
  });
}

function registerOf(code: string, number: DecimalValue | undefined, unit: string | undefined): LocalRegister[] {
  const found = /^(1-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*255)?$/.exec(code);
  const known = UNITS[unit?.replace(/WH$/i, "Wh") ?? ""];
  if (found?.[1] === undefined || number === undefined || known === undefined) return [];
  const [unitCode, exponent] = known;
  return [{ instanceId: parseObis(found[1]), value: number.value, scaler: number.scaler + exponent, unit: unitCode }];
}
