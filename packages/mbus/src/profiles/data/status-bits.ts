/** What the bits of a maker's error record mean; the first word is bit 0, "" a bit that is not known. */
export interface StatusBits {
  readonly manufacturers: readonly string[];
  readonly deviceTypes?: readonly number[];
  readonly versions?: readonly number[];
  /** VIF and VIFEs of the record, extension bits apart. */
  readonly codes: readonly number[];
  readonly words: readonly string[];
}

const ERROR_FLAGS = [0xfd, 0x17] as const;
const HEAT = [0x04, 0x0a, 0x0b, 0x0c, 0x0d] as const;
const WATER = [0x06, 0x07, 0x15, 0x16] as const;

const ULTRASONIC = ["tampered", "battery low", "dry", "no flow", "high temperature", "burst", "reverse flow", "leak"] as const;
const QUNDIS = [
  "no flow",
  "supply sensor interrupted",
  "return sensor interrupted",
  "temperature electronics failed",
  "battery voltage wrong",
  "supply sensor shorted",
  "return sensor shorted",
  "memory failed",
  "tampered",
  "electronics failed",
] as const;
const RADIO_MODULE = ["measurement failed", "tampered", "battery low", "check sum wrong", "radio failed", "was reset"] as const;

/** Makers whose bits are published, by meter. The first row that fits is taken. */
export const STATUS_BITS: readonly StatusBits[] = [
  {
    manufacturers: ["KAM", "KAW"],
    deviceTypes: WATER,
    codes: [0xff, 0x20],
    words: ["dry", "reverse flow", "leak", "burst"],
  },
  {
    manufacturers: ["KAM"],
    deviceTypes: HEAT,
    codes: [0xff, 0x22],
    words: [
      "supply interrupted",
      "battery low",
      "sensor failed",
      "sensor t1 above range",
      "sensor t2 above range",
      "sensor t1 below range",
      "sensor t2 below range",
      "temperature difference reversed",
      "flow sensor weak or air",
      "flow direction wrong",
      "",
      "flow increased",
      "leak at input A1",
      "leak at input B1",
      "alarm at input A1 or A2",
      "alarm at input B1 or B2",
      "V1 does not communicate",
      "V1 pulse figure wrong",
      "leak at input A2",
      "leak at input B2",
      "t3 above range or off",
      "t3 below range or off",
      "V2 does not communicate",
      "V2 pulse figure wrong",
      "V2 air",
      "V2 flow direction wrong",
      "",
      "V2 flow increased",
      "burst, water lost",
      "burst, water penetrates",
      "leak, water lost",
      "leak, water penetrates",
    ],
  },
  { manufacturers: ["QDS", "LSE"], codes: ERROR_FLAGS, words: QUNDIS },
  {
    manufacturers: ["APA"],
    deviceTypes: WATER,
    versions: [0x01, 0x20],
    codes: ERROR_FLAGS,
    words: [...ULTRASONIC, ...ULTRASONIC.map((word) => `${word} this month`), ...ULTRASONIC.map((word) => `${word} last month`)],
  },
  {
    manufacturers: ["APA"],
    deviceTypes: HEAT,
    codes: ERROR_FLAGS,
    words: [
      "minimum flow",
      "flow meter failed",
      "return sensor failed",
      "supply sensor failed",
      "temperature difference wrong",
      "maximum flow",
      "memory failed",
      "battery low",
      "abnormal flow in the day",
      "abnormal flow in the year",
      "temperature difference too low",
      "check sum wrong",
      "flash failed",
      "battery critical",
      "processor too hot",
      "serial port overrun",
    ],
  },
  {
    manufacturers: ["ZRI"],
    deviceTypes: WATER,
    codes: ERROR_FLAGS,
    words: [
      "",
      "abnormal condition",
      "battery at its end",
      "permanent error",
      "temporary error",
      "leaked before",
      "tampered before",
      "removed before",
      "oversized",
      "undersized",
      "blocked before",
      "reverse flow",
      "reverse flow before",
      "leak",
      "removed",
      "burst",
    ],
  },
  {
    manufacturers: ["DWZ", "EFE"],
    deviceTypes: WATER,
    codes: ERROR_FLAGS,
    words: [
      "software failed",
      "check sum wrong",
      "sensor failed",
      "measurement failed",
      "battery voltage wrong",
      "tampered",
      "leak or no usage",
      "reverse flow",
      "overload",
    ],
  },
  {
    manufacturers: ["EFE"],
    deviceTypes: HEAT,
    codes: ERROR_FLAGS,
    words: [
      "sensor 1 broken",
      "sensor 1 shorted",
      "sensor 2 broken",
      "sensor 2 shorted",
      "flow measurement failed",
      "electronics failed",
      "was reset",
      "battery low",
    ],
  },
  {
    manufacturers: ["IMT"],
    deviceTypes: WATER,
    codes: ERROR_FLAGS,
    words: ["tampered", "", "burst", "leak", "", "", "", "no flow", "battery low", "reverse flow", "overflow"],
  },
  { manufacturers: ["AAA", "INE", "RAM"], codes: ERROR_FLAGS, words: RADIO_MODULE },
  {
    manufacturers: ["LAS"],
    deviceTypes: [0x1a],
    codes: ERROR_FLAGS,
    words: [
      "",
      "battery low",
      "smoke",
      "manual test",
      "malfunction",
      "no connection to the smoke detector",
      "",
      "",
      "smoke sensor at its end",
    ],
  },
];
