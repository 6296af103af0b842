import { encodeTelegram, FormatStore, MeterKey, scaledValue } from "@amity/mbus";
import { describe, expect, it } from "vitest";
import { openTelegram } from "../src/mbus/wireless-telegram.ts";
import type { Device } from "../src/registry.ts";

const KEY = Uint8Array.from({ length: 8 }, (_, index) => index + 1);
const METER = { id: "12345678", manufacturer: "AMT", version: 1, deviceType: 7 };

describe("a wireless meter of security mode 3", () => {
  it("is opened with the date of its own calendar when it was heard", () => {
    const device: Device = {
      meterId: "W1",
      protocol: "wmbus",
      route: { kind: "wireless", concentratorId: "C1", address: "AMT-12345678-01-07" },
      settings: { zone: "Europe/Berlin" },
      status: "active",
    };
    const octets = encodeTelegram({
      control: 0x44,
      sender: METER,
      format: "a",
      message: {
        meter: METER,
        header: "short",
        accessNumber: 1,
        content: Uint8Array.of(0x04, 0x13, 0xe8, 3, 0, 0, 0x04, 0x13, 0xe9, 3, 0, 0),
        security: { mode: 3, key: new MeterKey(KEY), date: { year: 2026, month: 11, day: 22 } },
      },
    });
    const open = (atMs: number) =>
      openTelegram(device, { atMs, octets }, { key: KEY, formats: new FormatStore() }).application.records.map(scaledValue);
    // Half past midnight in Berlin is the day before in UTC.
    expect(open(Date.UTC(2026, 10, 21, 23, 30))).toEqual([1, 1.001]);
  });
});
