import type { MigrationSet } from "@amity/store";
import { billTables, exceptionQueueTables } from "../pipeline/pipeline-migrations.ts";
import { decisionTables } from "./decisions.ts";
import { ledgerTables } from "./ledger-migrations.ts";
import { massDecisionTable } from "./mass-decisions.ts";
import { meterOrientation } from "./meter-orientation.ts";
import { premisesAndGas } from "./premises-and-gas.ts";
import { usagePointClass } from "./usage-point-class.ts";

/** Everything the MDM keeps in PostgreSQL, schema `mdm`. New steps go to the end, numbered on. */
export const mdmMigrations: MigrationSet = {
  owner: "mdm",
  migrations: [
    ledgerTables,
    exceptionQueueTables,
    billTables,
    usagePointClass,
    massDecisionTable,
    premisesAndGas,
    decisionTables,
    meterOrientation,
  ],
};
