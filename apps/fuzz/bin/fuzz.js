#!/usr/bin/env node
// tsx strips the types as the sources are loaded; the worker, which must count branches, has a loader of its own.
import { register } from "tsx/esm/api";

register();
const { main } = await import("../src/main.ts");
await main(process.argv);
