import type { DataRecord } from "@amity/mbus";
import { fromHex, toHex } from "@amity/bytes";
import type { SimulatedSubMeter } from "./sub-meter.ts";
import type { SubMeterOperation } from "./sub-meter-operations.ts";
import type { SubMeterRadio } from "./sub-meter-radio.ts";

/** Values of the valve command, VIF FD 1F in one octet (the M-Bus companion of DSMR P2). */
export const VALVE_COMMANDS = { close: 0, open: 1, release: 2 } as const;

/** One sub-meter as its surroundings meet it: what it is, its radio, and a memory of what happens to it. */
export class SubMeterDevice {
  readonly meter: SimulatedSubMeter;
  readonly radio: SubMeterRadio;
  readonly #remember: (operation: SubMeterOperation) => void | Promise<void>;

  constructor(radio: SubMeterRadio, remember: (operation: SubMeterOperation) => void | Promise<void>) {
    this.meter = radio.meter;
    this.radio = radio;
    this.#remember = remember;
  }

  /** Lets something happen to the meter and remembers it. @returns false where the meter's state does not allow it. */
  async perform(operation: SubMeterOperation): Promise<boolean> {
    if (!this.meter.apply(operation)) return false;
    await this.#remember(operation);
    return true;
  }

  /**
   * Hands the meter a telegram within its listening window. @returns its answer and whether it did what was asked; `undefined` where it is
   * silent: it does not listen, or cannot read what came.
   */
  async hear(octets: Uint8Array, instantMs: number): Promise<{ readonly octets: Uint8Array; readonly isObeyed: boolean } | undefined> {
    const atMs = Math.max(instantMs, this.meter.lastOperationMs);
    if (this.meter.conditionAt(atMs).radioSilent) return undefined;
    const orders: SubMeterOperation[] = [];
    let understood = 0;
    const answer = this.radio.hear(octets, atMs, (records) => {
      understood = records.length;
      orders.push(...records.flatMap((record) => orderOf(record, atMs) ?? []));
    });
    if (answer === undefined) return undefined;
    // Remembered before it is obeyed: a meter that loses power in between does not do it twice.
    if (answer.lastCommand !== this.meter.lastCommand) await this.perform({ kind: "takeCommand", mark: answer.lastCommand, atMs });
    let isObeyed = understood > 0;
    for (const order of orders) isObeyed = this.#mayObey(order) && (await this.perform(order)) && isObeyed;
    return { octets: answer.octets, isObeyed };
  }

  /** A key that does not open under the meter's own would silence it for good. */
  #mayObey(order: SubMeterOperation): boolean {
    return order.kind !== "takeKey" || this.radio.opensKey(fromHex(order.wrapped));
  }
}

/** What a record of a command asks the meter to do; a clock that is set is right already. */
function orderOf({ vib, value }: DataRecord, atMs: number): SubMeterOperation | undefined {
  if (vib.quantity === "remoteControl") {
    const kind = value === VALVE_COMMANDS.close ? "closeValve" : value === VALVE_COMMANDS.open ? "openValve" : "releaseValve";
    return { kind, by: "remote", atMs };
  }
  if (vib.quantity === "securityKey" && typeof value === "object" && value?.kind === "octets") {
    return { kind: "takeKey", wrapped: toHex(value.octets), atMs };
  }
  return undefined;
}
