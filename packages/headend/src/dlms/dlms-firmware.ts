import { latin1Text, toHex } from "@amity/bytes";
import { COSEM_CLASS } from "@amity/concentrator";
import { accessClasses, data, encodeData, parseObis, timeClasses, type ActionOutcome, type BitString, type DlmsData } from "@amity/dlms";
import type { Timers } from "@amity/runtime";
import type { FirmwareStanding, FirmwareWish, MeterAnswer, MeterFirmware } from "../driver.ts";
import { identificationOctets, type FirmwareImage } from "../firmware.ts";
import { valueOf, type DlmsExchange } from "./dlms-exchange.ts";
import { meterLocalTime } from "./meter-local-time.ts";

const TRANSFER = { classId: 18, instanceId: parseObis("0-0:44.0.0") } as const;
const ACTIVE_FIRMWARE = parseObis("1-0:0.2.0");
/** The single action schedule that activates what was verified, and its list of times. */
const ACTIVATION_TIMES = { classId: 22, instanceId: parseObis("0-0:15.0.2"), attributeId: 4 } as const;
const ATTRIBUTES = { blockSize: 2, bitmap: 3, firstMissing: 4, isEnabled: 5, status: 6, toActivate: 7 } as const;
const METHODS = { initiate: 1, block: 2, verify: 3, activate: 4 } as const;
/** image_transfer_status (Blue Book, class 18). */
const STATUS = {
  initiated: 1,
  verifying: 2,
  verified: 3,
  verificationFailed: 4,
  activating: 5,
  activated: 6,
  activationFailed: 7,
} as const;

const BLOCK_OCTETS_MAX = 65_535;
/** Blocks that are missing after all were sent are sent again, this often. */
const ROUNDS_MAX = 3;
/** What a meter needs for verification and activation, machine time; looked at this often. */
const PATIENCE_MS = 300_000;
const LOOK_MS = 2_000;
/** One session sends blocks for so long, machine time; then collection has its turn, and another session goes on. */
const DEFAULT_SLICE_MS = 600_000;
/** Steps told while blocks are sent. */
const STEPS_TOLD = 10;

type Tell = (step: string) => Promise<void>;

/** Whether all blocks went out, or this session's time was over before. */
type Brought = "all" | "leftOff";

interface Sending {
  /** Machine time at which it is left off. */
  readonly untilMs: number;
  readonly tell: Tell;
}

/**
 * Image transfer (class 18, Blue Book 4.4.6): begun or gone on with from the meter's bitmap, verified, activated by method 4 or by the
 * schedule 0-0:15.0.2. Blocks that came before are not sent again. A transfer that was gone on with and is not verified is begun anew once:
 * the meter does not tell whose blocks it holds. A transfer that takes long is left off and gone on with in another session.
 */
export class DlmsFirmware implements MeterFirmware {
  readonly #exchange: DlmsExchange;
  readonly #timers: Timers;
  readonly #sliceMs: number;
  /** In this session: what the meter says of an activation is said of this image. */
  #hasActivated = false;

  constructor(exchange: DlmsExchange, timers: Timers, sliceMs = DEFAULT_SLICE_MS) {
    this.#exchange = exchange;
    this.#timers = timers;
    this.#sliceMs = sliceMs;
  }

  async update({ image, activateAtMs }: FirmwareWish, tell: Tell): Promise<MeterAnswer<void>> {
    const running = await this.#running();
    if (running === image.firmware) return DONE;
    const enabled = await this.#enable();
    if (enabled.kind === "refused") return enabled;
    if (!(await this.#isStaged(image))) {
      const brought = await this.#bring(image, tell);
      if (brought.kind === "refused") return brought;
      if (brought.value === "leftOff") return DONE;
    }
    return activateAtMs === undefined ? this.#activate(tell) : this.#schedule(activateAtMs, tell);
  }

  async check({ image, activateAtMs }: FirmwareWish): Promise<MeterAnswer<FirmwareStanding>> {
    const firmware = await this.#running();
    const also = firmware === undefined ? {} : { firmware };
    const standing = (stage: FirmwareStanding["stage"], text: string): MeterAnswer<FirmwareStanding> => {
      return { kind: "done", value: { stage, text, ...also } };
    };
    if (firmware === image.firmware) return standing("inForce", `firmware ${firmware} runs`);
    const status = await this.#number(ATTRIBUTES.status);
    if (status === undefined) return { kind: "refused", reason: "the meter does not tell how its image transfer stands" };
    if (status === STATUS.activating) return standing("underWay", "the meter activates the image");
    if (status === STATUS.verifying) return standing("underWay", "the meter verifies the image");
    if (this.#hasActivated && status === STATUS.activated)
      return standing(
        "failed",
        `the image was activated, but the meter calls its firmware ${firmware ?? "nothing"}, not ${image.firmware}`,
      );
    if (this.#hasActivated && status === STATUS.activationFailed) return standing("failed", "the meter could not activate the image");
    if (await this.#isStaged(image)) {
      if (activateAtMs === undefined) return standing("partial", "the image is verified, and not active yet");
      const isSet = await this.#isScheduled(activateAtMs);
      return isSet
        ? standing("scheduled", `image ${image.identification} is verified and becomes active ${new Date(activateAtMs).toISOString()}`)
        : standing("partial", "the image is verified, and its time is not set yet");
    }
    const blocks = status === STATUS.initiated ? await this.#blocksHeld() : undefined;
    return standing(
      "partial",
      blocks === undefined ? "the meter holds no block of it" : `${blocks.held} of ${blocks.all} blocks are in the meter`,
    );
  }

  /** Whether the image is there and verified. */
  async #isStaged(image: FirmwareImage): Promise<boolean> {
    if ((await this.#number(ATTRIBUTES.status)) !== STATUS.verified) return false;
    const answer = await this.#get(ATTRIBUTES.toActivate);
    if (answer === undefined) return false;
    const wanted = toHex(identificationOctets(image.identification));
    return accessClasses.imageTransfer.attributes.imageToActivateInfo
      .decode(answer)
      .some(
        ({ imageSize, imageIdentification, imageSignature }) =>
          imageSize === image.size &&
          toHex(imageIdentification) === wanted &&
          (image.signature === undefined || toHex(imageSignature) === image.signature),
      );
  }

  async #enable(): Promise<MeterAnswer<void>> {
    const isEnabled = await this.#get(ATTRIBUTES.isEnabled);
    if (isEnabled === undefined) return { kind: "refused", reason: "the meter shows no image transfer" };
    if (isEnabled.type !== "boolean" || isEnabled.value) return DONE;
    await this.#exchange.reserve();
    const result = await this.#exchange.client.set({ ...TRANSFER, attributeId: ATTRIBUTES.isEnabled }, data.boolean(true));
    return result === "success" ? DONE : { kind: "refused", reason: `image transfer is disabled, and stays so: ${result}` };
  }

  /** Brings all blocks there and has them verified, or leaves off when its time is over. */
  async #bring(image: FirmwareImage, tell: Tell): Promise<MeterAnswer<Brought>> {
    const untilMs = this.#timers.elapsedMs() + this.#sliceMs;
    const blockOctets = await this.#number(ATTRIBUTES.blockSize);
    if (blockOctets === undefined || blockOctets < 1 || blockOctets > BLOCK_OCTETS_MAX)
      return { kind: "refused", reason: `the meter asks for blocks of ${blockOctets ?? "unknown"} octets` };
    const blocks = new ImageBlocks(image.octets, blockOctets);
    const known = await this.#goneOnWith(blocks);
    if (known !== undefined) {
      await tell(`going on: the meter has ${blocks.count - known.length} of ${blocks.count} blocks`);
      const sent = await this.#sendMissing(blocks, { first: known, untilMs, tell });
      if (sent.kind === "refused" || sent.value === "leftOff") return sent;
      const verified = await this.#verify(image, tell);
      if (verified.kind === "done") return sent;
      await tell(`${verified.reason}: beginning anew, some blocks may have been another image's`);
    }
    const begun = await this.#act(METHODS.initiate, this.#initiation(image), "the transfer");
    if (begun.kind === "refused") return begun;
    await tell(`transfer of ${image.size} octets begun: ${blocks.count} blocks of ${blockOctets}`);
    const sent = await this.#sendMissing(blocks, { first: blocks.numbers(), untilMs, tell });
    if (sent.kind === "refused" || sent.value === "leftOff") return sent;
    const verified = await this.#verify(image, tell);
    return verified.kind === "refused" ? verified : sent;
  }

  #initiation({ identification, size }: FirmwareImage): DlmsData {
    return data.structure(data.octets(identificationOctets(identification)), data.doubleLongUnsigned(size));
  }

  /** The blocks that a transfer of so many blocks still lacks; `undefined` where none of that form is under way. */
  async #goneOnWith(blocks: ImageBlocks): Promise<readonly number[] | undefined> {
    if ((await this.#number(ATTRIBUTES.status)) !== STATUS.initiated) return undefined;
    const bitmap = await this.#get(ATTRIBUTES.bitmap);
    if (bitmap?.type !== "bit-string" || bitmap.value.bitLength !== blocks.count) return undefined;
    const missing = missingOf(bitmap.value);
    return missing.length === blocks.count ? undefined : missing;
  }

  async #sendMissing(
    blocks: ImageBlocks,
    { first, untilMs, tell }: Sending & { readonly first: readonly number[] },
  ): Promise<MeterAnswer<Brought>> {
    let missing = first;
    for (let round = 1; missing.length > 0; round++) {
      if (round > ROUNDS_MAX)
        return { kind: "refused", reason: `${missing.length} blocks were sent ${ROUNDS_MAX} times and are still missing` };
      const sent = await this.#send(blocks, missing, { untilMs, tell });
      if (sent.kind === "refused" || sent.value === "leftOff") return sent;
      const firstMissing = await this.#number(ATTRIBUTES.firstMissing);
      if (firstMissing === undefined || firstMissing >= blocks.count) break;
      const bitmap = await this.#get(ATTRIBUTES.bitmap);
      missing = bitmap?.type === "bit-string" ? missingOf(bitmap.value) : blocks.numbers().slice(firstMissing);
    }
    return { kind: "done", value: "all" };
  }

  async #send(blocks: ImageBlocks, numbers: readonly number[], { untilMs, tell }: Sending): Promise<MeterAnswer<Brought>> {
    const there = blocks.count - numbers.length;
    const every = Math.ceil(blocks.count / STEPS_TOLD);
    for (const [index, number] of numbers.entries()) {
      if (index > 0 && this.#timers.elapsedMs() >= untilMs) return { kind: "done", value: "leftOff" };
      const block = data.structure(data.doubleLongUnsigned(number), data.octets(blocks.block(number)));
      const taken = await this.#act(METHODS.block, block, `block ${number} of ${blocks.count}`);
      if (taken.kind === "refused") return taken;
      const done = there + index + 1;
      if (done % every === 0 || index === numbers.length - 1) await tell(`${done} of ${blocks.count} blocks sent`);
    }
    return { kind: "done", value: "all" };
  }

  async #verify(image: FirmwareImage, tell: Tell): Promise<MeterAnswer<void>> {
    const asked = await this.#exchange
      .reserve()
      .then(() => this.#exchange.client.action({ ...TRANSFER, methodId: METHODS.verify }, data.integer(0)));
    // A meter that needs longer says temporary-failure, and goes on.
    const status = await this.#settled(STATUS.verifying);
    if (status !== STATUS.verified) {
      const why = asked.kind === "refused" ? `: ${asked.result}` : "";
      return {
        kind: "refused",
        reason: status === STATUS.verifying ? "the meter does not end its verification" : `the image is not verified${why}`,
      };
    }
    if (!(await this.#isStaged(image)))
      return { kind: "refused", reason: "the meter verified another image than this: its identification, size or signature differ" };
    await tell("verified by the meter");
    return DONE;
  }

  async #activate(tell: Tell): Promise<MeterAnswer<void>> {
    await tell("activating");
    await this.#exchange.reserve();
    const asked: ActionOutcome = await this.#exchange.client.action({ ...TRANSFER, methodId: METHODS.activate }, data.integer(0));
    const status = await this.#settled(STATUS.activating);
    if (asked.kind === "refused" && status !== STATUS.activating && status !== STATUS.activated)
      return { kind: "refused", reason: `activation: ${asked.result}` };
    this.#hasActivated = true;
    return DONE;
  }

  async #schedule(activateAtMs: number, tell: Tell): Promise<MeterAnswer<void>> {
    const times = await this.#activationTimes(activateAtMs);
    if (times.kind === "refused") return times;
    await this.#exchange.reserve();
    const result = await this.#exchange.client.set(ACTIVATION_TIMES, times.value);
    if (result !== "success") return { kind: "refused", reason: `the time of activation: ${result}` };
    await tell("the time of activation is set");
    return DONE;
  }

  async #isScheduled(activateAtMs: number): Promise<boolean> {
    const wanted = await this.#activationTimes(activateAtMs);
    const held = await this.#exchange.get(ACTIVATION_TIMES);
    return wanted.kind === "done" && held.kind === "done" && toHex(encodeData(wanted.value)) === toHex(encodeData(held.value));
  }

  /** One time, once: in the local time of the meter's clock. */
  async #activationTimes(activateAtMs: number): Promise<MeterAnswer<DlmsData>> {
    const local = await meterLocalTime(this.#exchange, activateAtMs);
    if (local.kind === "refused") return local;
    const at = new Date(local.value);
    const time = { hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds(), hundredths: 0 };
    const date = { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, dayOfMonth: at.getUTCDate(), dayOfWeek: undefined };
    return { kind: "done", value: timeClasses.singleActionSchedule.attributes.executionTime.encode([{ time, date }]) };
  }

  /** The status once it is no longer this one, or the last that was seen where the meter takes too long. */
  async #settled(passing: number): Promise<number | undefined> {
    const untilMs = this.#timers.elapsedMs() + PATIENCE_MS;
    for (;;) {
      const status = await this.#number(ATTRIBUTES.status);
      if (status !== passing || this.#timers.elapsedMs() >= untilMs) return status;
      await this.#timers.sleep(LOOK_MS);
    }
  }

  async #blocksHeld(): Promise<{ readonly held: number; readonly all: number } | undefined> {
    const bitmap = await this.#get(ATTRIBUTES.bitmap);
    if (bitmap?.type !== "bit-string") return undefined;
    const all = bitmap.value.bitLength;
    return { held: all - missingOf(bitmap.value).length, all };
  }

  async #act(methodId: number, parameters: DlmsData, what: string): Promise<MeterAnswer<void>> {
    await this.#exchange.reserve();
    const outcome = await this.#exchange.client.action({ ...TRANSFER, methodId }, parameters);
    return outcome.kind === "done" ? DONE : { kind: "refused", reason: `${what}: ${outcome.result}` };
  }

  async #running(): Promise<string | undefined> {
    const answer = await this.#exchange.get(valueOf(COSEM_CLASS.data, ACTIVE_FIRMWARE));
    if (answer.kind === "refused" || !("value" in answer.value)) return undefined;
    const { value } = answer.value;
    return value instanceof Uint8Array ? latin1Text(value) : typeof value === "string" ? value : undefined;
  }

  async #number(attributeId: number): Promise<number | undefined> {
    const value = await this.#get(attributeId);
    return value !== undefined && "value" in value && typeof value.value === "number" ? value.value : undefined;
  }

  async #get(attributeId: number): Promise<DlmsData | undefined> {
    const answer = await this.#exchange.get({ ...TRANSFER, attributeId });
    return answer.kind === "done" ? answer.value : undefined;
  }
}

const DONE = { kind: "done", value: undefined } as const;

/** Numbers of the blocks that a bitmap lacks; block 0 is the first, most significant bit. */
function missingOf({ bitLength, octets }: BitString): readonly number[] {
  return Array.from({ length: bitLength }, (_, block) => block).filter(
    (block) => ((octets[block >> 3] ?? 0) & (0x80 >> (block & 7))) === 0,
  );
}

/** An image in the blocks that a meter asks for; the last may be shorter. */
class ImageBlocks {
  readonly count: number;
  readonly #octets: Uint8Array;
  readonly #blockOctets: number;

  constructor(octets: Uint8Array, blockOctets: number) {
    this.#octets = octets;
    this.#blockOctets = blockOctets;
    this.count = Math.ceil(octets.length / blockOctets);
  }

  block(number: number): Uint8Array {
    return this.#octets.subarray(number * this.#blockOctets, (number + 1) * this.#blockOctets);
  }

  numbers(): readonly number[] {
    return Array.from({ length: this.count }, (_, number) => number);
  }
}
