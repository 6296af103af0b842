import type { Obis } from "@amity/dlms";
import type { MeterObject } from "../meter-object.ts";
import { arbitratorObject } from "./arbitrator-object.ts";
import { arrayManagerObject } from "./array-manager-object.ts";
import { dataProtectionObject } from "./data-protection-object.ts";
import { freeProfileObject } from "./free-profile-object.ts";
import { ipv6SetupObject } from "./ipv6-setup-object.ts";
import { measurementMonitoringObject } from "./measurement-monitoring-object.ts";
import { ntpSetupObject } from "./ntp-setup-object.ts";
import { scheduleObject } from "./schedule-object.ts";
import { sensorManagerObject } from "./sensor-manager-object.ts";
import { utilityTablesObject } from "./utility-tables-object.ts";

/** Objects of the conformance meter that do what their class says, beside those that every meter has. */
export function actingObjects(objectOf: (name: Obis) => MeterObject | undefined): MeterObject[] {
  return [
    dataProtectionObject(objectOf),
    arrayManagerObject(objectOf),
    arbitratorObject(objectOf),
    scheduleObject(),
    sensorManagerObject(),
    measurementMonitoringObject(),
    ntpSetupObject(),
    freeProfileObject(objectOf),
    ipv6SetupObject(),
    utilityTablesObject(),
  ];
}
