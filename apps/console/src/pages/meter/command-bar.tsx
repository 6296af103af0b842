import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Command, Control, MeterDetail } from "@amity/api";
import { newId, read, write } from "../../data/api-client.ts";
import { useRight, useSession } from "../../shell/session-context.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";

type Asked = "connect" | "disconnect";
/** Civil seconds in which a second person may approve a command. */
const APPROVAL_SECONDS = 86_400;

/** Asks things of the meter and follows what becomes of them. Switching the supply is confirmed by typing the meter's id. */
export function CommandBar({ detail }: { detail: MeterDetail }) {
  const mayRead = useRight("command");
  const maySwitch = useRight("critical-command");
  const { id } = detail.meter;
  const { approvalFor } = useSession().utility;
  const words = SWITCH_WORDS[detail.meter.commodity];
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const [current, setCurrent] = useState<string | undefined>(undefined);
  const request = useMutation({
    mutationFn: (control: Control) => {
      const commandId = newId();
      const expiry = approvalFor.includes(control.kind) ? { expiresInSeconds: APPROVAL_SECONDS } : {};
      return write<Command>("POST", "/api/v1/commands", { commandId, meterId: id, control, ...expiry }, commandId);
    },
    onSuccess: (command) => setCurrent(command.commandId),
  });
  if (!mayRead) return null;
  return (
    <div className="command-bar">
      <div className="actions">
        <button type="button" className="button" onClick={() => request.mutate({ kind: "ping" })}>
          Ping
        </button>
        <button type="button" className="button" onClick={() => request.mutate({ kind: "readRegisters" })}>
          Read registers
        </button>
        {maySwitch &&
          words !== undefined &&
          switchesFor(detail.supply).map((kind) => (
            <button
              key={kind}
              type="button"
              className="button"
              data-kind={kind === "disconnect" ? "danger" : "primary"}
              onClick={() => setAsked(kind)}
            >
              {words[kind]}
            </button>
          ))}
      </div>
      <p className="small">
        {words?.what ?? "Supply"} <strong>{detail.supply}</strong>
      </p>
      {request.isError && <ProblemNote error={request.error} />}
      {current !== undefined && <CommandProgress id={current} />}
      {asked !== undefined && (
        <ConfirmDialog
          title={`${words?.[asked] ?? asked}?`}
          action={asked === "disconnect" ? "Disconnect" : "Connect"}
          typed={id}
          danger={asked === "disconnect"}
          onConfirm={() => request.mutate({ kind: asked })}
          onClose={() => setAsked(undefined)}
        >
          <p>{words?.[`${asked}Effect`]} The output state is read back, and the command is on record under your name.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

interface SwitchWords extends Readonly<Record<Asked | `${Asked}Effect`, string>> {
  readonly what: string;
}

/** What switching means for a commodity; a heat meter has nothing to switch. */
const SWITCH_WORDS: Readonly<Record<MeterDetail["meter"]["commodity"], SwitchWords | undefined>> = {
  electricity: {
    what: "Supply",
    disconnect: "Disconnect supply",
    connect: "Connect supply",
    disconnectEffect: "The home behind this meter goes dark at once.",
    connectEffect: "Power comes back to the home at once; make sure that it is expected there.",
  },
  gas: {
    what: "Valve",
    disconnect: "Close valve",
    connect: "Release valve",
    disconnectEffect: "The home behind this meter is without gas at once.",
    connectEffect: "The valve may be opened by hand at the meter then, by somebody who has looked at every burner.",
  },
  water: {
    what: "Valve",
    disconnect: "Close valve",
    connect: "Open valve",
    disconnectEffect: "The home behind this meter is without water at once.",
    connectEffect: "Water comes back to the home at once; make sure that it is expected there.",
  },
  heat: undefined,
};

/** What makes sense in a supply state; where it is not known, both do. */
function switchesFor(supply: MeterDetail["supply"]): readonly Asked[] {
  if (supply === "connected") return ["disconnect"];
  return supply === "unknown" ? ["disconnect", "connect"] : ["connect"];
}

/** A command's state in words; one that waits for a person says so. */
function stateWords({ state, approval }: Command): string {
  return state === "waiting" && approval !== undefined && approval.by === undefined
    ? "Waits for a second person: see Exceptions, Decisions"
    : WORDS[state];
}

const WORDS: Readonly<Record<Command["state"], string>> = {
  waiting: "Waiting",
  dispatched: "Sent to the meter",
  unknown: "Outcome unknown, reading back",
  done: "Done",
  failed: "Failed",
  expired: "Expired before it was sent",
  cancelled: "Cancelled",
};

const NAMES: Readonly<Record<Control["kind"], string>> = {
  disconnect: "Disconnect",
  connect: "Connect",
  readRegisters: "Read registers",
  readProfile: "Read profile",
  ping: "Ping",
  setClock: "Set clock",
  limit: "Limit",
  tariff: "Tariff",
  message: "Message",
};

/** The stream brings changes at once; asking now and then covers a lost line. */
const POLL_MS = 3_000;

function CommandProgress({ id }: { id: string }) {
  const { data: command } = useQuery({
    queryKey: ["command", id],
    queryFn: ({ signal }) => read<Command>(`/api/v1/commands/${encodeURIComponent(id)}`, undefined, signal),
    refetchInterval: (query) => (query.state.data?.final === true ? false : POLL_MS),
  });
  if (command === undefined) return null;
  return (
    <div className="command-progress" role="status" data-state={command.state}>
      <strong>
        {NAMES[command.control.kind]}: {stateWords(command)}
      </strong>
      <span>{command.outcome ?? command.steps.at(-1)?.text}</span>
    </div>
  );
}
