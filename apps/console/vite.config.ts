import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `vite dev` proxies the API to a running program; `vite build` writes `dist`, which the program serves. */
export default defineConfig({
  plugins: [react()],
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 600, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
