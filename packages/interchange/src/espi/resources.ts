import { UsageError } from "@amity/bytes";
import type { Chunks, PutAside } from "../records.ts";
import type { XmlCodec, XmlProblem, XmlValueOf } from "../xml/xml-codec.ts";
import { childOf, textAt, xmlElements, type XmlElement } from "../xml/xml-elements.ts";
import { AtomFeed } from "./atom-feed.ts";
import * as customers from "./customer-types.ts";
import { linksOf } from "./espi-links.ts";
import * as summaries from "./summary-types.ts";

const CUSTOMER_TYPES = {
  Customer: customers.customer,
  CustomerAccount: customers.customerAccount,
  CustomerAgreement: customers.customerAgreement,
  ServiceLocation: customers.serviceLocation,
  ServiceSupplier: customers.serviceSupplier,
  EndDevice: customers.endDeviceResource,
  Meter: customers.meter,
  Statement: customers.statement,
  LocalTimeParameters: customers.localTimeParameters,
} as const;

const USAGE_TYPES = {
  UsageSummary: summaries.usageSummary,
  ElectricPowerUsageSummary: summaries.electricPowerUsageSummary,
  ElectricPowerQualitySummary: summaries.electricPowerQualitySummary,
  LocalTimeParameters: customers.localTimeParameters,
} as const;

interface ResourceOf<Type extends string, Value> {
  readonly kind: "resource";
  readonly type: Type;
  /** Address in the feed (`self`), its identity there. */
  readonly address: string;
  /** Addresses of what belongs to it: an agreement's service locations, a meter's usage point. */
  readonly related: readonly string[];
  readonly title: string;
  readonly value: Value;
}
type ResourceIn<Types extends Readonly<Record<string, XmlCodec<unknown>>>> = {
  [Type in keyof Types & string]: ResourceOf<Type, XmlValueOf<Types[Type]>>;
}[keyof Types & string];

/** A retail customer resource: who the customer is, by which contract, where and behind which meter. */
export type CustomerResource = ResourceIn<typeof CUSTOMER_TYPES>;
/** What a usage feed says beside readings: sums of usage and bills, power quality, the zone of local times. */
export type UsageResource = ResourceIn<typeof USAGE_TYPES>;
export type GreenButtonResource = CustomerResource | UsageResource;

/** Resources that are readings or their description: `readEspi` reads them. */
const READINGS = new Set(["UsagePoint", "MeterReading", "ReadingType", "IntervalBlock"]);
const CUSTOMER_SPACE = "http://naesb.org/espi/customer";
const USAGE_SPACE = "http://naesb.org/espi";

/**
 * Reads the resources of a Green Button feed that are not readings: retail customer data (ESPI 4.0 `retailCustomer`) and the
 * summaries of a usage feed. Values that cannot be used are put aside by line and field, the rest of the resource is read.
 * @throws DecodeError where the document is no well-formed XML.
 */
export async function* readGreenButtonResources(chunks: Chunks): AsyncGenerator<GreenButtonResource | PutAside> {
  for await (const entry of xmlElements(chunks, new Set(["entry"]))) {
    for (const element of childOf(entry, "content")?.children ?? []) yield* resourceOf(entry, element);
  }
}

const ALL_TYPES: Readonly<Record<string, XmlCodec<unknown>>> = { ...USAGE_TYPES, ...CUSTOMER_TYPES };

function* resourceOf(entry: XmlElement, element: XmlElement): Generator<GreenButtonResource | PutAside> {
  const codec = Object.hasOwn(ALL_TYPES, element.name) ? ALL_TYPES[element.name] : undefined;
  if (codec === undefined) {
    if (READINGS.has(element.name)) return;
    yield { kind: "putAside", line: element.line, field: element.name, reason: `${element.name} is no resource that is read` };
    return;
  }
  const problems: XmlProblem[] = [];
  const value = codec.read(element, problems);
  const { self, related } = linksOf(entry);
  // The table joins each type with its codec; the union says the same.
  yield { kind: "resource", type: element.name, address: self, related, title: textAt(entry, "title"), value } as GreenButtonResource;
  for (const problem of problems) yield { kind: "putAside", ...problem, text: `<${element.name}>` };
}

export interface CustomerFeedOptions {
  /** When the feed is made, UTC ms. */
  readonly createdMs: number;
  readonly title?: string;
}

/**
 * Writes retail customer resources as a feed of their own: the standard keeps personal data apart from usage. Elements stand in
 * the schema's order.
 * @throws UsageError `not-representable` for values that the schema does not allow.
 */
export async function* writeRetailCustomer(
  resources: AsyncIterable<CustomerResource>,
  options: CustomerFeedOptions,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const feed = new AtomFeed(options.title ?? "Green Button Retail Customer Feed", options.createdMs);
  yield encoder.encode(feed.head());
  for await (const resource of resources) yield encoder.encode(feed.entry(entryOf(resource, CUSTOMER_TYPES, CUSTOMER_SPACE)));
  yield encoder.encode(feed.end());
}

/** The entry of a summary in a usage feed. @throws UsageError `not-representable` */
export function usageEntry(resource: UsageResource): Parameters<AtomFeed["entry"]>[0] {
  return entryOf(resource, USAGE_TYPES, USAGE_SPACE);
}

function entryOf(
  { type, address, related, title, value }: GreenButtonResource,
  types: Readonly<Record<string, XmlCodec<unknown>>>,
  space: string,
): Parameters<AtomFeed["entry"]>[0] {
  const codec = types[type];
  if (codec === undefined) throw new UsageError(`${type} does not belong into a feed of ${space}`, { code: "not-representable" });
  return { address, related, title, content: codec.write(type, value).replace(`<${type}>`, `<${type} xmlns="${space}">`) };
}
