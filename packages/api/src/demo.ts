import { z } from "zod";

/** Controls of the demo utility; an installation on real meters answers 501. */
export const FeederSwitch = z.object({ state: z.enum(["live", "out"]) }).meta({ id: "FeederSwitch" });
export type FeederSwitch = z.infer<typeof FeederSwitch>;

export const SpeedChange = z.object({ speed: z.number().min(1).max(3600) }).meta({ id: "SpeedChange" });
export type SpeedChange = z.infer<typeof SpeedChange>;
