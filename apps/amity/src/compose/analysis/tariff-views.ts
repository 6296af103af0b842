import type {
  CandidateDetail,
  CandidateDraft,
  Page,
  PageQuery,
  TariffCandidate as CandidateShape,
  TariffDetail,
  TariffInfo,
  TariffPublication,
} from "@amity/api";
import { toHex, UsageError } from "@amity/bytes";
import { parseTariff, prepareTariff, type Charge, type Tariff, type TariffCandidate } from "@amity/mdm";
import type { Principal, WriteOutcome } from "../../http/ports.ts";
import { instantText } from "../api/cursor.ts";
import { pageOfList, type AnalysisParts } from "./analysis-parts.ts";

export async function tariffsOf(parts: AnalysisParts, query: PageQuery): Promise<Page<TariffInfo>> {
  const { items, ...rest } = pageOfList(await parts.mdm.billing.tariffs(), query);
  return { ...rest, items: await Promise.all(items.map((tariff) => infoOf(parts, tariff))) };
}

export async function tariffOf(parts: AnalysisParts, id: string): Promise<TariffDetail | undefined> {
  const tariff = (await parts.mdm.billing.tariffs()).find((one) => one.id === id);
  return tariff === undefined ? undefined : { info: await infoOf(parts, tariff), document: tariff };
}

export async function candidatesOf(parts: AnalysisParts, query: PageQuery): Promise<Page<CandidateShape>> {
  return pageOfList((await parts.mdm.candidates.list()).map(candidateShape), query);
}

export async function candidateOf(parts: AnalysisParts, id: string): Promise<CandidateDetail | undefined> {
  const kept = await parts.mdm.candidates.find(id);
  return kept === undefined ? undefined : { candidate: candidateShape(kept), document: kept.tariff };
}

/** Keeps a tariff document as a candidate after checking all of it. */
export async function keepCandidate(parts: AnalysisParts, draft: CandidateDraft, by: Principal): Promise<WriteOutcome<CandidateDetail>> {
  let tariff: Tariff;
  try {
    tariff = parseTariff(draft.document);
    prepareTariff(tariff);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { kind: "invalid", detail: "The tariff is not sound.", errors: [{ pointer: pointerOf(error.message), detail: error.message }] };
  }
  try {
    const kept = await parts.mdm.candidates.keep(`tariff-${toHex(parts.random.bytes(5))}`, tariff, by.user);
    return { kind: "done", value: { candidate: candidateShape(kept), document: tariff } };
  } catch (error) {
    if (error instanceof UsageError && error.code === "candidates-full") return { kind: "conflict", detail: `${error.message}.` };
    throw error;
  }
}

export async function dropCandidate(parts: AnalysisParts, id: string): Promise<WriteOutcome<CandidateShape>> {
  const dropped = await parts.mdm.candidates.drop(id);
  return dropped === undefined ? { kind: "not-found" } : { kind: "done", value: candidateShape(dropped) };
}

/** Publishes a candidate under its own tariff id. The candidate stays: a rehearsal may name it. */
export async function publishCandidate(
  parts: AnalysisParts,
  id: string,
  { reason }: TariffPublication,
  by: Principal,
): Promise<WriteOutcome<TariffDetail>> {
  const kept = await parts.mdm.candidates.find(id);
  if (kept === undefined) return { kind: "not-found" };
  try {
    await parts.mdm.billing.publish(kept.tariff, { author: by.user, reason });
  } catch (error) {
    if (error instanceof UsageError && error.code === "tariff-changed") return { kind: "conflict", detail: `${error.message}.` };
    throw error;
  }
  const published = await tariffOf(parts, kept.tariff.id);
  return published === undefined ? { kind: "not-found" } : { kind: "done", value: published };
}

/** `tariff.versions[0].charges[2].rate must be ...` as `/document/versions/0/charges/2/rate`. */
function pointerOf(message: string): string {
  const path = /^tariff((?:\.[\w-]+|\[\d+\])+)/.exec(message)?.[1] ?? "";
  return `/document${path.replaceAll(/\.|\[/g, "/").replaceAll("]", "")}`;
}

async function infoOf(parts: AnalysisParts, tariff: Tariff): Promise<TariffInfo> {
  const publications = await parts.mdm.billing.publications(tariff.id);
  return {
    id: tariff.id,
    name: tariff.name,
    currency: tariff.currency,
    zone: tariff.zone,
    commodity: tariff.commodity ?? "electricity",
    versions: tariff.versions.map((version) => {
      const published = publications.find((one) => one.version === version.version);
      return {
        version: version.version,
        effectiveFrom: version.effectiveFrom,
        ...(version.effectiveTo === undefined ? {} : { effectiveTo: version.effectiveTo }),
        charges: version.charges.map((charge) => ({ id: charge.id, label: charge.label, kind: charge.kind, price: priceOf(charge) })),
        ...(published === undefined
          ? {}
          : { publishedBy: published.author, publishedAt: instantText(published.storedAtMs), reason: published.reason }),
      };
    }),
  };
}

/** The price of a charge in a few words. */
function priceOf(charge: Charge): string {
  switch (charge.kind) {
    case "fixed":
    case "minimum":
      return `${charge.amount} a ${charge.per}`;
    case "percentage":
      return `${charge.percent} %`;
    case "netting":
      return "";
    case "energy": {
      const unit = charge.flow === "volume" ? "m³" : (charge.unit ?? "kWh");
      if (charge.tiers !== undefined) return `${charge.tiers.tiers.map(({ rate }) => rate).join(", ")} a ${unit}, in tiers`;
      return charge.rate === undefined ? `price series ${charge.priceSeries ?? ""}` : `${charge.rate} a ${unit}`;
    }
    case "demand":
      return charge.rate === undefined ? `in tiers, a ${charge.measure}` : `${charge.rate} a ${charge.measure}`;
    case "reactive":
      return `${charge.rate} a kvarh`;
    case "peakRebate":
      return `${charge.rate} a kWh saved`;
  }
}

function candidateShape({ candidateId, tariff, author, storedAtMs }: TariffCandidate): CandidateShape {
  return { id: candidateId, tariff: tariff.id, name: tariff.name, author, storedAt: instantText(storedAtMs) };
}
