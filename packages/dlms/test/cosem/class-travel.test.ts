import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { getRequest } from "../../src/apdu/get.ts";
import {
  ACCESS,
  INTERFACE_CLASSES,
  ServerAssociation,
  attributeId,
  compileModel,
  decodeData,
  encodeApdu,
  parseObis,
  readObject,
  type DlmsData,
  type LogicalDevice,
} from "../../src/index.ts";
import { dataOfShape } from "./data-of-shape.ts";

const NAME = parseObis("0-0:96.1.0");
/** The server's own associations stand in its way: objects of these classes are not the meter's to list. */
const OWN_CLASSES = new Set([12, 15]);

describe.each(INTERFACE_CLASSES.map((definition) => [definition.id, definition.version, definition.name, definition] as const))(
  "class %i version %i, %s",
  (id, version, _name, definition) => {
    const fields = Object.entries(definition.attributes);
    const sent = fc.tuple(...fields.map(([, shape]) => dataOfShape(shape.type)));

    test("comes back from its values as the book writes them", () => {
      fc.assert(
        fc.property(sent, (values) => {
          for (const [index, [, shape]] of fields.entries()) {
            const value = values[index] ?? { type: "null-data" };
            expect(shape.encode(shape.decode(value))).toEqual(value);
          }
        }),
        { numRuns: 10 },
      );
    });

    test.skipIf(OWN_CLASSES.has(id))("is read from a server, every attribute typed", async () => {
      await fc.assert(
        fc.asyncProperty(sent, async (values) => {
          const server = serverOf(
            id,
            version,
            new Map(fields.map(([field], index) => [attributeId(definition, field) ?? 0, values[index] ?? { type: "null-data" }])),
          );
          const received = new Map<number, DlmsData>();
          for (let attribute = 2; attribute < fields.length + 2; attribute++) {
            const request = encodeApdu(0xc0, getRequest, {
              kind: "normal",
              value: {
                invokeIdAndPriority: 0xc1,
                attribute: { classId: id, instanceId: NAME, attributeId: attribute },
                selection: undefined,
              },
            });
            const { answer } = await server.handle(request);
            expect(answer?.slice(0, 4)).toEqual(Uint8Array.of(0xc4, 1, 0xc1, 0));
            received.set(attribute, decodeData((answer ?? new Uint8Array(0)).slice(4)));
          }
          const object = readObject(definition, received);
          expect(object.raw).toEqual([]);
          expect(Object.keys(object.values)).toEqual(fields.map(([field]) => field));
        }),
        { numRuns: 3 },
      );
    });
  },
);

function serverOf(classId: number, version: number, values: ReadonlyMap<number, DlmsData>): ServerAssociation {
  const model = compileModel({
    associations: [{ clientSap: 1, role: "reader", mechanism: "none", preEstablished: true, maxPduOctets: 65_535 }],
    objects: [
      { classId, version, instanceId: NAME, attributes: [...values.keys()].map((id) => ({ id, access: { reader: ACCESS.read } })) },
    ],
  });
  const device: LogicalDevice = {
    model,
    systemTitle: new TextEncoder().encode("AMY00001"),
    read: (attribute) => {
      const data = values.get(attribute.attributeId);
      return data === undefined ? { kind: "refused", result: "object-undefined" } : { kind: "data", data };
    },
    write: () => "read-write-denied",
    invoke: () => ({ kind: "refused", result: "object-undefined" }),
  };
  return new ServerAssociation(device, { clientSap: 1, serverSap: 1, randomBytes: (length) => new Uint8Array(length) });
}
