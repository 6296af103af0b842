import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Decision, DecisionAsk, DecisionPreview, Intervals } from "@amity/api";
import { IntervalChart } from "../../chart/interval-chart.tsx";
import { newId } from "../../data/api-client.ts";
import { decide, previewQuery, refreshDecided } from "../../data/decision-queries.ts";
import { intervalsQuery, meterQuery } from "../../data/queries.ts";
import { utilityNow, useTick } from "../../data/use-live.ts";
import { ChangeFields, changeOf, countsOf, FIRST_DRAFT, type ChangeDraft } from "../../decisions/change-fields.tsx";
import { DecidedNote } from "../../decisions/decided-note.tsx";
import { DecisionDialog } from "../../decisions/decision-dialog.tsx";
import { EffectSummary } from "../../decisions/effect-summary.tsx";
import { ProgressLine } from "../../decisions/progress-line.tsx";
import { useRight, useZone } from "../../shell/session-context.ts";
import { ProblemNote } from "../../ui/problem-note.tsx";
import { civilDay, dayStart, instantOfLocalText, localText } from "../../ui/zone-days.ts";
import { usePageKeys } from "../../shell/page-keys.ts";
import { ValueFields, type ValueTexts } from "./value-fields.tsx";

const route = getRouteApi("/meters/$meterId/edit");
const HOUR_MS = 3_600_000;

/** Changing a span of one channel: present and proposed curve, what it costs, the reason; a new version, never an overwriting. */
export function EditPage() {
  const { meterId } = route.useParams();
  const search = route.useSearch();
  const mayEdit = useRight("exceptions");
  const known = useTick() !== undefined;
  const { data: meter, error } = useQuery(meterQuery(meterId));
  if (error !== null && meter === undefined)
    return (
      <div className="page">
        <ProblemNote error={error} />
      </div>
    );
  if (meter === undefined || !known) return <div className="page" />;
  const channel = meter.channels.find((one) => one.channel === search.channel) ?? meter.channels[0];
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <p className="crumbs">
            <Link to="/meters">Meters</Link>
            {" / "}
            <Link to="/meters/$meterId" params={{ meterId }}>
              {meterId}
            </Link>
          </p>
          <h1>Edit intervals</h1>
          <p>Every edit is a new version with your name and reason. What stands now stays in the ledger, and the edit can be undone.</p>
        </div>
      </div>
      {!mayEdit && <p className="note">Your role may look, not change.</p>}
      {channel === undefined ? (
        <p className="empty">This meter has no interval channel.</p>
      ) : (
        mayEdit && <Editor key={channel.channel} meterId={meterId} channel={channel} channels={meter.channels} />
      )}
    </div>
  );
}

type Channel = { channel: string; name: string; unit: string; scaler: number; intervalSeconds: number };

function Editor({ meterId, channel, channels }: { meterId: string; channel: Channel; channels: readonly Channel[] }) {
  const zone = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [fromMs, toMs] = spanOf(zone, search);
  const [draft, setDraft] = useState<ChangeDraft>({ ...FIRST_DRAFT, day: civilDay(zone, dayStart(zone, fromMs, -7) + 12 * HOUR_MS) });
  const [texts, setTexts] = useState<ValueTexts>(new Map());
  const span = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  const intervals = Math.max(0, Math.round((toMs - fromMs) / (channel.intervalSeconds * 1000)));
  const change = draft.kind === "values" ? valuesChange(texts, intervals, channel.scaler) : changeOf(draft, channel.scaler);
  const ask: DecisionAsk | undefined =
    change === undefined || toMs <= fromMs ? undefined : { kind: "edit", meterId, channel: channel.channel, ...span, change };
  const { data: present } = useQuery(
    intervalsQuery(meterId, {
      channel: channel.channel,
      from: new Date(fromMs - 12 * HOUR_MS).toISOString(),
      to: new Date(toMs + 12 * HOUR_MS).toISOString(),
      granularity: "raw",
    }),
  );
  const show = (part: { channel?: string; from?: string; to?: string }): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false });
  return (
    <div className="editor">
      <div className="toolbar">
        <label className="label">
          Channel
          <select className="field" value={channel.channel} onChange={(event) => show({ channel: event.target.value })}>
            {channels.map((one) => (
              <option key={one.channel} value={one.channel}>
                {one.name} ({one.channel})
              </option>
            ))}
          </select>
        </label>
        <SpanField label="From" zone={zone} atMs={fromMs} onChange={(at) => show({ from: at })} />
        <SpanField label="To" zone={zone} atMs={toMs} onChange={(at) => show({ to: at })} />
        <p className="small quiet">
          {intervals} {intervals === 1 ? "interval" : "intervals"}, times of {zone}
        </p>
      </div>
      <ChangeFields draft={draft} unit={channel.unit} onChange={setDraft} withValues />
      {draft.kind === "values" && present !== undefined && (
        <ValueFields present={present} span={{ fromMs, toMs }} zone={zone} texts={texts} onChange={setTexts} />
      )}
      <EditDecision ask={ask} present={present} span={span} meterId={meterId} channel={channel.channel} />
    </div>
  );
}

/** The curves, what the edit costs, its reason, and making it. */
function EditDecision({
  ask,
  present,
  span,
  meterId,
  channel,
}: {
  ask: DecisionAsk | undefined;
  present: Intervals | undefined;
  span: { from: string; to: string };
  meterId: string;
  channel: string;
}) {
  const zone = useZone();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [progress, setProgress] = useState<Decision | undefined>(undefined);
  const [decided, setDecided] = useState<Decision | undefined>(undefined);
  const [undoing, setUndoing] = useState(false);
  const { data: preview, error, isFetching } = useQuery({ ...previewQuery(ask), placeholderData: keepPreviousData });
  const shown = ask === undefined || error !== null ? undefined : preview;
  const make = useMutation({
    mutationFn: (asked: { ask: DecisionAsk; fingerprint: string }) =>
      decide({ decisionId: newId(), reason: reason.trim(), ...asked }, setProgress),
    onSuccess: (decision) => {
      setDecided(decision);
      setReason("");
      refreshDecided(queries);
      void queries.invalidateQueries({ queryKey: ["preview"] });
    },
    onError: () => void queries.invalidateQueries({ queryKey: ["preview"] }),
  });
  usePageKeys({ u: () => setUndoing(decided?.state === "done") });
  const isReady = shown !== undefined && !isFetching && shown.effect.intervals > 0 && !make.isPending && reason.trim() !== "";
  return (
    <form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && ask !== undefined) make.mutate({ ask, fingerprint: shown.fingerprint });
      }}
    >
      <Curves present={present} preview={shown} span={span} meterId={meterId} />
      {error !== null && ask !== undefined && <ProblemNote error={error} />}
      {shown !== undefined && <EditEffect preview={shown} isStale={isFetching} />}
      <div className="actions">
        <input
          className="field reason"
          aria-label="Reason"
          required
          maxLength={400}
          placeholder="Why this is right; kept with every version that it makes"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <button type="submit" className="button" data-kind="primary" disabled={!isReady}>
          {shown !== undefined && shown.secondPerson !== "" ? "Ask for approval" : "Make the edit"}
        </button>
        <Link
          className="button"
          to="/meters/$meterId/versions"
          params={{ meterId }}
          search={{ channel, day: civilDay(zone, Date.parse(span.from)) }}
        >
          Versions of the day
        </Link>
      </div>
      {make.isPending && <ProgressLine decision={progress} />}
      {make.isError && <ProblemNote error={make.error} />}
      {decided !== undefined && <DecidedNote decision={decided} onUndo={() => setUndoing(true)} />}
      {undoing && decided !== undefined && (
        <DecisionDialog
          ask={{ kind: "undo", decision: decided.id }}
          title={`Undo: ${decided.title}`}
          action="Undo"
          onClose={() => setUndoing(false)}
          onDecided={setDecided}
        />
      )}
    </form>
  );
}

function Curves({
  present,
  preview,
  span,
  meterId,
}: {
  present: Intervals | undefined;
  preview: DecisionPreview | undefined;
  span: { from: string; to: string };
  meterId: string;
}) {
  const zone = useZone();
  const windows = useMemo(() => [{ from: span.from, to: span.to }], [span.from, span.to]);
  const curve = preview?.curve;
  const intervals = curve?.present ?? present;
  const proposal = useMemo(() => (curve === undefined ? undefined : { fromIndex: curve.fromIndex, v: curve.proposed }), [curve]);
  if (intervals === undefined) return <div className="plot-space" />;
  return (
    <IntervalChart
      intervals={intervals}
      zone={zone}
      height={280}
      label={`Intervals of ${meterId}, present and proposed`}
      proposal={proposal}
      windows={windows}
    />
  );
}

function EditEffect({ preview, isStale }: { preview: DecisionPreview; isStale: boolean }) {
  return (
    <div className="preview" data-stale={isStale} aria-live="polite">
      <EffectSummary effect={preview.effect} />
      {preview.effect.exceptions > 0 && (
        <p className="small quiet">The open exceptions that lie within the span are closed with the edit.</p>
      )}
      {preview.secondPerson !== "" && (
        <p className="note" data-kind="warn">
          <strong>Needs a second person.</strong> {preview.secondPerson}. Nothing changes until somebody other than you approves it.
        </p>
      )}
    </div>
  );
}

/** A time of the span: taken when it is whole, so that typing does not move the page. */
function SpanField({ label, zone, atMs, onChange }: { label: string; zone: string; atMs: number; onChange: (at: string) => void }) {
  return (
    <label className="label">
      {label}
      <input
        className="field"
        type="datetime-local"
        step={60}
        value={localText(zone, atMs)}
        onChange={(event) => {
          const next = instantOfLocalText(zone, event.target.value);
          if (next !== undefined) onChange(new Date(next).toISOString());
        }}
      />
    </label>
  );
}

/** The span in the address; the first two hours of yesterday where there is none. */
function spanOf(zone: string, search: { from?: string | undefined; to?: string | undefined }): [number, number] {
  const yesterday = dayStart(zone, utilityNow(), -1);
  const from = Date.parse(search.from ?? "");
  const to = Date.parse(search.to ?? "");
  const fromMs = Number.isNaN(from) ? yesterday : from;
  return [fromMs, Number.isNaN(to) ? fromMs + 2 * HOUR_MS : to];
}

function valuesChange(texts: ValueTexts, intervals: number, scaler: number): Extract<DecisionAsk, { kind: "edit" }>["change"] | undefined {
  const values = Array.from({ length: intervals }, (_, index) => {
    const text = texts.get(index);
    return text === undefined ? null : (countsOf(text, scaler) ?? null);
  });
  return values.every((value) => value === null) ? undefined : { kind: "values", values };
}
