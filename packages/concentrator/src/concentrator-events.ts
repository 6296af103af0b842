import { data, encodeData, obisToOctets, parseObis, type DlmsData } from "@amity/dlms";
import { dateTimeOfInstant } from "./cosem-time.ts";

/** What the concentrator notes about itself. Codes of 200 and more are ours. */
export const CONCENTRATOR_EVENTS = {
  restarted: 2,
  storageFull: 200,
  storageFree: 201,
  tailRecovered: 202,
} as const;
export type ConcentratorEventKind = keyof typeof CONCENTRATOR_EVENTS;

export interface ConcentratorEvent {
  readonly atMs: number;
  readonly kind: ConcentratorEventKind;
  readonly detail: string;
}

const ENTRIES_MAX = 200;

/** The concentrator's own event log: the last entries, oldest first. */
export class ConcentratorEventLog {
  #entries: ConcentratorEvent[] = [];
  #total = 0;
  readonly #onEvent: (event: ConcentratorEvent) => void;

  constructor(onEvent: (event: ConcentratorEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Entries ever made: changes when there is something new to read. */
  get total(): number {
    return this.#total;
  }

  get entries(): readonly ConcentratorEvent[] {
    return this.#entries;
  }

  add(event: ConcentratorEvent): void {
    this.#entries = [...this.#entries.slice(-(ENTRIES_MAX - 1)), event];
    this.#total++;
    this.#onEvent(event);
  }

  /** The buffer of the log as a profile: clock, code, detail. */
  buffer(): Uint8Array {
    const rows = this.#entries.map(({ atMs, kind, detail }) =>
      data.structure(data.octets(dateTimeOfInstant(atMs)), data.unsigned(CONCENTRATOR_EVENTS[kind]), data.utf8(detail)),
    );
    return encodeData(data.array(...rows));
  }

  captureObjects(): DlmsData {
    const object = (classId: number, name: string): DlmsData =>
      data.structure(data.longUnsigned(classId), data.octets(obisToOctets(parseObis(name))), data.integer(2), data.longUnsigned(0));
    return data.array(object(8, "0-0:1.0.0"), object(1, "0-0:96.11.0"), object(1, "0-0:96.11.100"));
  }
}
