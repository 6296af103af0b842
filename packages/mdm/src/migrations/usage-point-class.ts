import type { Migration } from "@amity/store";

/** The class that rules, profiles and estimation are chosen by: `residential`, `commercial`, `industrial`, `transformer`, `feeder`. */
export const usagePointClass: Migration = {
  number: 4,
  name: "usage-point-class",
  sql: `alter table mdm.usage_point add column channel_class text not null default 'residential';`,
};
