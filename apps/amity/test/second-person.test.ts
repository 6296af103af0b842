import { describe, expect, it } from "vitest";
import { STANDARD_DECISION_POLICY } from "@amity/mdm";
import { secondPersonOf } from "../src/cli/second-person.ts";

describe("what the command line says about second persons", () => {
  it("leaves the standard limits where it says nothing, and makes no command wait", () => {
    expect(secondPersonOf({})).toEqual({ commands: [], policy: STANDARD_DECISION_POLICY });
  });

  it("takes limits, none at all included, and the commands that wait", () => {
    const { commands, policy } = secondPersonOf({ secondPersonKwh: 0, secondPersonMoney: 250, secondPersonFor: "disconnect,setClock" });
    expect(commands).toEqual(["disconnect", "setClock"]);
    expect(policy.secondPersonAbove).toEqual({ ...STANDARD_DECISION_POLICY.secondPersonAbove, kWh: "0", money: "250" });
  });

  it("refuses a command that cannot wait, by name", () => {
    expect(() => secondPersonOf({ secondPersonFor: "ping" })).toThrow(/ping cannot wait/);
  });
});
