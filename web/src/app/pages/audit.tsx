import { useState } from "preact/hooks";
import { count, moment, words } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { getJson, useFailure, useOnChange, useResource } from "../api";
import { canHash, faultIn, type AuditLine } from "../audit_chain";
import { useLive } from "../live";
import { PageTitle, TextChoice, Trouble, Waiting } from "../parts";
import { address, setQuery } from "../place";
import type { AuditEntry, AuditVerification } from "../types";

const kStep = 100;
const kPage = 1000; // the most that the service gives at a time

const entriesText = (n: number): string => (n === 1 ? "1 entry" : `${count(n)} entries`);

interface Log<Entry = AuditEntry> { entries: Entry[]; next_cursor: string | null }

/** The newest entries, as many as `limit` says, page by page. */
async function newestOf<Entry>(url: string, signal?: AbortSignal): Promise<Log<Entry>> {
  const asked = new URL(url, location.href);
  const rows = Number(asked.searchParams.get("limit"));
  const found: Log<Entry> = { entries: [], next_cursor: null };
  do {
    asked.searchParams.set("limit", String(Math.min(kPage, rows - found.entries.length)));
    if (found.next_cursor !== null) asked.searchParams.set("cursor", found.next_cursor);
    const page = await getJson<Log<Entry>>(asked.pathname + asked.search, signal);
    found.entries.push(...page.entries);
    found.next_cursor = page.next_cursor;
  } while (found.next_cursor !== null && found.entries.length < rows);
  return found;
}

/** Where what an entry is about is shown. */
function Subject(props: { entry: AuditEntry }) {
  const { action, subject } = props.entry;
  const page = action.startsWith("promotion.") ? "promotions" : action.startsWith("review.") ? "review" : null;
  return page === null ? <Name text={subject} /> : <a class="code" href={address([page, subject])}><Plain text={subject} /></a>;
}

interface Verdict { service: AuditVerification; shown: number; fault: string | null; isComputed: boolean }

/** The service reads its file from the beginning; this browser computes the hashes of what is shown. */
async function verdictOf(head: string, shown: string, isWhole: boolean): Promise<Verdict> {
  const service = await getJson<AuditVerification>(`/api/audit/verification${head === "" ? "" : `?head=${encodeURIComponent(head)}`}`);
  if (!canHash()) return { service, shown: 0, fault: null, isComputed: false };
  const { entries } = await newestOf<AuditLine>(`${shown}&lines=true`);
  const last = entries.find((e) => e.number === service.entries);
  const fault = last && service.fault === null && last.hash !== service.head ? `entry ${last.number}: it is not the one that the service's file ends with` : await faultIn(entries, isWhole);
  return { service, shown: entries.length, fault, isComputed: true };
}

function Verify(props: { shown: string; isWhole: boolean }) {
  const [head, setHead] = useState("");
  const [busy, setBusy] = useState(false);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [error, setError] = useFailure();
  const verify = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setVerdict(null);
    await verdictOf(head.trim(), props.shown, props.isWhole).then(setVerdict, setError);
    setBusy(false);
  };
  return (
    <section>
      <form class="filters verify" aria-label="verify" onSubmit={(e) => void verify(e)}>
        <label class="search">hash of an entry, written down earlier<input value={head} autocomplete="off" spellcheck={false} placeholder="may be left out" onInput={(e) => setHead(e.currentTarget.value)} /></label>
        <button type="submit" disabled={busy}>{busy ? "verifying \u2026" : "verify"}</button>
      </form>
      <Trouble error={error} />
      <div aria-live="polite" class="verdict">
        {verdict && (verdict.service.fault === null
          ? <p><span class="badge yes">holds</span> {entriesText(verdict.service.entries)} in the service's file, each follows the one before. The last has the hash <code>{verdict.service.head}</code></p>
          : <p class="problem"><Plain text={verdict.service.fault} />; {entriesText(verdict.service.entries)} before hold</p>)}
        {verdict && (verdict.fault !== null ? <p class="problem">Computed in this browser: <Plain text={verdict.fault} /></p>
          : verdict.isComputed ? <p>This browser computed the hashes of the {entriesText(verdict.shown)} shown: they fit.</p>
            : <p class="muted">This browser computes hashes over https, or on the service's own machine, alone.</p>)}
      </div>
    </section>
  );
}

export function AuditPage(props: { query: URLSearchParams }) {
  const subject = props.query.get("subject") ?? "";
  const shown = Math.max(kStep, Number(props.query.get("rows")) || 0);
  const asked = `/api/audit?limit=${shown}${subject === "" ? "" : `&subject=${encodeURIComponent(subject)}`}`;
  const { data, error, reload } = useResource<Log>(asked, newestOf);
  const live = useLive();
  useOnChange(shown <= kPage ? live.audit?.entries : null, reload);
  const entries = data?.entries ?? [];
  return (
    <>
      <PageTitle title="Audit log" eyebrow={<a href="/settings">Settings</a>}>
        <p class="muted">Who decided what, the newest first. Each entry holds the hash of the one before, so that one that was changed, moved or taken away is found: here, and by <code>flywheel audit verify</code>. <code>flywheel audit export</code> writes them all.</p>
      </PageTitle>
      <form class="filters" role="search" aria-label="audit log" onSubmit={(e) => e.preventDefault()}><TextChoice class="search" name="subject" label="about" value={subject} placeholder="the id of a proposal or a review" /></form>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the audit log" />}
      {data && entries.length === 0 && <p>{subject === "" ? "Nothing was decided yet." : "There is no entry about this."}</p>}
      {entries.length > 0 && <Verify key={asked} shown={asked} isWhole={subject === ""} />}
      {entries.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="entries">
          <table class="list audit">
            <thead><tr><th scope="col" class="number">number</th><th scope="col">when</th><th scope="col">who</th><th scope="col">what</th><th scope="col">about</th><th scope="col">why</th></tr></thead>
            <tbody>
              {entries.map((e) => (
                <tr key={e.number}>
                  <th scope="row" class="number">{e.number}</th><td>{moment(e.at)}</td><td><Name text={e.person} /></td>
                  <td>{words(e.action).replace(".", ": ")}</td><td><Subject entry={e} /></td><td class="text-cell"><Plain text={e.reason} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && data.next_cursor !== null && <button type="button" class="more" onClick={() => setQuery({ rows: String(shown + kStep) })}>show older entries</button>}
    </>
  );
}
