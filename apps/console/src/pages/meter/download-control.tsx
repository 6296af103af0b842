import { useState } from "react";
import type { ExportFormat } from "@amity/api";

/** Formats that need nothing but the readings; those with market parties are for the command line. */
const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["csv", "CSV"],
  ["espi", "Green Button"],
  ["cim", "CIM 61968-9"],
  ["nem12", "NEM12"],
  ["multispeak", "MultiSpeak"],
  ["parquet", "Parquet"],
];

interface DownloadProps {
  readonly usagePointId: string;
  readonly from: string;
  readonly to: string;
  readonly asOf: string | undefined;
}

/** The readings of the span that is shown, every channel of the usage point, as a file. */
export function DownloadControl({ usagePointId, from, to, asOf }: DownloadProps) {
  const [format, setFormat] = useState<ExportFormat>("csv");
  const query = new URLSearchParams({ format, from, to, ...(asOf === undefined ? {} : { as_of: asOf }) });
  return (
    <span className="inline-label">
      <label className="inline-label">
        Download
        <select className="field" value={format} onChange={(event) => setFormat(event.target.value as ExportFormat)}>
          {FORMATS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <a
        className="button"
        data-size="small"
        href={`/api/v1/usage-points/${encodeURIComponent(usagePointId)}/export?${query.toString()}`}
        download=""
      >
        Save
      </a>
    </span>
  );
}
