import { boolean, decimal, epochSeconds, hexBinary, int48, integer, many, required, struct, text, word } from "../xml/xml-codec.ts";

/** Types of the retail customer schema (NAESB REQ.21 ESPI 4.0, `http://naesb.org/espi/customer`), in its order of elements. */
const string256 = text(256);
const uint32 = integer(0, 4_294_967_295);

const dateTimeInterval = struct({ duration: uint32, start: epochSeconds });

/** Some custodians write the bare word where the schema wants a value inside. */
const status = struct({ value: string256, dateTime: epochSeconds, remark: string256, reason: string256 }, "value");

const electronicAddress = struct({
  lan: string256,
  mac: string256,
  email1: string256,
  email2: string256,
  web: string256,
  radio: string256,
  userID: string256,
  password: string256,
});

const telephoneNumber = struct({
  countryCode: string256,
  areaCode: string256,
  cityCode: string256,
  localNumber: string256,
  ext: string256,
  dialOut: string256,
  internationalPrefix: string256,
  ituPhone: string256,
});

const streetAddress = struct({
  streetDetail: struct({
    number: string256,
    name: string256,
    suffix: string256,
    prefix: string256,
    type: string256,
    code: string256,
    buildingName: string256,
    suiteNumber: string256,
    addressGeneral: string256,
    addressGeneral2: string256,
    addressGeneral3: string256,
    withinTownLimits: boolean,
  }),
  townDetail: struct({
    code: string256,
    section: string256,
    name: string256,
    county: string256,
    stateOrProvince: string256,
    country: string256,
  }),
  status,
  postalCode: string256,
  poBox: string256,
});

const organisation = struct({
  streetAddress,
  postalAddress: streetAddress,
  phone1: telephoneNumber,
  phone2: telephoneNumber,
  electronicAddress,
  organisationName: string256,
});

const document = {
  type: string256,
  authorName: string256,
  createdDateTime: epochSeconds,
  lastModifiedDateTime: epochSeconds,
  revisionNumber: string256,
  electronicAddress,
  subject: string256,
  title: string256,
  docStatus: status,
  status,
  comment: string256,
} as const;

const asset = {
  type: string256,
  utcNumber: string256,
  serialNumber: string256,
  lotNumber: string256,
  purchasePrice: int48,
  critical: boolean,
  electronicAddress,
  lifecycle: struct({
    manufacturedDate: epochSeconds,
    purchaseDate: epochSeconds,
    receivedDate: epochSeconds,
    installationDate: epochSeconds,
    removalDate: epochSeconds,
    retiredDate: epochSeconds,
  }),
  acceptanceTest: struct({ type: string256, success: boolean, dateTime: epochSeconds }),
  initialCondition: string256,
  initialLossOfLife: integer(0, 100),
  status,
} as const;

const endDevice = { ...asset, isVirtual: boolean, isPan: boolean, installCode: string256, amrSystem: string256 } as const;

const POWERS = ["-12", "-9", "-6", "-3", "-2", "-1", "0", "1", "2", "3", "6", "9", "12"];

/** A value with its unit (UnitSymbolKind) and power of ten, both as the schema's codes. */
export const summaryMeasurement = struct({
  powerOfTenMultiplier: word(POWERS),
  timeStamp: epochSeconds,
  uom: integer(0, 65_535),
  value: int48,
  readingTypeRef: text(2048),
});

/** ISO 4217 numbers that the schema allows. */
export const currency = word(["840", "978", "36", "124", "756", "156", "208", "826", "392", "578", "643", "752", "356", "0"]);

export const customer = struct({
  Organisation: organisation,
  kind: word([
    "residential",
    "residentialAndCommercial",
    "residentialAndStreetlight",
    "residentialStreetlightOthers",
    "residentialFarmService",
    "commercialIndustrial",
    "pumpingLoad",
    "windMachine",
    "energyServiceSupplier",
    "energyServiceScheduler",
    "enterprise",
    "regionalOperator",
    "subsidiary",
    "internalUse",
    "other",
  ]),
  specialNeed: string256,
  vip: boolean,
  pucNumber: string256,
  status,
  priority: struct({ rank: required(integer(-2_147_483_648, 2_147_483_647)), type: string256, justification: string256 }),
  locale: string256,
  customerName: string256,
});

export const customerAccount = struct({
  ...document,
  billingCycle: string256,
  budgetBill: string256,
  lastBillAmount: int48,
  notifications: many(
    struct({
      methodKind: required(word(["call", "email", "letter", "other", "ivr"])),
      time: required(epochSeconds),
      note: required(string256),
      customerNotificationKind: required(string256),
    }),
  ),
  contactInfo: organisation,
  accountId: string256,
});

export const customerAgreement = struct({
  ...document,
  signDate: epochSeconds,
  validityInterval: dateTimeInterval,
  loadMgmt: string256,
  isPrePay: boolean,
  shutOffDateTime: epochSeconds,
  DemandResponseProgram: many(
    struct({
      programName: string256,
      enrollmentStatus: word(["unenrolled", "enrolled", "enrolledPending"]),
      programDescription: text(2048),
      programDate: many(struct({ programDate: epochSeconds, programDateDescription: text(2048) })),
      capacityReservationLevel: summaryMeasurement,
      DRProgramNomination: summaryMeasurement,
    }),
  ),
  PricingStructures: many(text(2048)),
  currency,
  futureStatus: many(status),
  agreementId: string256,
});

export const serviceLocation = struct({
  type: string256,
  mainAddress: streetAddress,
  secondaryAddress: streetAddress,
  phone1: telephoneNumber,
  phone2: telephoneNumber,
  electronicAddress,
  geoInfoReference: string256,
  direction: string256,
  status,
  positionPoints: many(struct({ xPosition: string256, yPosition: string256, zPosition: string256 })),
  accessMethod: string256,
  siteAccessProblem: string256,
  needsInspection: boolean,
  UsagePoints: many(struct({ UsagePoint: many(text(2048)) })),
  outageBlock: text(32),
});

export const serviceSupplier = struct({
  Organisation: organisation,
  kind: word(["utility", "retailer", "other", "lse", "mdma", "msp"]),
  issuerIdentificationNumber: string256,
  effectiveDate: epochSeconds,
});

export const endDeviceResource = struct(endDevice);

export const meter = struct({
  ...endDevice,
  formNumber: string256,
  MeterMultipliers: many(struct({ kind: word(["kH", "transformerRatio", "kR", "kE", "ctRatio", "ptRatio"]), value: decimal })),
  intervalLength: uint32,
});

const MEDIA_TYPES = [
  "application/json",
  "application/pdf",
  "application/vnd.ms-excel",
  "application/vnd.oasis.opendocument.spreadsheet",
  "application/vnd.oasis.opendocument.text",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/zip",
  "image/gif",
  "image/jpeg",
  "image/png",
  "text/csv",
  "text/html",
  "text/plain",
  "text/rtf",
  "text/xml",
];

export const statement = struct({
  issueDateTime: epochSeconds,
  statementRef: many(struct({ fileName: text(512), mediaType: word(MEDIA_TYPES), statementURL: required(text(2048)) })),
});

const dstRule = hexBinary(4);

/** Zone of local times: offsets in seconds, rules as ESPI packs them. */
export const localTimeParameters = struct({
  dstEndRule: required(dstRule),
  dstOffset: required(integer(-86_400, 86_400)),
  dstStartRule: required(dstRule),
  tzOffset: required(integer(-86_400, 86_400)),
});
