import type { SessionTrace, TraceField } from "@amity/api";
import { isoOf } from "./series.ts";

const field = (name: string, offset: number, length: number, value?: string, children?: TraceField[]): TraceField => ({
  name,
  offset,
  length,
  ...(value === undefined ? {} : { value }),
  ...(children === undefined ? {} : { children }),
});

/** A hand-made session of five messages (a LN-referencing AARQ with none, then clock and register 1.8.0). */
export function traceOf(meterId: string, nowMs: number): SessionTrace {
  const at = (step: number): string => isoOf(Math.floor(nowMs / 1000) * 1000 - 4_000 + step * 1000);
  const aarq = "601da109060760857405080101be10040e01000000065f1f0400007e1fffff";
  return {
    meterId,
    startedAt: at(0),
    endedAt: at(5),
    route: "Concentrator C04, station 31",
    outcome: "ok",
    dropped: 0,
    messages: [
      {
        at: at(0),
        direction: "sent",
        title: "AARQ",
        summary: "Open an association, logical names",
        hex: aarq,
        ciphered: false,
        fields: [
          field("aarq", 0, 31, undefined, [
            field("application-context-name", 2, 11, "LN referencing, no ciphering (2.16.756.5.8.1.1)"),
            field("user-information", 13, 18, undefined, [
              field("initiate-request", 17, 14, undefined, [
                field("proposed-dlms-version-number", 21, 1, "6"),
                field("proposed-conformance", 22, 7, "get, set, action, selective-access, block-transfer-with-get …"),
                field("client-max-receive-pdu-size", 29, 2, "65,535"),
              ]),
            ]),
          ]),
        ],
      },
      {
        at: at(1),
        direction: "received",
        title: "AARE",
        summary: "Accepted",
        hex: "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501d05000007",
        ciphered: false,
        fields: [
          field("aare", 0, 43, undefined, [
            field("application-context-name", 2, 11, "LN referencing, no ciphering"),
            field("result", 13, 5, "accepted"),
            field("result-source-diagnostic", 18, 7, "acse-service-user: null"),
            field("user-information", 25, 18, undefined, [
              field("negotiated-dlms-version-number", 31, 1, "6"),
              field("negotiated-conformance", 32, 7, "get, set, action, selective-access, block-transfer-with-get"),
              field("server-max-receive-pdu-size", 39, 2, "1,280"),
              field("vaa-name", 41, 2, "0x0007"),
            ]),
          ]),
        ],
      },
      {
        at: at(2),
        direction: "sent",
        title: "get-request-normal",
        summary: "Clock, time",
        hex: "c001c100080000010000ff0200",
        ciphered: false,
        fields: [
          field("get-request-normal", 0, 13, undefined, [
            field("invoke-id-and-priority", 2, 1, "invoke 1, confirmed, high priority"),
            field("cosem-attribute-descriptor", 3, 9, undefined, [
              field("class-id", 3, 2, "8 Clock"),
              field("instance-id", 5, 6, "0-0:1.0.0.255"),
              field("attribute-id", 11, 1, "2 time"),
            ]),
            field("access-selection", 12, 1, "none"),
          ]),
        ],
      },
      {
        at: at(3),
        direction: "received",
        title: "get-response-normal",
        summary: "2026-11-21 14:30:00",
        hex: "c401c100090c07ea0b1506170a1e00fda880",
        ciphered: false,
        fields: [
          field("get-response-normal", 0, 18, undefined, [
            field("invoke-id-and-priority", 2, 1, "invoke 1, confirmed, high priority"),
            field("result", 3, 1, "data"),
            field("octet-string", 4, 14, "12 octets", [
              field("year", 6, 2, "2026"),
              field("month", 8, 1, "November"),
              field("day of month", 9, 1, "21"),
              field("day of week", 10, 1, "Saturday"),
              field("hour", 11, 1, "23"),
              field("minute", 12, 1, "10"),
              field("second", 13, 1, "30"),
              field("hundredths", 14, 1, "0"),
              field("deviation", 15, 2, "−600 min (UTC+10:00)"),
              field("clock status", 17, 1, "daylight saving active"),
            ]),
          ]),
        ],
      },
      {
        at: at(4),
        direction: "received",
        title: "get-response-normal",
        summary: "Active energy import +A: 4,712,338 Wh",
        hex: "cc23300000023f8a41b0c2d7e81f6a09d45e3371c8a2b61d0f94e7",
        plainHex: "c401c200060047e7d2",
        ciphered: true,
        fields: [
          field("get-response-normal", 0, 9, undefined, [
            field("invoke-id-and-priority", 2, 1, "invoke 2, confirmed, high priority"),
            field("result", 3, 1, "data"),
            field("double-long-unsigned", 4, 5, "4,712,402"),
          ]),
        ],
      },
    ],
  };
}
