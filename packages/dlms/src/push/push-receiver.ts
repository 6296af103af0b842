import { BlockTransfer } from "../apdu/block-transfer.ts";
import { GENERAL_BLOCK_TRANSFER_TAG } from "../apdu/ciphered.ts";
import type { Notification } from "../client/dlms-client.ts";
import { confirmationOf, isNotification, readNotification } from "../client/notifications.ts";
import { SecureChannel } from "../security/secure-channel.ts";
import type { Protection } from "../security/security-options.ts";
import { isProtectedPush, openPush, type OpenedPush, type PushSender } from "./open-push.ts";

export interface PushReceiverOptions {
  /** The sender by its system title (eight octets); `undefined`: not known, its protected pushes are refused. */
  senderOf(systemTitle: Uint8Array): PushSender | undefined;
  /** Our own system title: pushes for somebody else are refused, and confirmations can go out protected. */
  readonly systemTitle?: Uint8Array;
  /** Largest push put together from blocks (octets), default 64 Ki. */
  readonly messageOctetsMax?: number;
}

/** One whole push. */
export interface Push {
  /** Deciphered. */
  readonly plain: Uint8Array;
  /** Absent where what was pushed is no notification (Luxembourg sends a telegram of text). */
  readonly notification?: Notification;
  /**
   * The data-notification-confirm that the sender waits for: send it when the push is safe. Protected as the push was where the receiver has a
   * title and a counter for this sender, in the clear otherwise.
   */
  readonly confirmation?: Uint8Array;
  /** Of the sender, where it was protected. */
  readonly systemTitle?: Uint8Array;
  readonly protection?: Protection;
  /** Its signature was right. */
  readonly isSigned?: boolean;
}

const MESSAGE_OCTETS_MAX = 64 * 1024;

/**
 * Takes what meters send of themselves, outside any association: data-notification, event-notification, information-report,
 * in the clear or under general-glo-ciphering, general-ciphering or general-signing, whole or in blocks. One object serves one sender's link.
 */
export class PushReceiver {
  readonly #options: PushReceiverOptions;
  #transfer: BlockTransfer | undefined;

  constructor(options: PushReceiverOptions) {
    this.#options = options;
  }

  /** `undefined`: blocks are still to come. @throws DecodeError; SecurityError `no-key`, `bad-tag`, `bad-signature`, `replay`, `downgrade`. */
  receive(apdu: Uint8Array): Push | undefined {
    if (apdu[0] === GENERAL_BLOCK_TRANSFER_TAG) {
      // A push starts with block 1 whatever became of the one before.
      if (this.#transfer === undefined || (apdu[2] === 0 && apdu[3] === 1)) this.#transfer = this.#newTransfer();
      const { message } = this.#transfer.receive(apdu);
      return message === undefined ? undefined : this.receive(message);
    }
    if (!isProtectedPush(apdu)) return { plain: apdu, ...readPush(apdu) };
    const opened = openPush(apdu, (title) => this.#options.senderOf(title), this.#options.systemTitle);
    const { plain, systemTitle, form, isSigned } = opened;
    const { notification, confirmation } = readPush(plain);
    return {
      plain,
      systemTitle,
      ...(form === undefined ? {} : { protection: form.protection }),
      ...(isSigned ? { isSigned } : {}),
      ...(notification === undefined ? {} : { notification }),
      ...(confirmation === undefined ? {} : { confirmation: this.#protectConfirmation(confirmation, opened) }),
    };
  }

  #newTransfer(): BlockTransfer {
    const messageOctetsMax = this.#options.messageOctetsMax ?? MESSAGE_OCTETS_MAX;
    return new BlockTransfer({ sendOctetsMax: 64, window: 63, messageOctetsMax, isOneWay: true });
  }

  #protectConfirmation(plain: Uint8Array, { sender, form, isSigned, suite, systemTitle: peer }: OpenedPush): Uint8Array {
    const { systemTitle } = this.#options;
    const { keys, sent } = sender;
    if (form === undefined || systemTitle === undefined || sent === undefined) return plain;
    const channel = new SecureChannel({ suite, systemTitle, keys, sent });
    channel.peerSystemTitle = peer;
    const canSign = isSigned && (keys.elliptic?.sign ?? keys.elliptic?.signingPrivate) !== undefined;
    return channel.protect(plain, canSign ? { ...form, signed: true } : form);
  }
}

function readPush(plain: Uint8Array): Pick<Push, "notification" | "confirmation"> {
  if (!isNotification(plain)) return {};
  const notification = readNotification(plain);
  const confirmation = confirmationOf(notification);
  return confirmation === undefined ? { notification } : { notification, confirmation };
}
