import type { TelegramContent } from "../telegram/telegram.ts";
import type { P1Meter } from "./p1-meter.ts";
import { P1_FORMS, type P1Form } from "./telegram-forms.ts";

/** A telegram in the prescribed formats and order of a form. @throws UsageError `out-of-range` for what does not fit in them. */
export function meterTelegram(meter: P1Meter, form: P1Form = "5"): TelegramContent {
  const { hasCrc, parts } = P1_FORMS[form];
  const { manufacturer, identifier } = meter;
  return { manufacturer, identifier, dataSets: parts.flatMap((part) => part(meter)), hasCrc };
}
