import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** The head of each of the analyst's pages, with the way to the others. */
export function AnalysisHead({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <nav className="subnav" aria-label="Analysis">
        <Link to="/analysis/rules">Rules</Link>
        <Link to="/analysis/estimation">Estimation</Link>
        <Link to="/analysis/tariffs">Tariffs</Link>
        <Link to="/analysis/losses">Losses</Link>
      </nav>
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          <p>{children}</p>
        </div>
      </div>
    </>
  );
}
