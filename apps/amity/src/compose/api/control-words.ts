import type { Zone } from "@amity/intervals";
import type { Commodity, EndDeviceControl, KeyControl, PushSchedule } from "@amity/model";

/** What a control asks of a meter, in a sentence without its full stop: whoever approves it reads nothing else. Times are of `zone`. */
export function controlWords(control: EndDeviceControl, commodity: Commodity, zone: Zone): string {
  switch (control.kind) {
    case "disconnect":
      return commodity === "electricity" ? "Disconnect the supply" : "Close the valve";
    case "connect":
      return commodity === "electricity" ? "Connect the supply" : "Open or release the valve";
    case "readRegisters":
      return "Read the registers";
    case "readProfile":
      return `Read the load profile from ${localText(control.fromMs, zone)} to ${localText(control.toMs, zone)}`;
    case "ping":
      return "Ask whether it answers";
    case "setClock":
      return "Set the clock to the head-end's time";
    case "limit":
      return control.watts === undefined
        ? "Lift the limit on the supply"
        : `Limit the supply to ${control.watts.toLocaleString("en")} W; more than that for ${control.overSeconds} s disconnects it`;
    case "tariff":
      return `Count by the calendar "${control.calendar.name}" ${whenWords(control.activateAtMs, zone)}`;
    case "resetDemand":
      return "End the billing period and begin the demand maxima anew";
    case "token":
      return `Enter the token ${control.token}`;
    case "changeKeys":
    case "renewCertificate":
      return keyWords(control);
    case "updateFirmware":
      return `Install firmware ${control.image}, to run ${whenWords(control.activateAtMs, zone)}`;
    case "setPushSchedule":
      return pushWords(control.schedule);
    case "message":
      return control.text === "" ? "Clear the display's message" : `Show "${control.text}" on the customer's display`;
  }
}

function whenWords(activateAtMs: number | undefined, zone: Zone): string {
  return activateAtMs === undefined ? "at once" : `from ${localText(activateAtMs, zone)} on`;
}

function keyWords(control: KeyControl): string {
  if (control.kind === "changeKeys") return control.by === "transfer" ? "Give the meter new keys" : "Agree with the meter on new keys";
  return `Renew the meter's certificate for ${control.usage === "key-agreement" ? "key agreement" : "signatures"}`;
}

function pushWords({ registers, destination, transport, times, window, spreadSeconds }: PushSchedule): string {
  if (times.length === 0) return `Push nothing by schedule any more, and ${registers.join(", ")} to ${destination} when told to`;
  const within = window === undefined ? "" : `, from ${window.from} to ${window.to} only`;
  const spread = spreadSeconds === 0 ? "" : `, each up to ${spreadSeconds} s later`;
  return `Push ${registers.join(", ")} to ${destination} (${transport}) at ${times.join(", ")} of the meter's clock${within}${spread}`;
}

/** `2026-12-01 00:00 (Australia/Sydney)`. */
function localText(instantMs: number, zone: Zone): string {
  const local = new Date(instantMs + zone.offsetMsAt(instantMs)).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)} (${zone.name})`;
}
