import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { MeterSummary, RegistrationReport, WirelessStranger } from "@amity/api";
import { write } from "../../data/api-client.ts";
import { COMMODITIES, COMMODITY_WORDS } from "../../ui/commodity.tsx";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { useModal } from "../../ui/use-modal.ts";

interface BindDialogProps {
  readonly stranger: WirelessStranger;
  readonly onClose: () => void;
  readonly onBound: (meterId: string) => void;
}

type Commodity = MeterSummary["commodity"];

/** What is typed to register a meter that is heard. */
interface Draft {
  readonly meterId: string;
  readonly usagePoint: string;
  readonly commodity: Commodity;
  readonly key: string;
}

/** Registers a wireless meter by the address that it is heard under. */
export function BindDialog({ stranger, onClose, onBound }: BindDialogProps) {
  const dialog = useModal();
  const headingId = useId();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => ({
    meterId: stranger.address.split("-")[1] ?? "",
    usagePoint: "",
    commodity: commodityOfAddress(stranger.address),
    key: "",
  }));
  const bind = useMutation({
    mutationFn: () => write<RegistrationReport>("POST", "/api/v1/devices", { devices: [registrationOf(stranger, draft)] }),
    onSuccess: ({ problems }) => {
      if (problems.length > 0) return;
      for (const key of ["strangers", "meters", "overview"]) void queries.invalidateQueries({ queryKey: [key] });
      onBound(draft.meterId);
      onClose();
    },
  });
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={headingId} onClose={onClose}>
      <form
        className="command-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!bind.isPending) bind.mutate();
        }}
      >
        <h2 id={headingId}>
          Bind <span className="mono quiet">{stranger.address}</span>
        </h2>
        <DraftFields draft={draft} onChange={setDraft} />
        {bind.isError && <ProblemNote error={bind.error} />}
        {bind.data?.problems.map(({ field, reason }) => (
          <p key={field} className="fault" role="alert">
            {field}: {reason}
          </p>
        ))}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={bind.isPending}>
            Bind to {stranger.concentratorId}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function DraftFields({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  const set = (part: Partial<Draft>): void => onChange({ ...draft, ...part });
  return (
    <>
      <label className="label">
        Meter id
        <input
          className="field mono"
          required
          maxLength={80}
          autoFocus
          value={draft.meterId}
          onChange={(event) => set({ meterId: event.target.value.trim() })}
        />
      </label>
      <div className="fields">
        <label className="label grow">
          Usage point; made where there is none of this name
          <input
            className="field mono"
            required
            maxLength={80}
            value={draft.usagePoint}
            onChange={(event) => set({ usagePoint: event.target.value.trim() })}
          />
        </label>
        <label className="label">
          Measures
          <select className="field" value={draft.commodity} onChange={(event) => set({ commodity: event.target.value as Commodity })}>
            {COMMODITIES.map((commodity) => (
              <option key={commodity} value={commodity}>
                {COMMODITY_WORDS[commodity]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label className="label">
        Key, 32 hexadecimal digits (empty where it sends in the clear)
        <input
          className="field mono"
          type="password"
          autoComplete="off"
          pattern="[0-9a-fA-F]{32}"
          value={draft.key}
          onChange={(event) => set({ key: event.target.value.trim() })}
        />
        <span className="quiet">It is sealed into the vault and never shown again.</span>
      </label>
    </>
  );
}

function registrationOf({ concentratorId, address }: WirelessStranger, { meterId, usagePoint, commodity, key }: Draft) {
  return {
    meterId,
    protocol: "wmbus",
    route: { kind: "wireless", concentratorId, address },
    commodity,
    usagePoint,
    ...(key === "" ? {} : { keys: { mbus: key } }),
  };
}

/** By the device type of EN 13757-7 at the end of the address; water where it says nothing else. */
function commodityOfAddress(address: string): Commodity {
  const type = address.split("-").at(-1) ?? "";
  if (type === "02") return "electricity";
  if (type === "03") return "gas";
  return ["04", "0a", "0b", "0c", "0d"].includes(type) ? "heat" : "water";
}
