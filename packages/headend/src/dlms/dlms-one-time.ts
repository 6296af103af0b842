import { toHex } from "@amity/bytes";
import { instantOfDateTime } from "@amity/concentrator";
import { data, parseObis, type DlmsData } from "@amity/dlms";
import type { OneTimeControl } from "@amity/model";
import type { MeterAnswer } from "../driver.ts";
import type { DlmsExchange } from "./dlms-exchange.ts";

const BILLING_SCRIPTS = { classId: 9, instanceId: parseObis("0-0:10.0.1"), methodId: 1 } as const;
const END_OF_PERIOD = 1;
const PERIODS_ENDED = { classId: 1, instanceId: parseObis("0-0:0.1.0"), attributeId: 2 } as const;
const LAST_END = { classId: 1, instanceId: parseObis("0-0:0.1.2"), attributeId: 2 } as const;
const TOKEN_GATEWAY = { classId: 115, instanceId: parseObis("0-0:19.40.0") } as const;
/** Attributes of class 115: the last token, and what became of it (Blue Book, token gateway). */
const TOKEN = 2;
const TOKEN_STATUS = 6;
/** A period that ended so recently is the one that was asked for, where the counter of before is not known any more. */
const RECENT_MS = 3_600_000;

const STATUS_WORDS: Readonly<Record<number, string>> = {
  0: "its format is right",
  1: "it is authentic",
  2: "it is valid",
  3: "it was executed",
  4: "its format is wrong",
  5: "it is not authentic",
  6: "it is not valid, or was taken before",
  7: "it could not be executed",
  8: "it was received",
};
const EXECUTED = 3;

/**
 * What is done once and leaves a mark of its own: the end of a billing period (script 1 of 0-0:10.0.1, counted in 0-0:0.1.0, stamped in
 * 0-0:0.1.2), a prepayment token (0-0:19.40.0).
 */
export class DlmsOneTime {
  readonly #exchange: DlmsExchange;
  /** Periods that had ended before this one was; unknown in another session. */
  #endedBefore: number | undefined;

  constructor(exchange: DlmsExchange) {
    this.#exchange = exchange;
  }

  async write(control: OneTimeControl): Promise<MeterAnswer<void>> {
    await this.#exchange.reserve();
    if (control.kind === "resetDemand") {
      this.#endedBefore = numberOf(await this.#value(PERIODS_ENDED));
      return this.#act(BILLING_SCRIPTS, data.longUnsigned(END_OF_PERIOD), "the end of the period");
    }
    const answer = await this.#act({ ...TOKEN_GATEWAY, methodId: 1 }, data.octets(tokenOctets(control.token)), "the token");
    if (answer.kind === "done") return answer;
    // The meter says more in the status than in its refusal.
    const { value } = await this.#tokenStatus();
    return value === undefined ? answer : { kind: "refused", reason: `the token: ${STATUS_WORDS[value] ?? `status ${value}`}` };
  }

  async compare(control: OneTimeControl): Promise<{ readonly isAsWanted: boolean; readonly text: string }> {
    if (control.kind === "resetDemand") return this.#comparePeriod();
    const { token, value } = await this.#tokenStatus();
    if (token !== toHex(tokenOctets(control.token))) return { isAsWanted: false, text: "the meter's last token is another one" };
    return { isAsWanted: value === EXECUTED, text: `the token: ${STATUS_WORDS[value ?? -1] ?? `status ${value}`}` };
  }

  async #comparePeriod(): Promise<{ readonly isAsWanted: boolean; readonly text: string }> {
    const ended = numberOf(await this.#value(PERIODS_ENDED));
    const lastEnd = await this.#value(LAST_END);
    const isStamp = lastEnd?.type === "octet-string" || lastEnd?.type === "date-time";
    const atMs = isStamp ? instantOfDateTime(lastEnd.value) : undefined;
    const isRecent = atMs !== undefined && atMs >= this.#exchange.nowMs() - RECENT_MS;
    const isAsWanted = this.#endedBefore === undefined || ended === undefined ? isRecent : ended !== this.#endedBefore;
    const when = atMs === undefined ? "never" : new Date(atMs).toISOString();
    return { isAsWanted, text: `the last billing period ended ${when}${ended === undefined ? "" : `, ${ended} in all`}` };
  }

  async #tokenStatus(): Promise<{ readonly token: string | undefined; readonly value: number | undefined }> {
    const token = await this.#value({ ...TOKEN_GATEWAY, attributeId: TOKEN });
    const status = await this.#value({ ...TOKEN_GATEWAY, attributeId: TOKEN_STATUS });
    const code = status?.type === "structure" ? status.value[0] : undefined;
    return {
      token: token?.type === "octet-string" ? toHex(token.value) : undefined,
      value: code === undefined ? undefined : numberOf(code),
    };
  }

  async #act(method: Parameters<DlmsExchange["client"]["action"]>[0], parameters: DlmsData, what: string): Promise<MeterAnswer<void>> {
    const outcome = await this.#exchange.client.action(method, parameters);
    return outcome.kind === "done" ? { kind: "done", value: undefined } : { kind: "refused", reason: `${what}: ${outcome.result}` };
  }

  async #value(attribute: Parameters<DlmsExchange["get"]>[0]): Promise<DlmsData | undefined> {
    const answer = await this.#exchange.get(attribute);
    return answer.kind === "done" ? answer.value : undefined;
  }
}

function tokenOctets(token: string): Uint8Array {
  return new TextEncoder().encode(token);
}

function numberOf(value: DlmsData | undefined): number | undefined {
  return value !== undefined && "value" in value && typeof value.value === "number" ? value.value : undefined;
}
