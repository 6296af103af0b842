import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ControlKind, MeterDetail } from "@amity/api";
import { useSession } from "../shell/session-context.ts";
import { Menu } from "../ui/menu.tsx";
import { ProblemNote } from "../ui/problem-note.tsx";
import { CommandDialog } from "./command-dialog.tsx";
import { CommandProgress } from "./command-progress.tsx";
import { openCommandsQuery, refreshCommands, sendCommand } from "./command-queries.ts";
import { isSwitch, KINDS, nameOf, SWITCH_WORDS } from "./command-words.ts";

/** Kinds that are asked for at once: they change nothing and need no word more. */
const AT_ONCE = ["ping", "readRegisters"] as const;
const AT_ONCE_SECONDS = 900;

/** Asks things of a meter and follows what becomes of them: what it takes, as far as this person may ask for it. */
export function CommandBar({ detail }: { detail: MeterDetail }) {
  const { rights } = useSession();
  const { id, commodity } = detail.meter;
  const queries = useQueryClient();
  const [asked, setAsked] = useState<ControlKind | undefined>(undefined);
  const [last, setLast] = useState<string | undefined>(undefined);
  const { data: open } = useQuery(openCommandsQuery(id));
  const follow = (commandId: string): void => {
    setLast(commandId);
    refreshCommands(queries);
  };
  const request = useMutation({
    mutationFn: (kind: (typeof AT_ONCE)[number]) =>
      sendCommand({ meterId: id, control: { kind }, expiresInSeconds: AT_ONCE_SECONDS, reason: "" }),
    onSuccess: ({ commandId }) => follow(commandId),
  });
  const offered = detail.commands.filter((kind) => rights.includes(KINDS[kind].right));
  const isSwitched = detail.commands.includes("disconnect");
  const switches = switchesFor(detail.supply).filter((kind) => offered.includes(kind));
  const others = offered.filter((kind) => !isSwitch(kind) && !isAtOnce(kind));
  const followed = [...new Set([...(last === undefined ? [] : [last]), ...(open ?? []).map(({ commandId }) => commandId)])];
  return (
    <div className="command-bar">
      <div className="actions">
        {AT_ONCE.filter((kind) => offered.includes(kind)).map((kind) => (
          <button key={kind} type="button" className="button" onClick={() => request.mutate(kind)}>
            {KINDS[kind].name}
          </button>
        ))}
        {switches.map((kind) => (
          <button
            key={kind}
            type="button"
            className="button"
            data-kind={kind === "disconnect" ? "danger" : "primary"}
            onClick={() => setAsked(kind)}
          >
            {nameOf(kind, commodity)}
          </button>
        ))}
        {others.length > 0 && (
          <Menu label="More commands">
            {others.map((kind) => ({ key: kind, words: KINDS[kind].name, onChoose: () => setAsked(kind) }))}
          </Menu>
        )}
      </div>
      {isSwitched && (
        <p className="small">
          {SWITCH_WORDS[commodity].what} <strong>{detail.supply}</strong>
        </p>
      )}
      {detail.commands.length === 0 && <p className="small quiet">This meter is heard, not asked: it takes no commands.</p>}
      {request.isError && <ProblemNote error={request.error} />}
      {followed.map((commandId) => (
        <CommandProgress key={commandId} id={commandId} mayWait={detail.reach.kind === "wireless"} />
      ))}
      {asked !== undefined && (
        <CommandDialog
          key={asked}
          detail={detail}
          kind={asked}
          onClose={() => setAsked(undefined)}
          onSent={({ commandId }) => follow(commandId)}
        />
      )}
    </div>
  );
}

function isAtOnce(kind: ControlKind): boolean {
  return AT_ONCE.some((one) => one === kind);
}

/** What makes sense in a supply state; where it is not known, both do. */
function switchesFor(supply: MeterDetail["supply"]): readonly ("connect" | "disconnect")[] {
  if (supply === "connected") return ["disconnect"];
  return supply === "unknown" ? ["disconnect", "connect"] : ["connect"];
}
