import { UsageError } from "@amity/bytes";
import type { AssociationDefinition, CompiledModel, ObjectDefinition, ObjectModel } from "./cosem-device.ts";

/** Indexes a model once, for all meters that share it. @throws UsageError for two objects of one name or two associations of one client. */
export function compileModel(model: ObjectModel): CompiledModel {
  const byName = new Map<string, ObjectDefinition>();
  for (const object of model.objects) {
    if (byName.has(object.instanceId)) throw new UsageError(`${object.instanceId} is defined twice`, { code: "duplicate" });
    byName.set(object.instanceId, object);
  }
  const byClient = new Map<number, AssociationDefinition>();
  for (const association of model.associations) {
    if (byClient.has(association.clientSap))
      throw new UsageError(`client ${association.clientSap} is defined twice`, { code: "duplicate" });
    byClient.set(association.clientSap, association);
  }
  return {
    ...(model.associationVersion === undefined ? {} : { associationVersion: model.associationVersion }),
    ...(model.associationSnVersion === undefined ? {} : { associationSnVersion: model.associationSnVersion }),
    associations: model.associations,
    objects: model.objects,
    association: (clientSap) => byClient.get(clientSap),
    object: (classId, instanceId) => {
      const found = byName.get(instanceId);
      return found?.classId === classId ? found : undefined;
    },
    byName: (instanceId) => byName.get(instanceId),
  };
}
