// Module hooks of the worker: every TypeScript source becomes JavaScript, and those of the packages under test count their branches.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createInstrumenter } from "istanbul-lib-instrument";
import typescript from "typescript";

let instrumented = [];
let instrumenter;

/** @param {{ counted: string[], coverageVariable: string }} options which folders of the checkout count. */
export function initialize({ counted, coverageVariable }) {
  instrumented = counted.map((folder) => `/${folder}/`);
  instrumenter = createInstrumenter({ esModules: true, coverageVariable, compact: false, produceSourceMap: false });
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { outputText } = typescript.transpileModule(await readFile(path, "utf8"), {
    fileName: path,
    compilerOptions: {
      target: typescript.ScriptTarget.ES2022,
      module: typescript.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  const isCounted = instrumented.some((folder) => path.includes(folder));
  return { format: "module", shortCircuit: true, source: isCounted ? instrumenter.instrumentSync(outputText, path) : outputText };
}
