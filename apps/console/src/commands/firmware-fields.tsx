import { queryOptions, useQuery } from "@tanstack/react-query";
import type { Firmwares } from "@amity/api";
import { read } from "../data/api-client.ts";
import { count } from "../ui/format.ts";
import { ProblemNote } from "../ui/problem-note.tsx";

const firmwaresQuery = queryOptions({
  queryKey: ["firmware"],
  queryFn: ({ signal }) => read<Firmwares>("/api/v1/firmware", undefined, signal),
});

/** Which of the uploaded images. */
export function ImageField({ image, onChange }: { readonly image: string; readonly onChange: (image: string) => void }) {
  const { data, error } = useQuery(firmwaresQuery);
  if (error !== null) return <ProblemNote error={error} />;
  const chosen = data?.items.find(({ identification }) => identification === image);
  return (
    <>
      <label className="label">
        Image
        <select className="field" required autoFocus value={image} onChange={(event) => onChange(event.target.value)}>
          <option value="">Choose an image</option>
          {data?.items.map(({ identification }) => (
            <option key={identification}>{identification}</option>
          ))}
        </select>
      </label>
      {chosen !== undefined && (
        <p className="small quiet">
          {count(chosen.size)} octets, brought by {chosen.addedBy}
          {chosen.note !== "" && `: ${chosen.note}`}
          {chosen.firmware !== chosen.identification && `. The meter will call it ${chosen.firmware}`}
        </p>
      )}
      {data?.items.length === 0 && (
        <p className="small">
          There is no image yet: <code>amity firmware add FILE --identification NAME</code> brings one.
        </p>
      )}
    </>
  );
}
