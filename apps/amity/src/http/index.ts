export { createHttpApp, type HttpApp, type HttpAppOptions } from "./app.ts";
export { startHttpServer, type HttpServer } from "./server.ts";
export { loadStaticConsole, type StaticConsole } from "./static-console.ts";
export { ensureConsoleBuilt } from "./console-build.ts";
export { planAccess, isLoopback, type AccessPlan } from "./access/binding.ts";
export type { User } from "./access/sessions.ts";
export type * from "./ports.ts";
