import "@fontsource-variable/ibm-plex-sans/wght.css";
import "@fontsource/ibm-plex-mono/latin-400.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/charts.css";
import "./styles/overview.css";
import "./styles/lists.css";
import "./styles/meter.css";
import "./styles/decisions.css";
import "./styles/commands.css";
import "./styles/analysis.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiProblem } from "./data/api-client.ts";
import { followWithCache } from "./data/live-cache.ts";
import { createConsoleRouter } from "./router.tsx";
import { startTheme } from "./ui/theme.ts";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 4_000,
      retry: (failures, error) => failures < 3 && !(error instanceof ApiProblem && error.problem.status < 500),
    },
  },
});

startTheme();
followWithCache(queries);
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={createConsoleRouter()} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
