import { ACCESS, compileModel, type CompiledModel } from "@amity/dlms";
import { ACKNOWLEDGE_METHOD, BIND_METHOD, CONCENTRATOR_OBJECTS, ORDER_METHODS } from "./delivery.ts";
import { COSEM_CLASS } from "./profile-description.ts";

/** Client SAPs of the concentrator's own associations. */
export const CONCENTRATOR_CLIENTS = { management: 1, public: 16 } as const;

const everybody = { public: ACCESS.read, management: ACCESS.read } as const;
const headEnd = { management: ACCESS.read } as const;
const value = (classId: number, instanceId: CompiledModel["objects"][number]["instanceId"], access: typeof everybody | typeof headEnd) => ({
  classId,
  version: 0,
  instanceId,
  attributes: [1, 2].map((id) => ({ id, access })),
});

const profile = (instanceId: CompiledModel["objects"][number]["instanceId"], methods: readonly number[]) => ({
  classId: COSEM_CLASS.profile,
  version: 1,
  instanceId,
  attributes: [1, 2, 3, 4, 7, 8].map((id) => ({ id, access: headEnd })),
  methods: methods.map((id) => ({ id, access: { management: ACCESS.invoke } })),
});

/** The concentrator as a COSEM device: who it is and its counter for everybody, everything else for the head-end alone. */
export const CONCENTRATOR_MODEL: CompiledModel = compileModel({
  associations: [
    { clientSap: CONCENTRATOR_CLIENTS.public, role: "public", mechanism: "none", ciphered: false },
    {
      clientSap: CONCENTRATOR_CLIENTS.management,
      role: "management",
      mechanism: "hls-gmac",
      ciphered: true,
      protection: "authenticated-encrypted",
      maxPduOctets: 65_000,
    },
  ],
  objects: [
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.deviceName, everybody),
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.counter, everybody),
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.deviceId, headEnd),
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.firmware, headEnd),
    value(COSEM_CLASS.clock, CONCENTRATOR_OBJECTS.clock, headEnd),
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.deliveryState, headEnd),
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.meters, headEnd),
    value(COSEM_CLASS.data, CONCENTRATOR_OBJECTS.wirelessStrangers, headEnd),
    profile(CONCENTRATOR_OBJECTS.wirelessMeters, [BIND_METHOD]),
    profile(CONCENTRATOR_OBJECTS.orders, Object.values(ORDER_METHODS)),
    {
      classId: COSEM_CLASS.profile,
      version: 1,
      instanceId: CONCENTRATOR_OBJECTS.deliveries,
      attributes: [...[1, 3, 4, 7, 8].map((id) => ({ id, access: headEnd })), { id: 2, access: headEnd, selectors: [1] }],
      methods: [{ id: ACKNOWLEDGE_METHOD, access: { management: ACCESS.invoke } }],
    },
    {
      classId: COSEM_CLASS.profile,
      version: 1,
      instanceId: CONCENTRATOR_OBJECTS.events,
      attributes: [1, 2, 3, 4, 7, 8].map((id) => ({ id, access: headEnd })),
    },
  ],
});
