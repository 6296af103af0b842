import type { Command, Control } from "@amity/api";
import type { CommandAudit, CommandRecord } from "@amity/headend";
import type { EndDeviceControl } from "@amity/model";
import { instantText } from "./cursor.ts";

const FINAL: ReadonlySet<string> = new Set(["done", "failed", "expired", "cancelled"]);

/** A command as the API shows it. */
export function commandShape(record: CommandRecord, audit: readonly CommandAudit[] = []): Command {
  const { request, state, outcome } = record;
  return {
    commandId: request.commandId,
    meterId: request.meterId,
    control: controlShape(request.control),
    state,
    requestedBy: request.requestedBy,
    requestedAt: instantText(request.requestedAtMs),
    expiresAt: instantText(request.expiresAtMs),
    final: FINAL.has(state),
    ...(outcome === undefined ? {} : { outcome }),
    steps: audit.slice(-100).map((entry) => ({ at: instantText(entry.atMs), state: entry.state, text: entry.note })),
    dryRun: false,
  };
}

function controlShape(control: EndDeviceControl): Control {
  return control.kind === "readProfile"
    ? { kind: "readProfile", from: instantText(control.fromMs), to: instantText(control.toMs) }
    : { kind: control.kind };
}

export function controlOf(control: Control): EndDeviceControl {
  return control.kind === "readProfile"
    ? { kind: "readProfile", fromMs: Date.parse(control.from), toMs: Date.parse(control.to) }
    : { kind: control.kind };
}
