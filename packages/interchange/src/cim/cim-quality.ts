import { packQuality, QUALITY, QUALITY_CATEGORIES, QUALITY_METHODS, QUALITY_SOURCES, unpackQuality } from "@amity/model";
import type { Quality, QualityCategory, QualityCode, QualityMethod } from "@amity/model";

/**
 * Indices from here on are ours (IEC 61968-9 leaves high ones to the implementer): the method, and marks beside it. Readers
 * that do not know them still have system and category, which are the standard's.
 */
const OWN_INDEX = 7000;
const FINAL_MARK = 256;
/** The category is one that the standard has no number for: raw stands under 0, missing under 5. */
const PSEUDO_MARK = 512;
const PSEUDO: Readonly<Partial<Record<number, QualityCategory>>> = { 0: "raw", 5: "missing" };

const METHOD_OF_CODE: ReadonlyMap<number, QualityMethod> = new Map(
  Object.entries(QUALITY_METHODS).map(([method, code]) => [code, method as QualityMethod]),
);

/**
 * Reads a ReadingQualityType reference `system.category.index` (IEC 61968-9, annex D); the indices of other makers are dropped,
 * the category keeps its meaning. `undefined` for what is none, or has a category that is not known.
 */
export function qualityOfCim(ref: string): QualityCode | undefined {
  const match = /^(\d{1,2})\.(\d{1,2})\.(\d{1,4})$/.exec(ref);
  if (match === null) return undefined;
  const [system = 0, number = 0, index = 0] = match.slice(1).map(Number);
  const source = QUALITY_SOURCES[system] ?? "other";
  if (number === 5 && index === 259) return QUALITY.missing;
  if (number === 0 && index === 0 && system === 1) return QUALITY.raw;
  const category = number <= 12 ? QUALITY_CATEGORIES[number] : undefined;
  if (category === undefined) return undefined;
  const own = ownIndex(index, number);
  if (own !== undefined) return packQuality({ source, category, ...own });
  return packQuality({ source, category, method: category === "valid" && index === 1 ? "validated" : "none", final: false });
}

function ownIndex(index: number, categoryNumber: number): (Partial<Quality> & Pick<Quality, "method" | "final">) | undefined {
  const bits = index - OWN_INDEX;
  if (bits < 0 || bits >= 2 * PSEUDO_MARK) return undefined;
  const method = METHOD_OF_CODE.get(bits % FINAL_MARK);
  if (method === undefined) return undefined;
  const pseudo = (bits & PSEUDO_MARK) === 0 ? undefined : PSEUDO[categoryNumber];
  return { method, final: (bits & FINAL_MARK) !== 0, ...(pseudo === undefined ? {} : { category: pseudo }) };
}

/** The ReadingQualityType reference to write; every quality comes back from it as it was. */
export function cimQualityOf(code: QualityCode): string {
  const { source, category, method, final } = unpackQuality(code);
  const system = QUALITY_SOURCES.indexOf(source);
  const number = category === "raw" ? 0 : category === "missing" ? 5 : QUALITY_CATEGORIES.indexOf(category);
  const isPseudo = PSEUDO[number] === category;
  const plain = isPseudo ? (category === "raw" ? "1.0.0" : "3.5.259") : `${system}.${number}.${method === "validated" ? 1 : 0}`;
  if (qualityOfCim(plain) === code) return plain;
  const index = OWN_INDEX + QUALITY_METHODS[method] + (final ? FINAL_MARK : 0) + (isPseudo ? PSEUDO_MARK : 0);
  return `${system}.${number}.${index}`;
}
