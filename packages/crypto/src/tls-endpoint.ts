import { constants } from "node:crypto";
import { Duplex } from "node:stream";
import { connect, createServer, type TLSSocket } from "node:tls";
import { LinkError, SecurityError } from "@amity/bytes";
import { checkCertificate, readCertificate, type Certificate } from "./certificate.ts";
import type { EllipticKeyPair } from "./elliptic.ts";
import { certificateToPem, privateKeyToPem } from "./pem.ts";

/** How an end of a session proves itself, and whom it believes. */
export interface TlsCredentials {
  readonly key: EllipticKeyPair;
  /** Own certificate (DER). */
  readonly certificate: Uint8Array;
  readonly trust: TlsTrust;
}

/** Whom to believe: certificates as such (self-signed ones of a local network), and those that an authority issued. */
export interface TlsTrust {
  /** Certificates (DER) of peers, each trusted as it is and for itself alone. */
  readonly pinned?: readonly Uint8Array[];
  readonly issuers?: readonly Certificate[];
  /** Validity is judged by this clock, not by the platform's. */
  nowMs(): number;
}

export interface TlsOptions extends TlsCredentials {
  readonly role: "client" | "server";
  /** Never below 1.2 (BSI TR-03116-3, 6.1). Default "TLSv1.2", what radio profiles are written for. */
  readonly versionMax?: "TLSv1.2" | "TLSv1.3";
}

/** What an end tells; nothing is told after `failed` or `closed`. */
export interface TlsEvents {
  /** Octets for the peer: one or more records. */
  transmit(octets: Uint8Array): void;
  /** The handshake is over and the peer is trusted. */
  secured(peer: Certificate): void;
  plaintext(octets: Uint8Array): void;
  /** `unknown-peer`, `no-certificate`, `expired`, `bad-signature`, `tls-version`, `tls-cipher`, `bad-record`, `tls`; `truncated` (LinkError). */
  failed(error: SecurityError | LinkError): void;
  /** The peer said that it ends. */
  closed(): void;
}

/** One end of a TLS session without a socket of its own: octets in, octets out. */
export interface TlsEndpoint {
  /** Octets of the peer, in order, cut anyhow. */
  receive(octets: Uint8Array): void;
  /** Content for the peer; before `secured` it waits. */
  send(plaintext: Uint8Array): void;
  /** The link is gone: without the peer's goodbye what came may be truncated, and is said so. */
  linkEnded(): void;
  close(): void;
}

/** Makes ends of TLS sessions: a part of the world, since its keys are random and its turns are the event loop's. */
export type TlsEngine = (options: TlsOptions, events: TlsEvents) => TlsEndpoint;

/** Suites of BSI TR-03116-3, 4.2.1: ephemeral keys, certificates on elliptic curves, GCM before CBC with encrypt-then-MAC. */
const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-ECDSA-AES256-SHA384",
].join(":");
const GROUPS = "P-256:P-384:brainpoolP256r1:brainpoolP384r1";

/** The platform's TLS over a pipe in memory. Neither renegotiation nor tickets: a session is made anew, whole (TR-03116-3, 6.1). */
export const nodeTls: TlsEngine = (options, events) => {
  let isOver = false;
  let socket: TLSSocket | undefined;
  const waiting: Uint8Array[] = [];
  const pipe = pipeTo((octets) => {
    events.transmit(octets);
  });
  const end = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    tell();
    // What the session still has to say (an alert, a goodbye) goes out with the turn of the loop.
    setImmediate(() => socket?.destroy());
  };
  const fail = (error: SecurityError | LinkError): void => end(() => events.failed(error));
  const secured = (secure: TLSSocket): void => {
    if (isOver) return;
    const peer = judged(secure, options.trust, fail);
    if (peer === undefined) return;
    socket = secure;
    secure.on("data", (data: Uint8Array) => {
      if (!isOver) events.plaintext(new Uint8Array(data));
    });
    secure.on("end", () => {
      end(() => events.closed());
    });
    events.secured(peer);
    for (const plaintext of waiting.splice(0)) secure.write(plaintext);
  };
  const failedWith = (cause: unknown): void => fail(tlsError(cause));
  if (options.role === "server") listen(pipe.stream, options, { secured, failedWith });
  else dial(pipe.stream, options, { secured, failedWith });
  return {
    receive(octets) {
      if (!isOver) pipe.push(octets);
    },
    send(plaintext) {
      if (isOver) throw new LinkError("the TLS session is over", { code: "closed" });
      if (socket === undefined) waiting.push(plaintext);
      else socket.write(plaintext);
    },
    linkEnded() {
      fail(new LinkError("truncated: the link ended before the peer closed the session", { code: "truncated" }));
    },
    close() {
      socket?.end();
      end(() => undefined);
    },
  };
};

interface Handshake {
  readonly secured: (socket: TLSSocket) => void;
  readonly failedWith: (cause: unknown) => void;
}

function listen(stream: Duplex, options: TlsOptions, { secured, failedWith }: Handshake): void {
  const server = createServer({ ...contextOf(options), requestCert: true, rejectUnauthorized: false });
  server.on("secureConnection", (socket) => {
    socket.on("error", failedWith);
    secured(socket);
  });
  server.on("tlsClientError", failedWith);
  server.emit("connection", stream);
}

function dial(stream: Duplex, options: TlsOptions, { secured, failedWith }: Handshake): void {
  // The peer is judged by `judged`: neither names of hosts nor the platform's roots and clock mean anything here.
  const socket = connect({ ...contextOf(options), socket: stream, rejectUnauthorized: false, checkServerIdentity: () => undefined });
  socket.on("error", failedWith);
  socket.on("secureConnect", () => {
    secured(socket);
  });
}

function contextOf({ key, certificate, versionMax }: TlsOptions) {
  return {
    key: privateKeyToPem(key),
    cert: certificateToPem(certificate),
    minVersion: "TLSv1.2",
    maxVersion: versionMax ?? "TLSv1.2",
    ciphers: `${CIPHERS}:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384`,
    ecdhCurve: GROUPS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  } as const;
}

/** The peer's certificate, where it may be believed now. That its key is the peer's was proved by the handshake. */
function judged(socket: TLSSocket, trust: TlsTrust, fail: (error: SecurityError) => void): Certificate | undefined {
  const { raw } = socket.getPeerCertificate(true);
  if (raw === undefined) {
    fail(new SecurityError("the peer showed no certificate", { code: "no-certificate" }));
    return undefined;
  }
  try {
    return trustedCertificate(new Uint8Array(raw), trust);
  } catch (error) {
    fail(
      error instanceof SecurityError
        ? error
        : new SecurityError("the peer's certificate cannot be read", { code: "unknown-peer", cause: error }),
    );
    return undefined;
  }
}

/** @throws SecurityError `unknown-peer`, `expired`; DecodeError for what is no certificate of an elliptic-curve key. */
export function trustedCertificate(der: Uint8Array, trust: TlsTrust): Certificate {
  const nowMs = trust.nowMs();
  const certificate = readCertificate(der);
  if (trust.pinned?.some((pinned) => Buffer.compare(pinned, der) === 0) === true) {
    // Self-signed or not, it is believed for what it is; only its time can be over.
    if (nowMs >= certificate.validFromMs && nowMs <= certificate.validToMs) return certificate;
    throw new SecurityError(`the certificate of ${certificate.commonName} is not valid now`, {
      code: "expired",
      advice: "check the clock, or renew it",
    });
  }
  const issuer = trust.issuers?.find(({ commonName }) => commonName === certificate.issuerCommonName);
  if (issuer !== undefined) return checkCertificate(der, issuer, nowMs);
  throw new SecurityError(`the certificate of ${certificate.commonName} is not known`, {
    code: "unknown-peer",
    advice: "pin it, or trust who issued it",
  });
}

/** A duplex stream whose other side is two functions. */
function pipeTo(transmit: (octets: Uint8Array) => void): { stream: Duplex; push: (octets: Uint8Array) => void } {
  const stream = new Duplex({
    read() {
      // Octets are pushed as they come.
    },
    write(chunk: Uint8Array, _encoding, done) {
      transmit(new Uint8Array(chunk));
      done();
    },
  });
  return {
    stream,
    push(octets) {
      if (!stream.destroyed) stream.push(Buffer.from(octets));
    },
  };
}

/** Reasons that OpenSSL names, by what a person can do about them. */
const REASONS: readonly (readonly [pattern: RegExp, code: string, reason: string])[] = [
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_VERSION|WRONG_SSL_VERSION/, "tls-version", "the peer wants a version of TLS below 1.2"],
  [/NO_SHARED_CIPHER|NO_SHARED_GROUP|HANDSHAKE_FAILURE|NO_SUITABLE/, "tls-cipher", "no common cipher suite or curve"],
  [
    /BAD_RECORD_MAC|CIPHER_OPERATION_FAILED|BAD_DECRYPT|BAD_SIGNATURE|DECRYPT_ERROR/,
    "bad-record",
    "a record was changed, repeated or lost",
  ],
];

function tlsError(cause: unknown): SecurityError {
  const text = cause instanceof Error ? `${"code" in cause ? String(cause.code) : ""} ${cause.message}` : String(cause);
  const [, code, reason] = REASONS.find(([pattern]) => pattern.test(text.toUpperCase().replaceAll(" ", "_"))) ?? [
    /./,
    "tls",
    "the TLS session failed",
  ];
  return new SecurityError(reason, { code, cause });
}
