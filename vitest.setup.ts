import fc from "fast-check";

/** One seed for every property, so that a run says of a commit what any other run says: `PROPERTY_SEED=$RANDOM npm test` looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? 42) });
