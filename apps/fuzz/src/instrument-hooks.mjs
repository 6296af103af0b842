// Module hooks of the worker: every TypeScript source becomes JavaScript, and those of the packages under test count their branches.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Instrumented sources are kept: instrumenting a package takes longer than thousands of inputs. A change of this number forgets them. */
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/amity-fuzz/", import.meta.url));
const CACHE_VERSION = 1;

let instrumented = [];
let coverageVariable = "";

/** @param {{ counted: string[], coverageVariable: string }} options which folders of the checkout count. */
export async function initialize(options) {
  instrumented = options.counted.map((folder) => `/${folder}/`);
  coverageVariable = options.coverageVariable;
  await mkdir(CACHE, { recursive: true });
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const isCounted = instrumented.some((folder) => path.includes(folder));
  return { format: "module", shortCircuit: true, source: await prepared(path, isCounted) };
}

async function prepared(path, isCounted) {
  const source = await readFile(path, "utf8");
  const key = createHash("sha256").update(`${CACHE_VERSION} ${isCounted} ${coverageVariable} ${source}`).digest("hex");
  const kept = `${CACHE}${key}.js`;
  const known = await readFile(kept, "utf8").catch(() => undefined);
  if (known !== undefined) return known;
  const output = isCounted ? await counting(await stripped(source, path), path) : await stripped(source, path);
  // Workers side by side prepare the same files: whole ones only take the name.
  const part = randomUUID();
  await writeFile(`${kept}.${part}`, output);
  await rename(`${kept}.${part}`, kept);
  return output;
}

async function stripped(source, fileName) {
  const { default: typescript } = await import("typescript");
  const { ESNext: module } = typescript.ModuleKind;
  const { ES2022: target } = typescript.ScriptTarget;
  return typescript.transpileModule(source, { fileName, compilerOptions: { target, module, verbatimModuleSyntax: true } }).outputText;
}

/**
 * Istanbul says where branches and functions are; its counters, objects behind a call, are replaced by one typed array a file, and
 * those of statements left out: they say nothing that branches do not, and halve the speed.
 */
async function counting(source, path) {
  const { createInstrumenter } = await import("istanbul-lib-instrument");
  const output = createInstrumenter({ esModules: true, coverageVariable, compact: true, produceSourceMap: false }).instrumentSync(
    source,
    path,
  );
  const indexes = new Map();
  const flat = output
    .replaceAll(/cov_\w+\(\)\.s\[\d+\]\+\+[,;]/g, "")
    .replaceAll(/cov_\w+\(\)\.((?:b\[\d+\]\[\d+\])|(?:f\[\d+\]))\+\+/g, (_, counter) => {
      if (!indexes.has(counter)) indexes.set(counter, indexes.size);
      return `__reached[${indexes.get(counter)}]++`;
    })
    .replaceAll(/;?cov_\w+\(\);/g, ";");
  return `const __reached=globalThis.${coverageVariable}(${indexes.size});${flat}`;
}
