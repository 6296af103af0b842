import { latin1Text } from "@amity/bytes";
import { data, obisToOctets, parseObis, portClasses, type DataAccessResult, type DlmsData } from "@amity/dlms";
import type { MeterTypeOptions } from "../meter-type.ts";
import { dateTimeOctets } from "./civil-time.ts";
import { DONE, configuredObject, refused } from "./configured-object.ts";
import { hasForm } from "./configured-values.ts";
import type { MeterObject, ObjectContext } from "./meter-object.ts";
import { needsKeyPairs, pushProtectionOf } from "./push-protection.ts";
import {
  CONSTANT_DELAY,
  NO_TIME,
  PUSH_CLIENT,
  PUSH_DELAY_SECONDS,
  PUSH_RETRIES,
  addressOf,
  factoryObjects,
  pushClassOf,
  pushSetupName,
} from "./push-settings.ts";
import { PUSH_SETUPS } from "./scripts.ts";

const { pushSetup1, pushSetup2, pushSetup } = portClasses;
const OBJECTS_MAX = 32;
const RETRIES_MAX = 10;

/** Class 40 Push setup, 0-n:25.9.0, in the version of the meter's type: interval, connectivity, installation, consumption, alarm. */
export function pushObjects({ pushSetupVersion: version }: MeterTypeOptions): MeterObject[] {
  const definition = pushClassOf(version);
  return Object.values(PUSH_SETUPS).map((setup) =>
    configuredObject({
      class: definition,
      name: pushSetupName(setup),
      values: {
        pushObjectList: factoryList(setup, version),
        sendDestinationAndMethod: data.structure(data.enumerated(0), data.octets(new Uint8Array(0)), data.enumerated(0)),
        communicationWindow: data.array(),
        randomisationStartInterval: data.longUnsigned(0),
        numberOfRetries: data.unsigned(PUSH_RETRIES),
        repetitionDelay: factoryDelay(version),
        portReference: data.octets(obisToOctets(parseObis("0-0:25.0.0"))),
        pushClientSap: data.integer(PUSH_CLIENT),
        pushProtectionParameters: data.array(),
        pushOperationMethod: data.enumerated(0),
        confirmationParameters: data.structure(data.octets(NO_TIME), data.doubleLongUnsigned(0)),
        lastConfirmationDateTime: (context) => data.octets(lastConfirmation(setup, context)),
      },
      writable: Object.keys(definition.attributes).filter((name) => !OWN.has(name)),
      judge,
      methods: {
        push: async (_parameter, context) =>
          (await context.perform({ kind: "push", atMs: context.nowMs, setup })) ? DONE : refused("temporary-failure"),
        ...(version === 1
          ? {}
          : {
              reset: async (_parameter, context) =>
                (await context.perform({ kind: "resetPush", atMs: context.nowMs, setup })) ? DONE : refused("temporary-failure"),
            }),
      },
    }),
  );
}

/** What the meter itself sets. */
const OWN: ReadonlySet<string> = new Set(["portReference", "lastConfirmationDateTime"]);

function factoryList(setup: number, version: 1 | 2 | 3): DlmsData {
  const objects = factoryObjects(setup);
  const restriction = { restrictionType: "none", restrictionValue: data.nothing } as const;
  if (version === 1) return pushSetup1.attributes.pushObjectList.encode(objects);
  if (version === 2) return pushSetup2.attributes.pushObjectList.encode(objects.map((object) => ({ ...object, restriction })));
  return pushSetup.attributes.pushObjectList.encode(objects.map((object) => ({ ...object, restriction, columns: [] })));
}

function factoryDelay(version: 1 | 2 | 3): DlmsData {
  const seconds = data.longUnsigned(PUSH_DELAY_SECONDS);
  return version === 1 ? seconds : data.structure(seconds, data.longUnsigned(CONSTANT_DELAY), seconds);
}

function lastConfirmation(setup: number, { meter, base }: ObjectContext): Uint8Array {
  const clockMs = meter.functionsIfAny?.pushConfirmations?.get(setup);
  return clockMs === undefined ? NO_TIME : dateTimeOctets(clockMs, base);
}

function judge(attribute: string, given: DlmsData, { meter }: ObjectContext): DataAccessResult | undefined {
  switch (attribute) {
    case "pushObjectList":
      return given.type === "array" && given.value.length > OBJECTS_MAX ? "other-reason" : undefined;
    case "sendDestinationAndMethod": {
      const { transportService, destination, message } = pushSetup1.attributes.sendDestinationAndMethod.decode(given);
      const isCarried = (transportService === "tcp" || transportService === "udp") && message === "a-xdr";
      const isAddress = destination.length === 0 || addressOf(latin1Text(destination)) !== undefined;
      return isCarried && isAddress ? undefined : "other-reason";
    }
    case "numberOfRetries":
      return pushSetup1.attributes.numberOfRetries.decode(given) > RETRIES_MAX ? "other-reason" : undefined;
    case "pushProtectionParameters": {
      if (!hasForm(() => pushProtectionOf(given))) return "other-reason";
      return needsKeyPairs(pushProtectionOf(given)) && meter.surroundings.type.securitySuite === 0 ? "other-reason" : undefined;
    }
    default:
      return undefined;
  }
}
