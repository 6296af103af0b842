import { SecurityError, decodeAll } from "@amity/bytes";
import { BlockTransfer } from "../apdu/block-transfer.ts";
import { GENERAL_BLOCK_TRANSFER_TAG, GENERAL_GLOBAL_TAG, generalCiphered } from "../apdu/ciphered.ts";
import type { Notification } from "../client/dlms-client.ts";
import { confirmationOf, isNotification, readNotification } from "../client/notifications.ts";
import { checkCounter } from "../security/counters.ts";
import { encryptionKeyOf, securityHeaderOf, unprotect } from "../security/protect.ts";
import type { Protection, ReceivedCounter, SecurityKeys, SecuritySuite } from "../security/security-options.ts";

/** What a receiver knows of one sender. */
export interface PushSender {
  readonly keys: SecurityKeys;
  /** The last counter taken from this sender; without it a replay is not noticed. */
  readonly received?: ReceivedCounter;
  /** What its pushes must have; absent: any. Many consumer ports only encrypt, which proves nothing about the sender. */
  readonly protection?: Protection;
}

export interface PushReceiverOptions {
  /** The sender by its system title (eight octets); `undefined`: not known, its ciphered pushes are refused. */
  senderOf(systemTitle: Uint8Array): PushSender | undefined;
  /** Largest push put together from blocks (octets), default 64 Ki. */
  readonly messageOctetsMax?: number;
}

/** One whole push. */
export interface Push {
  /** Deciphered. */
  readonly plain: Uint8Array;
  /** Absent where what was pushed is no notification (Luxembourg sends a telegram of text). */
  readonly notification?: Notification;
  /** What the sender waits for, in the clear: send it when the push is safe. */
  readonly confirmation?: Uint8Array;
  /** Of the sender, where it was ciphered. */
  readonly systemTitle?: Uint8Array;
  readonly protection?: Protection;
}

const MESSAGE_OCTETS_MAX = 64 * 1024;

/**
 * Takes what meters send of themselves, outside any association: data-notification, event-notification, information-report,
 * in the clear or under general-glo-ciphering, whole or in blocks. One object serves one sender's link.
 */
export class PushReceiver {
  readonly #options: PushReceiverOptions;
  #transfer: BlockTransfer | undefined;

  constructor(options: PushReceiverOptions) {
    this.#options = options;
  }

  /** `undefined`: blocks are still to come. @throws DecodeError; SecurityError `no-key`, `bad-tag`, `replay`, `downgrade`. */
  receive(apdu: Uint8Array): Push | undefined {
    const tag = apdu[0];
    if (tag === GENERAL_BLOCK_TRANSFER_TAG) {
      // A push starts with block 1 whatever became of the one before.
      if (this.#transfer === undefined || (apdu[2] === 0 && apdu[3] === 1)) this.#transfer = this.#newTransfer();
      const { message } = this.#transfer.receive(apdu);
      return message === undefined ? undefined : this.receive(message);
    }
    if (tag === GENERAL_GLOBAL_TAG) return this.#open(apdu);
    return { plain: apdu, ...readPush(apdu) };
  }

  #newTransfer(): BlockTransfer {
    return new BlockTransfer({ sendOctetsMax: 64, window: 63, messageOctetsMax: this.#options.messageOctetsMax ?? MESSAGE_OCTETS_MAX });
  }

  #open(apdu: Uint8Array): Push {
    const { systemTitle, content } = decodeAll(generalCiphered, apdu.subarray(1), "general-glo-ciphering");
    const sender = this.#options.senderOf(systemTitle);
    if (sender === undefined)
      throw new SecurityError("a push from a sender that is not known", { code: "no-key", advice: "enter the meter's key" });
    const header = securityHeaderOf(content);
    if (sender.protection !== undefined && header.protection !== sender.protection && header.protection !== "authenticated-encrypted") {
      throw new SecurityError("the push is less protected than this sender's must be", { code: "downgrade" });
    }
    if (header.suite > 2) throw new SecurityError(`security suite ${header.suite} is not known`, { code: "wrong-suite" });
    const plain = unprotect(
      {
        suite: header.suite as SecuritySuite,
        encryptionKey: encryptionKeyOf(sender.keys, header.broadcast),
        authenticationKey: sender.keys.authenticationKey,
        systemTitle,
      },
      content,
    );
    if (sender.received !== undefined) {
      checkCounter(sender.received, header.invocationCounter);
      sender.received.accept(header.invocationCounter);
    }
    const shared = { plain, systemTitle, ...(header.protection === undefined ? {} : { protection: header.protection }) };
    return { ...shared, ...readPush(plain) };
  }
}

function readPush(plain: Uint8Array): Pick<Push, "notification" | "confirmation"> {
  if (!isNotification(plain)) return {};
  const notification = readNotification(plain);
  const confirmation = confirmationOf(notification);
  return confirmation === undefined ? { notification } : { notification, confirmation };
}
