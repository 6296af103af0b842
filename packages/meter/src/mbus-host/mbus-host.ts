import type { SimulatedMeter } from "../simulated-meter.ts";
import type { HostChannel } from "../sub-meter/sub-meter-plan.ts";
import type { MbusChannel } from "./mbus-channel.ts";
import type { MbusHostOperation } from "./mbus-host-operations.ts";

/** The M-Bus side of a meter: what an object asks for the channels of the meter that it is read of. */
export type HostOf = (meter: SimulatedMeter) => MbusHost | undefined;

/** The M-Bus side of one electricity meter: its channels, and a memory of what is changed of them. */
export class MbusHost {
  readonly channels: readonly MbusChannel[];
  readonly #remember: (operation: MbusHostOperation) => void | Promise<void>;

  constructor(channels: readonly MbusChannel[], remember: (operation: MbusHostOperation) => void | Promise<void>) {
    this.channels = channels;
    this.#remember = remember;
  }

  /** The channel, where a sub-meter is within reach of it. */
  channel(channel: HostChannel): MbusChannel | undefined {
    return this.channels.find((known) => known.channel === channel);
  }

  /** Changes a channel without remembering it: what a journal says. */
  apply(operation: MbusHostOperation): boolean {
    return this.channel(operation.channel)?.apply(operation) ?? false;
  }

  /** Changes a channel and remembers it. @returns false where nothing changed. */
  async perform(operation: MbusHostOperation): Promise<boolean> {
    if (!this.apply(operation)) return false;
    await this.#remember(operation);
    return true;
  }
}
