import { DecodeError, latin1Text, toHex } from "@amity/bytes";
import { accessClasses, data, parseObis, type DlmsData, type InvokeOutcome, type ReadOutcome } from "@amity/dlms";
import { IMAGE_BLOCK_OCTETS, type ImageTransfer } from "./image-transfer.ts";
import { READ_REFUSED, RIGHTS, attributes, value, type MeterObject, type ObjectContext } from "./meter-object.ts";

const METHODS = { initiate: 1, transferBlock: 2, verify: 3, activate: 4 } as const;
const ENABLED = 5;

/** Class 18 Image transfer, 0-0:44.0.0: a new firmware in blocks, verified, then activated. */
export function imageTransferObject(): MeterObject {
  return {
    definition: {
      classId: 18,
      version: 0,
      instanceId: parseObis("0-0:44.0.0"),
      attributes: attributes(RIGHTS.firmwareReads, 7).map((one) => (one.id === ENABLED ? { ...one, access: RIGHTS.firmwareWrites } : one)),
      methods: Object.values(METHODS).map((id) => ({ id, access: RIGHTS.firmwareInvokes })),
    },
    read(attributeId, { image, meter }) {
      // A schedule activates behind the transfer's back: nothing is staged any more then.
      if (image.canActivate && meter.functionsIfAny?.stagedFirmware === undefined && meter.firmware === firmwareOf(image))
        image.activated();
      return readImage(attributeId, image);
    },
    write(attributeId, enabled, { image }) {
      if (attributeId !== ENABLED) return Promise.resolve("read-write-denied");
      if (enabled.type !== "boolean") return Promise.resolve("type-unmatched");
      image.isEnabled = enabled.value;
      return Promise.resolve("success");
    },
    invoke: invokeImage,
  };
}

function readImage(attributeId: number, image: ImageTransfer): ReadOutcome {
  switch (attributeId) {
    case 2:
      return value(data.doubleLongUnsigned(IMAGE_BLOCK_OCTETS));
    case 3:
      return value(data.bits(image.blockCount, blockBits(image)));
    case 4:
      return value(data.doubleLongUnsigned(image.firstMissingBlock));
    case ENABLED:
      return value(data.boolean(image.isEnabled));
    case 6:
      return value(data.enumerated(image.state));
    case 7: {
      if (!image.canActivate) return value(data.array());
      const { size, identifier, signature } = image;
      return value(data.array(data.structure(data.doubleLongUnsigned(size), data.octets(identifier), data.octets(signature.slice()))));
    }
    default:
      return READ_REFUSED.undefined;
  }
}

/** Block 0 is the first, most significant bit. */
function blockBits(image: ImageTransfer): Uint8Array {
  const bits = new Uint8Array(Math.ceil(image.blockCount / 8));
  for (let block = 0; block < image.blockCount; block++) {
    if (image.hasBlock(block)) bits[block >> 3] = (bits[block >> 3] ?? 0) | (0x80 >> (block & 7));
  }
  return bits;
}

const DONE: InvokeOutcome = { kind: "done" };
const REFUSED: InvokeOutcome = { kind: "refused", result: "other-reason" };

async function invokeImage(methodId: number, parameters: DlmsData | undefined, context: ObjectContext): Promise<InvokeOutcome> {
  const { image } = context;
  const given = parameters ?? data.nothing;
  try {
    switch (methodId) {
      case METHODS.initiate: {
        const { imageIdentifier, imageSize } = accessClasses.imageTransfer.methods.imageTransferInitiate.decode(given);
        return image.initiate(imageIdentifier, imageSize) ? DONE : REFUSED;
      }
      case METHODS.transferBlock: {
        const { imageBlockNumber, imageBlockValue } = accessClasses.imageTransfer.methods.imageBlockTransfer.decode(given);
        return image.takeBlock(imageBlockNumber, imageBlockValue) ? DONE : REFUSED;
      }
      case METHODS.verify:
        return await verify(context);
      case METHODS.activate:
        return await activate(context);
      default:
        return { kind: "refused", result: "object-undefined" };
    }
  } catch (error) {
    if (error instanceof DecodeError) return { kind: "refused", result: "type-unmatched" };
    throw error;
  }
}

/** What is verified waits for its activation, by method 4 or by the schedule 0-0:15.0.2. */
async function verify(context: ObjectContext): Promise<InvokeOutcome> {
  const { image, nowMs, meter } = context;
  if (!image.verify()) return REFUSED;
  const firmware = firmwareOf(image);
  if (meter.functions.stagedFirmware !== firmware) await context.perform({ kind: "stageFirmware", atMs: nowMs, firmware });
  return DONE;
}

/** The firmware takes its name from the image's identifier. */
function firmwareOf({ identifier }: ImageTransfer): string {
  const text = latin1Text(identifier);
  return /^[\x20-\x7e]+$/.test(text) ? text : toHex(identifier);
}

async function activate(context: ObjectContext): Promise<InvokeOutcome> {
  const { image, nowMs } = context;
  if (!image.canActivate) return REFUSED;
  if (!(await context.perform({ kind: "activateFirmware", atMs: nowMs, firmware: firmwareOf(image) })))
    return { kind: "refused", result: "temporary-failure" };
  image.activated();
  return DONE;
}
