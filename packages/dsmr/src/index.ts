export {
  CounterGuard,
  openCiphered,
  readCipheredFrame,
  sealCiphered,
  type CipheredFrame,
  type OpenedFrame,
  type P1Keys,
} from "./ciphered/ciphered-frame.ts";
export * from "./client/listen-p1.ts";
export * from "./decode-bench.ts";
export * from "./explain/explain.ts";
export { HAN_FORMS, HAN_LISTS, type HanFormName, type HanList } from "./han/han-form.ts";
export * from "./han/han-list.ts";
export * from "./han/serve-han.ts";
export * from "./han/write-han-list.ts";
export * from "./server/meter-telegram.ts";
export type * from "./server/p1-meter.ts";
export * from "./server/serve-p1.ts";
export { P1_FORMS, type P1Form, type TelegramForm } from "./server/telegram-forms.ts";
export * from "./telegram/p1-reading.ts";
export * from "./telegram/p1-time.ts";
export * from "./telegram/telegram-assembler.ts";
export { decodeTelegram, encodeTelegram, type P1Crc, type Telegram, type TelegramContent } from "./telegram/telegram.ts";
