export * from "./conversion.ts";
export { createGasParameters, type GasParameters } from "./gas-parameters.ts";
