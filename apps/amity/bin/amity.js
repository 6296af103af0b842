#!/usr/bin/env node
// The checkout runs from its TypeScript sources: tsx strips the types as they are loaded, in this same process.
import { register } from "tsx/esm/api";

register();
const { main } = await import("../src/main.ts");
await main(process.argv);
