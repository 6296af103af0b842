import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useLiveEvent } from "../../data/use-live.ts";
import { useZone } from "../../shell/session-context.ts";
import { clockTime } from "../../ui/format.ts";

interface Notice {
  readonly key: number;
  readonly at: string;
  readonly severity: string;
  readonly text: string;
  readonly meterId?: string | undefined;
}

const KEPT = 6;

/** The last things that happened, newest first. */
export function NoticeLog() {
  const zone = useZone();
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  useLiveEvent("notice", ({ at, severity, text, meterId }) => {
    setNotices((before) => [{ key: (before[0]?.key ?? 0) + 1, at, severity, text, meterId }, ...before].slice(0, KEPT));
  });
  if (notices.length === 0) return null;
  return (
    <section aria-labelledby="notices-title">
      <h2 id="notices-title" className="side-title">
        Just now
      </h2>
      <ol className="notices" aria-live="polite">
        {notices.map((notice) => (
          <li key={notice.key} data-severity={notice.severity}>
            <time dateTime={notice.at}>{clockTime(notice.at, zone)}</time>
            <span>
              {notice.text}
              {notice.meterId !== undefined && (
                <>
                  {" "}
                  <Link to="/meters/$meterId" params={{ meterId: notice.meterId }} className="mono">
                    {notice.meterId}
                  </Link>
                </>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
