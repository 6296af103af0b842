import { UsageError } from "@amity/bytes";
import { STANDARD_DECISION_POLICY } from "@amity/mdm";
import type { SecondPerson } from "../compose/utility.ts";

/** What the command line says about second persons; limits left out are the standard ones. */
export interface SecondPersonOptions {
  readonly secondPersonKwh?: number;
  readonly secondPersonMoney?: number;
  readonly secondPersonFor?: string;
}

/** Commands that may be made to wait: those that change something at a meter or at a home. */
const COMMANDS = [
  "disconnect",
  "connect",
  "setClock",
  "limit",
  "tariff",
  "message",
  "changeKeys",
  "renewCertificate",
  "updateFirmware",
  "setPushSchedule",
  "resetDemand",
  "token",
] as const;

/** @throws UsageError `second-person` for a command that cannot wait for one. */
export function secondPersonOf({ secondPersonKwh, secondPersonMoney, secondPersonFor }: SecondPersonOptions): SecondPerson {
  const names = (secondPersonFor ?? "").split(",").filter((name) => name !== "");
  const commands = names.map((name) => {
    const known = COMMANDS.find((command) => command === name);
    if (known === undefined)
      throw new UsageError(`${name} cannot wait for a second person`, {
        code: "second-person",
        advice: `choose of ${COMMANDS.join(", ")}`,
      });
    return known;
  });
  const { secondPersonAbove } = STANDARD_DECISION_POLICY;
  return {
    commands,
    policy: {
      ...STANDARD_DECISION_POLICY,
      secondPersonAbove: {
        ...secondPersonAbove,
        ...(secondPersonKwh === undefined ? {} : { kWh: String(secondPersonKwh) }),
        ...(secondPersonMoney === undefined ? {} : { money: String(secondPersonMoney) }),
      },
    },
  };
}
