import { type CodecValue } from "@amity/bytes";
import { choice } from "../codec/traced.ts";
import { abort, aare, aarq, release } from "../acse/acse.ts";
import { initiateRequest, initiateResponse } from "../acse/initiate.ts";
import { accessRequest, accessResponse } from "./access.ts";
import { actionRequest, actionResponse } from "./action.ts";
import { generalBlockTransfer, generalCiphered, generalCiphering, generalSigning } from "./ciphered.ts";
import { confirmedServiceError, exceptionResponse } from "./exceptions.ts";
import { octetString } from "./fields.ts";
import { getRequest, getResponse } from "./get.ts";
import { dataNotification, dataNotificationConfirm, eventNotification } from "./notification.ts";
import { setRequest, setResponse } from "./set.ts";
import { informationReport, readRequest, readResponse, unconfirmedWriteRequest, writeRequest, writeResponse } from "./short-name.ts";

const ciphered = (tag: number) => ({ tag, codec: octetString });

/** Every APDU of IEC 62056-5-3 by its tag; `{ kind, value }`, nested for the forms of a service. */
export const apdu = choice({
  "initiate-request": { tag: 0x01, codec: initiateRequest },
  "read-request": { tag: 0x05, codec: readRequest },
  "write-request": { tag: 0x06, codec: writeRequest },
  "initiate-response": { tag: 0x08, codec: initiateResponse },
  "read-response": { tag: 0x0c, codec: readResponse },
  "write-response": { tag: 0x0d, codec: writeResponse },
  "confirmed-service-error": { tag: 0x0e, codec: confirmedServiceError },
  "data-notification": { tag: 0x0f, codec: dataNotification },
  "data-notification-confirm": { tag: 0x10, codec: dataNotificationConfirm },
  "unconfirmed-write-request": { tag: 0x16, codec: unconfirmedWriteRequest },
  "information-report": { tag: 0x18, codec: informationReport },
  "glo-initiate-request": ciphered(0x21),
  "glo-read-request": ciphered(0x25),
  "glo-write-request": ciphered(0x26),
  "glo-initiate-response": ciphered(0x28),
  "glo-read-response": ciphered(0x2c),
  "glo-write-response": ciphered(0x2d),
  "glo-confirmed-service-error": ciphered(0x2e),
  "glo-unconfirmed-write-request": ciphered(0x36),
  "glo-information-report": ciphered(0x38),
  "ded-initiate-request": ciphered(0x41),
  "ded-read-request": ciphered(0x45),
  "ded-write-request": ciphered(0x46),
  "ded-initiate-response": ciphered(0x48),
  "ded-read-response": ciphered(0x4c),
  "ded-write-response": ciphered(0x4d),
  "ded-confirmed-service-error": ciphered(0x4e),
  "ded-unconfirmed-write-request": ciphered(0x56),
  "ded-information-report": ciphered(0x58),
  aarq: { tag: 0x60, codec: aarq },
  aare: { tag: 0x61, codec: aare },
  rlrq: { tag: 0x62, codec: release },
  rlre: { tag: 0x63, codec: release },
  abrt: { tag: 0x64, codec: abort },
  "get-request": { tag: 0xc0, codec: getRequest },
  "set-request": { tag: 0xc1, codec: setRequest },
  "event-notification": { tag: 0xc2, codec: eventNotification },
  "action-request": { tag: 0xc3, codec: actionRequest },
  "get-response": { tag: 0xc4, codec: getResponse },
  "set-response": { tag: 0xc5, codec: setResponse },
  "action-response": { tag: 0xc7, codec: actionResponse },
  "glo-get-request": ciphered(0xc8),
  "glo-set-request": ciphered(0xc9),
  "glo-event-notification": ciphered(0xca),
  "glo-action-request": ciphered(0xcb),
  "glo-get-response": ciphered(0xcc),
  "glo-set-response": ciphered(0xcd),
  "glo-action-response": ciphered(0xcf),
  "ded-get-request": ciphered(0xd0),
  "ded-set-request": ciphered(0xd1),
  "ded-event-notification": ciphered(0xd2),
  "ded-action-request": ciphered(0xd3),
  "ded-get-response": ciphered(0xd4),
  "ded-set-response": ciphered(0xd5),
  "ded-action-response": ciphered(0xd7),
  "exception-response": { tag: 0xd8, codec: exceptionResponse },
  "access-request": { tag: 0xd9, codec: accessRequest },
  "access-response": { tag: 0xda, codec: accessResponse },
  "general-glo-ciphering": { tag: 0xdb, codec: generalCiphered },
  "general-ded-ciphering": { tag: 0xdc, codec: generalCiphered },
  "general-ciphering": { tag: 0xdd, codec: generalCiphering },
  "general-signing": { tag: 0xdf, codec: generalSigning },
  "general-block-transfer": { tag: 0xe0, codec: generalBlockTransfer },
});

export type Apdu = CodecValue<typeof apdu>;
export type ApduKind = Apdu["kind"];
