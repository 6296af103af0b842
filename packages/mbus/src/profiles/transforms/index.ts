import type { Application } from "../../application/read-application.ts";
import type { KeyLookup } from "../../transport/meter-key.ts";
import { openApatorNa1 } from "./apator-na1.ts";
import { withoutApatorPrefix } from "./apator-prefix.ts";
import { apatorVolume } from "./apator-registers.ts";
import { unpackBfwMonths } from "./bfw-months.ts";
import { spreadHydrodigit } from "./hydrodigit.ts";
import { unscramblePrios } from "../../transport/prios.ts";
import { unmaskRfmTx1 } from "./rfm-tx1.ts";
import { sumTechemHalfMonths } from "./techem-half-months.ts";

/** What a manufacturer did to his octets, undone: each gives octets at fixed places, or `undefined` where they are not his. */
const TRANSFORMS = {
  prios: ({ payload, payloadOffset }: Application) => unscramblePrios(payload, payloadOffset - 1),
  apatorRegisters: ({ manufacturerData }: Application) => manufacturerData && apatorVolume(manufacturerData),
  apatorPrefix: ({ manufacturerData }: Application) => manufacturerData && withoutApatorPrefix(manufacturerData),
  apatorNa1: ({ manufacturerData, meter }: Application, keys: KeyLookup | undefined) =>
    manufacturerData && meter && openApatorNa1(manufacturerData, meter, keys?.(meter)),
  bfwMonths: (application: Application) => unpackBfwMonths(wholePayload(application)),
  hydrodigit: ({ manufacturerData }: Application) => manufacturerData && spreadHydrodigit(manufacturerData),
  rfmTx1: (application: Application) => application.header && unmaskRfmTx1(wholePayload(application), application.header.accessNumber),
  techemHalfMonths: ({ manufacturerData }: Application) => manufacturerData && sumTechemHalfMonths(manufacturerData),
} as const satisfies Record<string, (application: Application, keys: KeyLookup | undefined) => Uint8Array | undefined>;

export type ProfileTransform = keyof typeof TRANSFORMS;

/** The octets that a profile's fields count in, once what the manufacturer did to them is undone. */
export function transformed(name: ProfileTransform, application: Application, keys: KeyLookup | undefined): Uint8Array | undefined {
  return TRANSFORMS[name](application, keys);
}

/** Everything behind the header: some meters put no records there although the CI announces them. */
function wholePayload({ payload, payloadOffset }: Application): Uint8Array {
  return payload.subarray(payloadOffset);
}
