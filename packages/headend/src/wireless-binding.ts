import { bindWirelessMeters, readWirelessStrangers, type HeardStranger, type WirelessMeterEntry } from "@amity/concentrator";
import type { DlmsClient } from "@amity/dlms";
import type { Fleet } from "./fleet.ts";
import type { WirelessStranger } from "./wireless-stranger.ts";

/** Keeps the list of wireless meters of one concentrator as the fleet has it, and knows whom else it hears. */
export class WirelessBinding {
  readonly #concentratorId: string;
  readonly #fleet: Fleet;
  /** What the concentrator was told last, as text; `undefined` before. */
  #told: string | undefined;
  #strangers: readonly HeardStranger[] = [];

  constructor(concentratorId: string, fleet: Fleet) {
    this.#concentratorId = concentratorId;
    this.#fleet = fleet;
  }

  /** The fleet has other meters than the concentrator was told of. */
  get isDue(): boolean {
    const wanted = this.#wanted();
    // A concentrator that never had a wireless meter may have no radio.
    return this.#told === undefined ? wanted.length > 0 : this.#told !== textOf(wanted);
  }

  get strangers(): readonly WirelessStranger[] {
    const known = new Set(this.#wanted().map(({ address }) => address));
    return this.#strangers
      .filter(({ address }) => !known.has(address))
      .map((stranger) => ({ ...stranger, concentratorId: this.#concentratorId }));
  }

  /** A new connection: the concentrator at its other end may be another one. */
  forget(): void {
    this.#told = undefined;
  }

  /** Tells the concentrator its meters, where that is due. @throws PeerError, LinkError. */
  async bind(client: DlmsClient): Promise<void> {
    if (!this.isDue) return;
    const wanted = this.#wanted();
    await bindWirelessMeters(client, wanted);
    this.#told = textOf(wanted);
  }

  /** Looks whom else it hears. @throws PeerError. */
  async look(client: DlmsClient): Promise<void> {
    this.#strangers = await readWirelessStrangers(client);
  }

  #wanted(): WirelessMeterEntry[] {
    return this.#fleet.wirelessOf(this.#concentratorId);
  }
}

function textOf(meters: readonly WirelessMeterEntry[]): string {
  return meters.map(({ meterId, address }) => `${meterId} ${address}`).join("\n");
}
