/** Captures whose client does what ours never would, with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "gx-w-ecdsa-s1-general-signing": "signatures are drawn at random",
  "gx-w-ecdsa-s1-py": "signatures are drawn at random",
  "gx-w-ecdsa-s1": "signatures are drawn at random",
  "gx-w-ic-replay": "goes on after an exception-response to the AARQ",
  "gx-w-wrong-key": "goes on after an exception-response to the AARQ",
  "gx-w-wrong-password": "goes on after a refused association",
  "gx-w-sn": "short names",
  "gx-h-sn": "short names",
  "gxc-h-high": "the server sends an APDU twice in one",
  "gxc-h-low": "the server sends an APDU twice in one",
  "gxc-h-none": "the server sends an APDU twice in one",
  "gxc-w-gmac-s0": "the server sends an APDU twice in one",
  "gxc-w-high": "the server sends an APDU twice in one",
  "gxc-w-low": "the server sends an APDU twice in one",
  "gxc-w-none": "the server sends an APDU twice in one",
};
