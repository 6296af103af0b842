import { sameOctets } from "@amity/bytes";
import { data, ipClasses, obisToOctets, parseObis, type DlmsData, type InvokeOutcome } from "@amity/dlms";
import { configure, configuredObject, outcomeOf, refused } from "../configured-object.ts";
import { configuredValue, hasForm } from "../configured-values.ts";
import type { MeterObject, ObjectContext } from "../meter-object.ts";

const { ipv6Setup } = ipClasses;
const NAME = "0-0:25.7.0";
const ADDRESS_OCTETS = 16;
const ADDRESSES_MAX = 8;
/** Attributes with addresses by address_type: unicast, multicast, gateway. */
const ADDRESS_LISTS = [4, 5, 6] as const;
const NO_ADDRESS = data.octets(new Uint8Array(0));

/** Class 48 IPv6 setup, 0-0:25.7.0: addresses of each kind, added and removed by method or written as a list. The simulated network routes none of them. */
export function ipv6SetupObject(): MeterObject {
  return configuredObject({
    class: ipv6Setup,
    name: NAME,
    values: {
      dataLinkLayerReference: data.octets(obisToOctets(parseObis("0-0:25.2.0"))),
      addressConfigMode: data.enumerated(2),
      unicastIpv6Addresses: data.array(),
      multicastIpv6Addresses: data.array(),
      gatewayIpv6Addresses: data.array(),
      primaryDnsAddress: NO_ADDRESS,
      secondaryDnsAddress: NO_ADDRESS,
      trafficClass: data.unsigned(0),
      neighborDiscoverySetup: data.array(),
    },
    writable: [
      "unicastIpv6Addresses",
      "multicastIpv6Addresses",
      "gatewayIpv6Addresses",
      "primaryDnsAddress",
      "secondaryDnsAddress",
      "trafficClass",
    ],
    judge(attribute, given) {
      if (given.type === "array") return areAddresses(ipv6Setup.attributes.unicastIpv6Addresses.decode(given)) ? undefined : "other-reason";
      const isDns = attribute.endsWith("DnsAddress") && given.type === "octet-string";
      return isDns && given.value.length !== 0 && given.value.length !== ADDRESS_OCTETS ? "other-reason" : undefined;
    },
    methods: {
      addIpv6Address: (given, context) =>
        change(given, context, (list, address) => (list.some((one) => sameOctets(one, address)) ? undefined : [...list, address])),
      removeIpv6Address: (given, context) =>
        change(given, context, (list, address) => {
          const kept = list.filter((one) => !sameOctets(one, address));
          return kept.length === list.length ? undefined : kept;
        }),
    },
  });
}

async function change(
  given: DlmsData,
  context: ObjectContext,
  changed: (list: readonly Uint8Array[], address: Uint8Array) => readonly Uint8Array[] | undefined,
): Promise<InvokeOutcome> {
  if (!hasForm(() => ipv6Setup.methods.addIpv6Address.decode(given))) return refused("type-unmatched");
  const { addressType, address } = ipv6Setup.methods.addIpv6Address.decode(given);
  const attributeId = ADDRESS_LISTS[addressType];
  if (attributeId === undefined) return refused("other-reason");
  const shape = ipv6Setup.attributes.unicastIpv6Addresses;
  const list = changed(shape.decode(configuredValue(context, NAME, attributeId, data.array())), address);
  if (list === undefined || !areAddresses(list)) return refused("other-reason");
  return outcomeOf(await configure(NAME, [[attributeId, shape.encode([...list])]], context));
}

function areAddresses(list: readonly Uint8Array[]): boolean {
  return list.length <= ADDRESSES_MAX && list.every(({ length }) => length === ADDRESS_OCTETS);
}
