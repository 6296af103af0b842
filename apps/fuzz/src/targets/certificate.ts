import { fromHex } from "@amity/bytes";
import { checkCertificate, ecdh, ecdsaVerify, keyUsageOf, readCertificate, readCertificateRequest } from "@amity/crypto";
import type { FuzzTarget } from "../fuzz-target.ts";
import { eachReads } from "./refusals.ts";

const KIB = 1024;
const NOW_MS = Date.UTC(2030, 0, 1);
const POINT_OCTETS = 64;
const SCALAR = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
/** Of a key made for this and thrown away: signatures differ from run to run, seeds may not. */
const CERTIFICATE =
  "308201393081e0a00302010202020102300a06082a8648ce3d040302301b3119301706035504030c1034313444353430303030303030303031302017" +
  "0d3236303130313030303030305a180f32303536303130313030303030305a301b3119301706035504030c1034313444353430303030303030303032" +
  "3059301306072a8648ce3d020106082a8648ce3d030107034200049d81e5f54a606a5f98d8ed5065383f64debf73b066734a99885f8cd6256a4e3714" +
  "4441f7c8607f55628efe2ee39c27513d200f01d43713e7449b9dda75a17071a3123010300e0603551d0f0101ff040403020780300a06082a8648ce3d" +
  "04030203480030450220363113e42b1973213c30e875ed212b91568a7bdb6acade8cf5d933660452722e022100ebecbbd27e5df5e70167724039a264" +
  "f009a23dd6cd320d56fbf52199dd3b377b";
const REQUEST =
  "3081d5307d020100301b3119301706035504030c10343134443534303030303030303030323059301306072a8648ce3d020106082a8648ce3d030107" +
  "034200049d81e5f54a606a5f98d8ed5065383f64debf73b066734a99885f8cd6256a4e37144441f7c8607f55628efe2ee39c27513d200f01d43713e7" +
  "449b9dda75a17071a000300a06082a8648ce3d0403020348003045022100f19faa4691539788403364c403535ff60cc9db722931fca8d9293057ce0e" +
  "a559022068b8544d4f6eb0aff2214d2f277fbc5b5ef66816cf60ef83c775e2e71c576f71";

/** Certificates, requests for them, points and signatures, as a meter or a client hands them in. */
const certificateTarget: FuzzTarget = {
  name: "certificate",
  counted: ["packages/crypto/src"],
  inputOctetsMax: KIB,
  allocationOctetsMax: 16 * KIB * KIB,
  seeds: () => [fromHex(CERTIFICATE), fromHex(REQUEST), readCertificate(fromHex(CERTIFICATE)).publicPoint],
  dictionary: ["2a8648ce3d0201", "2a8648ce3d030107", "2b81040022", "550403", "551d0f", "3082", "0382", "a0", "84ffffffff"].map(fromHex),
  decode(octets) {
    const issuer = readCertificate(fromHex(CERTIFICATE));
    eachReads([
      () => readCertificate(octets),
      () => keyUsageOf(octets),
      () => readCertificateRequest(octets),
      () => checkCertificate(octets, issuer, NOW_MS),
      () => ecdsaVerify("P-256", issuer.publicPoint, SCALAR, octets),
    ]);
    // Whoever calls cuts a point to its length.
    if (octets.length < POINT_OCTETS) return;
    const point = octets.subarray(0, POINT_OCTETS);
    eachReads([() => ecdsaVerify("P-256", point, SCALAR, point), () => ecdh("P-256", SCALAR, point)]);
  },
};

export const targets: readonly FuzzTarget[] = [certificateTarget];
