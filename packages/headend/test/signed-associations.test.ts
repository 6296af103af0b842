import { toHex } from "@amity/bytes";
import { generateEllipticKeyPair } from "@amity/crypto";
import { authorityCertificate, certify, curveOfSuite, deriveAuthority, type FleetAuthority } from "@amity/meter";
import { describe, expect, it } from "vitest";
import type { CertificationAuthority } from "../src/index.ts";
import { fleetUtility, SECRET, type FleetUtility } from "./fleet-utility.ts";
import { DAY_MS, HOUR_MS, TITLE } from "./lasting-head-end.ts";

const START_MS = Date.UTC(2026, 0, 20, 1);
const TERMS = { validFromMs: START_MS - DAY_MS, validToMs: START_MS + 365 * DAY_MS };
/** The client of simulated meters that manages by signature. */
const SIGNING_CLIENT = 5;
const USAGE = "digital-signature";
const CERTIFICATE = `certificate-${USAGE}`;

function authorityOf(authority: FleetAuthority): CertificationAuthority {
  let serial = 100;
  return {
    certificate: authorityCertificate(authority),
    issue: (subject) => Promise.resolve(certify(authority, subject, { ...TERMS, serial: serial++ })),
  };
}

interface SignedUtility extends FleetUtility {
  readonly authority: FleetAuthority;
  readonly meterId: string;
}

/** A meter of a suite that is managed by signature, commissioned with the head-end's certificate. */
async function signedUtility(suite: 1 | 2): Promise<SignedUtility> {
  const authority = deriveAuthority(SECRET, curveOfSuite(suite));
  const utility = await fleetUtility({
    startMs: START_MS,
    type: { securitySuite: suite },
    settings: { suite, manageAuth: "hls-ecdsa", manageClient: SIGNING_CLIENT },
    driver: { authority: authorityOf(authority) },
  });
  const [meterId = ""] = utility.meterIds;
  const pair = generateEllipticKeyPair(authority.key.curve);
  const own = certify(authority, { systemTitle: TITLE, publicPoint: pair.publicPoint, usage: USAGE }, { ...TERMS, serial: 1 });
  const device = utility.fleet.device(meterId);
  await device.perform({ kind: "keepCertificate", atMs: device.advance(), certificate: toHex(own) });
  const theirs = { systemTitle: device.systemTitle, publicPoint: device.keyPair(USAGE)!.publicPoint, usage: USAGE } as const;
  await utility.keys.store([
    { ref: { owner: "headend", purpose: "sign" }, secret: pair.privateScalar },
    { ref: { owner: "headend", purpose: "sign-certificate" }, secret: own },
    { ref: { owner: meterId, purpose: CERTIFICATE }, secret: certify(authority, theirs, { ...TERMS, serial: 2 }) },
  ]);
  return { ...utility, authority, meterId };
}

describe.each([1, 2] as const)("a meter of suite %i that is managed by signature (HLS 7)", (suite) => {
  it("is commanded over associations by ECDSA, and takes a new certificate over one", async () => {
    const utility = await signedUtility(suite);
    const { fleet, meterId } = utility;
    expect(await utility.ask({ kind: "disconnect" })).toMatchObject({ state: "done" });
    const before = fleet.device(meterId).keyPair(USAGE)!.publicPoint;
    expect(await utility.ask({ kind: "renewCertificate", usage: USAGE })).toMatchObject({ state: "done" });
    expect(fleet.device(meterId).keyPair(USAGE)!.publicPoint).not.toEqual(before);
    expect(await utility.ask({ kind: "connect" })).toMatchObject({ state: "done" });
  }, 60_000);
});

describe("an association by signature", () => {
  it("goes on with the certificate of before where a new one never arrived", async () => {
    const utility = await signedUtility(1);
    const { meterId, authority, keys } = utility;
    const ref = { owner: meterId, purpose: CERTIFICATE };
    const { systemTitle } = utility.fleet.device(meterId);
    const never = { systemTitle, publicPoint: generateEllipticKeyPair("P-256").publicPoint, usage: USAGE } as const;
    const before = await keys.secret(ref);
    await keys.store([
      { ref: { ...ref, purpose: `${CERTIFICATE}-before` }, secret: before },
      { ref, secret: certify(authority, never, { ...TERMS, serial: 3 }) },
    ]);
    expect(await utility.ask({ kind: "disconnect" })).toMatchObject({ state: "done" });
    expect(await keys.secret(ref)).toEqual(before);
  }, 60_000);

  it("is not made with a meter that holds another's certificate", async () => {
    const utility = await signedUtility(1);
    const { meterId, authority, keys, fleet } = utility;
    const { publicPoint } = fleet.device(meterId).keyPair(USAGE)!;
    const other = { systemTitle: new TextEncoder().encode("AMTother"), publicPoint, usage: USAGE } as const;
    await keys.store([{ ref: { owner: meterId, purpose: CERTIFICATE }, secret: certify(authority, other, { ...TERMS, serial: 4 }) }]);
    const { request } = await utility.order({ kind: "disconnect" });
    await utility.simulation.runUntil(START_MS + HOUR_MS);
    expect(await utility.headEnd().views.command(request.commandId)).toMatchObject({ state: "expired" });
    expect(fleet.device(meterId).meter.controlState).toBe("connected");
  }, 60_000);

  it("is not made where there is no authority to check certificates by", async () => {
    const settings = { suite: 1, manageAuth: "hls-ecdsa", manageClient: SIGNING_CLIENT };
    const utility = await fleetUtility({ startMs: START_MS, type: { securitySuite: 1 }, settings });
    const { request } = await utility.order({ kind: "disconnect" });
    await utility.simulation.runUntil(START_MS + HOUR_MS);
    expect(await utility.headEnd().views.command(request.commandId)).toMatchObject({ state: "expired" });
  });
});
