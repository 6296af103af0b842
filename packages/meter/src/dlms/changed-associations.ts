import { fromHex, toHex } from "@amity/bytes";
import { parseObis, withChange, type AssociationChange, type AssociationChanges } from "@amity/dlms";
import type { ChangedAssociation } from "../metrology/meter-functions.ts";
import type { KeptAssociationChange } from "../metrology/operations.ts";
import type { SimulatedMeter } from "../simulated-meter.ts";

/** Changes that a meter keeps: a client that changes on and on does not fill its memory. */
const CHANGES_MAX = 1_024;

/** The changes of one association, put together once for as long as there are no more. */
const PUT_TOGETHER = new WeakMap<readonly ChangedAssociation[], Map<string, AssociationChanges | undefined>>();

/** What clients changed of the association of a client with a logical device; `undefined`: nothing. */
export function changesOfAssociation(meter: SimulatedMeter, serverSap: number, clientSap: number): AssociationChanges | undefined {
  const all = meter.functionsIfAny?.associationChanges ?? [];
  if (all.length === 0) return undefined;
  let known = PUT_TOGETHER.get(all);
  if (known === undefined) PUT_TOGETHER.set(all, (known = new Map()));
  const key = `${serverSap}/${clientSap}`;
  if (!known.has(key)) known.set(key, putTogether(all.filter((one) => one.serverSap === serverSap && one.clientSap === clientSap)));
  return known.get(key);
}

function putTogether(changes: readonly ChangedAssociation[]): AssociationChanges | undefined {
  return changes.reduce<AssociationChanges | undefined>((now, { change }) => withChange(now, changeOf(change)) ?? now, undefined);
}

/** A change as it is kept; `undefined`: it cannot be made, or it is one too many. */
export function keptChange(
  meter: SimulatedMeter,
  { serverSap, clientSap, change }: { readonly serverSap: number; readonly clientSap: number; readonly change: AssociationChange },
): KeptAssociationChange | undefined {
  if ((meter.functionsIfAny?.associationChanges.length ?? 0) >= CHANGES_MAX) return undefined;
  if (withChange(changesOfAssociation(meter, serverSap, clientSap), change) === undefined) return undefined;
  switch (change.kind) {
    case "addObject": {
      const { attributes, methods } = change.rights;
      return { what: "addObject", object: change.instanceId, attributes: [...attributes], methods: [...methods] };
    }
    case "removeObject":
      return { what: "removeObject", object: change.instanceId };
    case "addUser":
      return { what: "addUser", id: change.user.id, name: toHex(change.user.name) };
    case "removeUser":
      return { what: "removeUser", id: change.id };
  }
}

function changeOf(kept: KeptAssociationChange): AssociationChange {
  switch (kept.what) {
    case "addObject": {
      const rights = { attributes: new Map(kept.attributes), methods: new Map(kept.methods) };
      return { kind: "addObject", instanceId: parseObis(kept.object), rights };
    }
    case "removeObject":
      return { kind: "removeObject", instanceId: parseObis(kept.object) };
    case "addUser":
      return { kind: "addUser", user: { id: kept.id, name: fromHex(kept.name) } };
    case "removeUser":
      return { kind: "removeUser", id: kept.id };
  }
}
