/** Names a secret without holding it: the registry stores these. The owner is a meter id, a concentrator id or `headend`. */
export interface KeyRef {
  readonly owner: string;
  /** What it is for: `guek`, `gak`, `password`, `master` ... */
  readonly purpose: string;
}

/** Where keys are. At rest they are sealed under a master key and bound to their name; a hardware vault fits behind the same face. */
export interface KeyVault {
  /** @throws SecurityError `unknown-key`, `bad-tag` (wrong master key, or a row that was moved). */
  secret(ref: KeyRef): Promise<Uint8Array>;
  /** Stores or replaces secrets, all or none. */
  store(secrets: readonly { readonly ref: KeyRef; readonly secret: Uint8Array }[]): Promise<void>;
  has(ref: KeyRef): Promise<boolean>;
}
