import { moment, words } from "../../components/format";
import { Plain } from "../../components/plain";
import { getJson, useEvery, useResource } from "../api";
import { PageTitle, TextChoice, Trouble, Waiting } from "../parts";
import { address, setQuery } from "../place";
import type { AuditEntry } from "../types";

const kLook = 10_000;
const kStep = 100;
const kMost = 1000;

interface Log { entries: AuditEntry[]; last_number: number }

/** The newest entries: the service counts them from the oldest, so that the last number is asked for first. */
async function newestOf(url: string, signal: AbortSignal): Promise<Log> {
  if (url.includes("subject=")) return getJson<Log>(url, signal);
  const { last_number: last } = await getJson<Log>("/api/audit?limit=1", signal);
  const limit = Number(new URL(url, location.href).searchParams.get("limit"));
  return getJson<Log>(`${url}&after=${Math.max(0, last - limit)}`, signal);
}

/** Where what an entry is about is shown. */
function Subject(props: { entry: AuditEntry }) {
  const { action, subject } = props.entry;
  const page = action.startsWith("promotion.") ? "promotions" : action.startsWith("review.") ? "review" : null;
  return page === null ? <Plain text={subject} /> : <a class="code" href={address([page, subject])}><Plain text={subject} /></a>;
}

export function AuditPage(props: { query: URLSearchParams }) {
  const subject = props.query.get("subject") ?? "";
  const shown = Math.min(kMost, Math.max(kStep, Number(props.query.get("rows")) || 0));
  const { data, error, reload } = useResource<Log>(`/api/audit?limit=${subject === "" ? shown : kMost}${subject === "" ? "" : `&subject=${encodeURIComponent(subject)}`}`, newestOf);
  useEvery(kLook, reload);
  const entries = [...(data?.entries ?? [])].reverse();
  const isMore = subject === "" && shown < kMost && (data?.last_number ?? 0) > shown;
  return (
    <>
      <PageTitle title="Audit log" eyebrow={<a href="/settings">Settings</a>}>
        <p class="muted">Who decided what, the newest first. Each entry holds the hash of the one before; <code>flywheel audit verify</code> finds one that was changed, moved or taken away, and <code>flywheel audit export</code> writes them all.</p>
      </PageTitle>
      <form class="filters" role="search" aria-label="audit log" onSubmit={(e) => e.preventDefault()}><TextChoice class="search" name="subject" label="about" value={subject} placeholder="the id of a proposal or a review" /></form>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the audit log" />}
      {data && entries.length === 0 && <p>{subject === "" ? "Nothing was decided yet." : "There is no entry about this."}</p>}
      {entries.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="entries">
          <table class="list audit">
            <thead><tr><th scope="col" class="number">number</th><th scope="col">when</th><th scope="col">who</th><th scope="col">what</th><th scope="col">about</th><th scope="col">why</th></tr></thead>
            <tbody>
              {entries.map((e) => (
                <tr key={e.number}>
                  <th scope="row" class="number">{e.number}</th><td>{moment(e.at)}</td><td><Plain text={e.person} /></td>
                  <td>{words(e.action).replace(".", ": ")}</td><td><Subject entry={e} /></td><td><Plain text={e.reason} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isMore && <button type="button" class="more" onClick={() => setQuery({ rows: String(shown + kStep) })}>show older entries</button>}
      {shown === kMost && (data?.last_number ?? 0) > kMost && <p class="muted small">Older ones are in the export.</p>}
    </>
  );
}
