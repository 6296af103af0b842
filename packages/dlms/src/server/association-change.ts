import type { Obis } from "../data/obis.ts";

/** One user of an association's user list (class 15 since version 2): known by calling-AE-invocation-id. */
export interface AssociationUser {
  /** 0 to 255. */
  readonly id: number;
  readonly name: Uint8Array;
}

/** Rights of an object in one association, by attribute and method number, as bits of `ACCESS`; what is not named has none. */
export interface ObjectRightsBits {
  readonly attributes: ReadonlyMap<number, number>;
  readonly methods: ReadonlyMap<number, number>;
}

/** What clients changed of an association since its model was made. */
export interface AssociationChanges {
  readonly objects: ReadonlyMap<Obis, ObjectRightsBits | "removed">;
  /** Empty: any user may associate. */
  readonly users: readonly AssociationUser[];
}

/** One change: an object on or off the list (class 15, methods 3 and 4), a user on or off it (5 and 6). */
export type AssociationChange =
  | { readonly kind: "addObject"; readonly instanceId: Obis; readonly rights: ObjectRightsBits }
  | { readonly kind: "removeObject"; readonly instanceId: Obis }
  | { readonly kind: "addUser"; readonly user: AssociationUser }
  | { readonly kind: "removeUser"; readonly id: number };
