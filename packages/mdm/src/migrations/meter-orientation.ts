import type { Migration } from "@amity/store";

/** Whether a meter, or its current transformers, is connected the wrong way round: it counts import as export while it stands so. */
export const meterOrientation: Migration = {
  number: 8,
  name: "meter-orientation",
  sql: `alter table mdm.meter_installation add column is_reversed boolean not null default false;`,
};
