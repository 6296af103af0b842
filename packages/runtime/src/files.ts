/**
 * Durable storage of a device (the concentrator's flash, a counter file). What `append` and `replace` resolved for
 * survives a crash; what they had not, may or may not. Paths are relative, `/` separates.
 */
export interface Files {
  /** The content, or `undefined` where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Adds to the end and syncs. @throws LinkError code `disk-full`; the file may then end in a torn tail. */
  append(path: string, data: Uint8Array): Promise<void>;
  /** Replaces the whole content atomically and syncs. @throws LinkError code `disk-full`; the old content stays. */
  replace(path: string, data: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names directly below `folder`, sorted. */
  list(folder: string): Promise<string[]>;
}
