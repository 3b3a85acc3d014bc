import { moment, seconds } from "../../components/format";
import { Name } from "../../components/plain";
import { getJson, useKept, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { parseTime } from "../numbers";
import { Badge, PageTitle, Trouble, Waiting } from "../parts";
import { address, setQuery } from "../place";
import type { JobSummary } from "../types";
import { StartLink } from "./start_link";

interface JobPage { jobs: JobSummary[]; next_cursor: string | null }

const kStep = 50;
const kPage = 200;
/** Of longer lists only what is asked for anew is. */
const kMostLive = 1000;

/** The newest runs, as many as `limit` says, page by page. */
async function newestOf(url: string, signal: AbortSignal): Promise<JobPage> {
  const rows = Number(new URL(url, location.href).searchParams.get("limit"));
  const found: JobPage = { jobs: [], next_cursor: null };
  do {
    const cursor: string = found.next_cursor === null ? "" : `&cursor=${encodeURIComponent(found.next_cursor)}`;
    const page = await getJson<JobPage>(`/api/jobs?limit=${Math.min(kPage, rows - found.jobs.length)}${cursor}`, signal);
    found.jobs.push(...page.jobs);
    found.next_cursor = page.next_cursor;
  } while (found.next_cursor !== null && found.jobs.length < rows);
  return found;
}

const took = (job: JobSummary): string => (job.finished_at === null ? "\u2013" : seconds((parseTime(job.finished_at) - parseTime(job.started_at)) / 1000));

export function Runs(props: { query: URLSearchParams }) {
  const live = useLive();
  const shown = Math.max(kStep, Number(props.query.get("rows")) || 0);
  const { data: asked, error, reload } = useResource<JobPage>(`/api/jobs?limit=${shown}`, newestOf);
  useOnChange(shown <= kMostLive ? live.jobs?.revision : null, reload, 300);
  const data = useKept(asked);
  const jobs = data?.jobs ?? [];
  return (
    <>
      <PageTitle title="Runs" tools={<StartLink />}>
        <p class="muted">A run draws datasets from a workload's traffic, evaluates every candidate, fine-tunes it, evaluates again, and says whether one can take over.</p>
      </PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the runs" />}
      {data && jobs.length === 0 && <p>None yet.</p>}
      {jobs.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="runs">
          <table class="list">
            <thead><tr><th scope="col">run</th><th scope="col">status</th><th scope="col">workload</th><th scope="col">client</th><th scope="col">ordered</th><th scope="col">took</th><th scope="col">report</th></tr></thead>
            <tbody>
              {jobs.map((job) => (
                <tr key={job.id}>
                  <th scope="row"><a class="code" href={address(["runs", job.id])}>{job.id.slice(0, 8)}</a></th>
                  <td><Badge text={job.status} />{job.datasets_only && <span class="muted small"> datasets only</span>}</td>
                  <td><Name text={job.workload_id} /></td>
                  <td><Name text={job.client_id} /></td>
                  <td>{moment(job.started_at)}</td>
                  <td>{took(job)}</td>
                  <td><a href={address(["runs", job.id, "report"])}>report</a></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && data.next_cursor !== null && <button type="button" class="more" onClick={() => setQuery({ rows: String(shown + kPage) })}>show older runs</button>}
    </>
  );
}
