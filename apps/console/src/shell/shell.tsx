import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Session } from "@amity/api";
import { ApiProblem } from "../data/api-client.ts";
import { live } from "../data/live.ts";
import { sessionQuery } from "../data/queries.ts";
import { useTick } from "../data/use-live.ts";
import { MoonIcon, SunIcon } from "../ui/icons.tsx";
import { ProblemNote } from "../ui/problem-note.tsx";
import { chooseTheme, useTheme } from "../ui/theme.ts";
import { KeysHelp } from "./keys-help.tsx";
import { LoginPage } from "./login-page.tsx";
import { SessionContext } from "./session-context.ts";
import { StatusStrip, UtilityClock } from "./status-strip.tsx";
import { UserName } from "./user-name.tsx";

/** Header, strip and the page; or the login where nobody is signed in. */
export function Shell() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const signedIn = session !== undefined;

  useEffect(() => {
    if (!signedIn) return;
    live.start();
    return () => live.stop();
  }, [signedIn]);

  if (session === undefined) {
    if (error === null) return null;
    if (error instanceof ApiProblem && error.problem.status === 401) return <LoginPage onSignedIn={() => void refetch()} />;
    return (
      <main className="login">
        <ProblemNote error={error} retry={() => void refetch()} />
      </main>
    );
  }
  return (
    <SessionContext value={session}>
      <div className="app">
        <a className="skip" href="#main">
          Skip to the page
        </a>
        <Header session={session} />
        <StatusStrip session={session} />
        <main id="main" className="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </SessionContext>
  );
}

function Header({ session }: { session: Session }) {
  const exceptions = useTick()?.openExceptions;
  const isAnalysis = useLocation({ select: ({ pathname }) => pathname.startsWith("/analysis/") });
  return (
    <header className="header">
      <Link to="/" className="brand">
        <img src="/mark.svg" alt="" />
        Amity
        <small>{session.utility.name}</small>
      </Link>
      <nav className="nav" aria-label="Pages">
        <Link to="/" activeOptions={{ exact: true }}>
          Overview
        </Link>
        <Link to="/meters">Meters</Link>
        <Link to="/exceptions">
          Exceptions
          {exceptions !== undefined && exceptions > 0 && <span className="count">{exceptions}</span>}
        </Link>
        <Link to="/bills">Bills</Link>
        <Link to="/commands">Commands</Link>
        <Link to="/completeness">Completeness</Link>
        <Link to="/analysis/rules" {...(isAnalysis ? { "aria-current": "page" as const } : {})}>
          Analysis
        </Link>
      </nav>
      <div className="header-end">
        <UtilityClock zone={session.utility.zone} />
        <KeysHelp />
        <ThemeButton />
        <UserName session={session} />
      </div>
    </header>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button type="button" className="icon-button" aria-label={`Switch to the ${other} theme`} onClick={() => chooseTheme(other)}>
      {theme === "dark" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
