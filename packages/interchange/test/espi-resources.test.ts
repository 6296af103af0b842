import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readEspi,
  readGreenButtonResources,
  writeEspi,
  writeRetailCustomer,
  type CustomerResource,
  type UsageResource,
} from "../src/index.ts";
import { chunksOf, collect, recordsOf, textOf, vector, VECTORS } from "./reading.ts";

const CREATED = { createdMs: Date.UTC(2024, 0, 2) };
const AT = "/espi/1_1/resource/RetailCustomer/1/Customer/7";
const common = { kind: "resource", related: [], title: "" } as const;

const CUSTOMERS: readonly CustomerResource[] = [
  {
    ...common,
    type: "Customer",
    address: AT,
    related: [`${AT}/CustomerAccount/a`],
    title: "Änne & Söhne",
    value: {
      Organisation: {
        streetAddress: {
          streetDetail: { number: "12", name: "Main <Street>", withinTownLimits: true },
          townDetail: { name: "Springfield", stateOrProvince: "OR", country: "US" },
          status: { value: "current" },
          postalCode: "97475",
        },
        phone1: { areaCode: "541", localNumber: "555-0100" },
        electronicAddress: { email1: "anne@example.org" },
        organisationName: "Änne & Söhne",
      },
      kind: "residential",
      vip: false,
      status: { value: "active", dateTime: Date.UTC(2020, 0, 1) },
      priority: { rank: 3 },
      customerName: "Änne",
    },
  },
  {
    ...common,
    type: "CustomerAccount",
    address: `${AT}/CustomerAccount/a`,
    value: {
      createdDateTime: Date.UTC(2019, 5, 1),
      billingCycle: "12",
      lastBillAmount: -1_234_500,
      notifications: [{ methodKind: "email", time: Date.UTC(2024, 0, 1), note: "bill ready", customerNotificationKind: "bill" }],
      accountId: "A-1",
    },
  },
  {
    ...common,
    type: "CustomerAgreement",
    address: `${AT}/CustomerAccount/a/CustomerAgreement/g`,
    value: {
      signDate: Date.UTC(2019, 5, 1),
      validityInterval: { duration: 31_536_000, start: Date.UTC(2024, 0, 1) },
      isPrePay: false,
      DemandResponseProgram: [
        {
          programName: "Cool",
          enrollmentStatus: "enrolled",
          programDate: [{ programDate: Date.UTC(2024, 6, 1), programDateDescription: "start" }],
          DRProgramNomination: { powerOfTenMultiplier: "3", uom: 38, value: 5 },
        },
      ],
      PricingStructures: ["https://example.org/tariffs/e-tou"],
      currency: "840",
      futureStatus: [{ value: "pending" }, { value: "closed" }],
      agreementId: "G-1",
    },
  },
  {
    ...common,
    type: "ServiceLocation",
    address: `${AT}/CustomerAccount/a/CustomerAgreement/g/ServiceLocation/l`,
    value: {
      mainAddress: { townDetail: { name: "Springfield" } },
      positionPoints: [{ xPosition: "-123.02", yPosition: "44.05" }],
      accessMethod: "dog in the yard",
      needsInspection: true,
      UsagePoints: [{ UsagePoint: ["/espi/1_1/resource/UsagePoint/UP1", "/espi/1_1/resource/UsagePoint/UP2"] }],
      outageBlock: "B7",
    },
  },
  {
    ...common,
    type: "ServiceSupplier",
    address: "/espi/1_1/resource/ServiceSupplier/s",
    value: { Organisation: { organisationName: "Amity Power" }, kind: "utility", effectiveDate: Date.UTC(2000, 0, 1) },
  },
  {
    ...common,
    type: "Meter",
    address: `${AT}/Meter/m`,
    value: {
      type: "electric",
      serialNumber: "M1",
      lifecycle: { installationDate: Date.UTC(2021, 2, 3) },
      acceptanceTest: { type: "type test", success: true },
      initialLossOfLife: 0,
      isVirtual: false,
      formNumber: "2S",
      MeterMultipliers: [{ kind: "ctRatio", value: "40" }],
      intervalLength: 900,
    },
  },
  {
    ...common,
    type: "EndDevice",
    address: `${AT}/EndDevice/d`,
    value: { serialNumber: "D1", isPan: true, installCode: "83FE", amrSystem: "amity" },
  },
  {
    ...common,
    type: "Statement",
    address: `${AT}/Statement/1`,
    value: {
      issueDateTime: Date.UTC(2024, 0, 1),
      statementRef: [{ fileName: "b.pdf", mediaType: "application/pdf", statementURL: "https://example.org/b.pdf" }],
    },
  },
  {
    ...common,
    type: "LocalTimeParameters",
    address: "/espi/1_1/resource/LocalTimeParameters/1",
    value: { dstEndRule: "B40E2000", dstOffset: 3600, dstStartRule: "360E2000", tzOffset: -18_000 },
  },
];

const BILLING = { duration: 2_592_000, start: Date.UTC(2024, 0, 1) };
const SUMMARIES: readonly UsageResource[] = [
  {
    ...common,
    type: "UsageSummary",
    address: "/espi/1_1/resource/UsagePoint/UP1/UsageSummary/1",
    value: {
      billingPeriod: BILLING,
      billLastPeriod: 1_525_200,
      costAdditionalDetailLastPeriod: [{ amount: 50_000, note: "standing charge", itemKind: "2", itemPeriod: BILLING }],
      currency: "978",
      overallConsumptionLastPeriod: { powerOfTenMultiplier: "0", uom: 72, value: 1_298_640 },
      qualityOfReading: "14",
      statusTimeStamp: Date.UTC(2024, 1, 1),
      commodity: "1",
      tariffProfile: "TOU-D",
      tariffRiderRefs: { tariffRiderRef: [{ riderType: "EV", enrollmentStatus: "enrolled", effectiveDate: Date.UTC(2024, 0, 1) }] },
      billingChargeSource: { agencyName: "CCA" },
    },
  },
  {
    ...common,
    type: "ElectricPowerQualitySummary",
    address: "/espi/1_1/resource/UsagePoint/UP1/ElectricPowerQualitySummary/1",
    value: { mainsVoltage: 230_000, measurementProtocol: 6, summaryInterval: BILLING, supplyVoltageDips: 2 },
  },
  {
    ...common,
    type: "ElectricPowerUsageSummary",
    address: "/espi/1_1/resource/UsagePoint/UP1/ElectricPowerUsageSummary/1",
    value: { billToDate: 7, peakDemand: { timeStamp: Date.UTC(2024, 0, 9), uom: 38, value: 4200 }, statusTimeStamp: Date.UTC(2024, 1, 1) },
  },
];

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

describe("retail customer resources", () => {
  it("come back unchanged from their own writer, in any chunks", async () => {
    const written = await textOf(writeRetailCustomer(each(CUSTOMERS), CREATED));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (size) => {
        expect(await collect(readGreenButtonResources(chunksOf(written, size)))).toEqual(CUSTOMERS);
      }),
      { numRuns: 15 },
    );
  });

  it("that the schema does not allow are refused by name", async () => {
    const write = (resource: CustomerResource): Promise<string> => textOf(writeRetailCustomer(each([resource]), CREATED));
    const base = { ...common, type: "Customer", address: AT } as const;
    await expect(write({ ...base, value: { kind: "pirate" } })).rejects.toMatchObject({ code: "not-representable" });
    await expect(write({ ...base, value: { locale: "x".repeat(257) } })).rejects.toThrow(/locale/);
    await expect(write({ ...base, value: { priority: {} } })).rejects.toThrow(/priority needs rank/);
    const unexpected = SUMMARIES[0] as unknown as CustomerResource;
    await expect(write(unexpected)).rejects.toThrow(/UsageSummary does not belong/);
  });

  it("with values that cannot be used are read without them, and these are put aside by line and field", async () => {
    const text =
      '<feed xmlns="http://www.w3.org/2005/Atom"><entry>\n<content><Meter xmlns="http://naesb.org/espi/customer"><serialNumber>M1</serialNumber>\n' +
      "<intervalLength>often</intervalLength></Meter></content></entry>\n<entry><content><ApplicationInformation/></content></entry></feed>";
    expect(await collect(readGreenButtonResources(chunksOf(text)))).toEqual([
      { kind: "resource", type: "Meter", address: "", related: [], title: "", value: { serialNumber: "M1" } },
      { kind: "putAside", line: 3, field: "intervalLength", reason: '"often" is not a whole number from 0 to 4294967295', text: "<Meter>" },
      { kind: "putAside", line: 4, field: "ApplicationInformation", reason: "ApplicationInformation is no resource that is read" },
    ]);
  });
});

describe("summaries of a usage feed", () => {
  it("come back unchanged from the feed, and do not disturb its readings", async () => {
    const written = await textOf(writeEspi(recordsOf([]), { ...CREATED, summaries: SUMMARIES }));
    expect(await collect(readGreenButtonResources(chunksOf(written, 77)))).toEqual(SUMMARIES);
    expect(await collect(readEspi(chunksOf(written)))).toMatchObject([{ kind: "putAside", line: 0 }]);
  });
});

const folder = `${VECTORS}greenbutton-espi/`;
const samples = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".xml")) : [];
describe.skipIf(samples.length === 0)("public samples of Green Button feeds", () => {
  it("of a customer give the customer, although the status is a bare word", async () => {
    const [resource] = await collect(readGreenButtonResources(vector("greenbutton-espi/gbjava_Customer-Subscription-Feed-Anonymized.xml")));
    expect(resource).toMatchObject({
      type: "Customer",
      title: "Customer",
      value: { kind: "residential", status: { value: "active" }, Organisation: { streetAddress: { townDetail: { name: "Test City" } } } },
    });
  });

  it("of usage give every summary with all its values", async () => {
    const resources = await collect(readGreenButtonResources(vector("greenbutton-espi/oespi_test_usage_data_01.xml")));
    expect(resources.filter(({ kind }) => kind === "putAside").map((record) => "field" in record && record.field)).toEqual([]);
    expect(resources).toMatchObject([
      { type: "LocalTimeParameters" },
      { type: "ElectricPowerUsageSummary", value: { billToDate: 1_149_000, overallConsumptionLastPeriod: { uom: 72, value: 1_298_640 } } },
      { type: "ElectricPowerQualitySummary", value: { flickerPlt: 1, summaryInterval: { duration: 2_119_600 }, supplyVoltageDips: 10 } },
    ]);
  });

  it("each yield resources, put-asides or a decode error", async () => {
    for (const name of samples) {
      const outcome = await collect(readGreenButtonResources(vector(`greenbutton-espi/${name}`))).catch((error: unknown) => error);
      expect(Array.isArray(outcome) || (outcome as { blame?: string }).blame === "decode", name).toBe(true);
    }
  });
});

const xmllint = process.env["XMLLINT"] ?? "xmllint";
const canValidate = samples.length > 0 && spawnSync(xmllint, ["--version"]).status === 0;
describe.skipIf(!canValidate)("against the public schemas", () => {
  it.each([
    ["customer.xsd", () => textOf(writeRetailCustomer(each(CUSTOMERS), CREATED)), CUSTOMERS.length],
    ["espi.xsd", () => textOf(writeEspi(recordsOf([]), { ...CREATED, summaries: SUMMARIES })), SUMMARIES.length],
  ])("of %s every resource that is written is valid", async (schema, write, count) => {
    const written = await write();
    const resources = [...written.matchAll(/<content>\n([\s\S]*?)\n<\/content>/g)].map((match) => match[1] ?? "");
    expect(resources).toHaveLength(count);
    const scratch = mkdtempSync(join(tmpdir(), "espi-"));
    for (const [index, resource] of resources.entries()) writeFileSync(join(scratch, `${index}.xml`), resource);
    const files = resources.map((_, index) => join(scratch, `${index}.xml`));
    execFileSync(xmllint, ["--nonet", "--noout", "--schema", folder + schema, ...files], { stdio: "pipe" });
    rmSync(scratch, { recursive: true });
  });
});
