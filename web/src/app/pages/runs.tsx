import { useEffect, useState } from "preact/hooks";
import { moment, seconds } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { getJson, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { parseTime } from "../numbers";
import { Badge, PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import type { JobSummary } from "../types";

interface JobPage { jobs: JobSummary[]; next_cursor: string | null }

const took = (job: JobSummary): string => (job.finished_at === null ? "\u2013" : seconds((parseTime(job.finished_at) - parseTime(job.started_at)) / 1000));

export function Runs() {
  const live = useLive();
  const { data, error, reload } = useResource<JobPage>("/api/jobs?limit=50");
  const [older, setOlder] = useState<JobPage>({ jobs: [], next_cursor: null });
  useOnChange(live.jobs?.revision, reload, 300);
  useEffect(() => {
    if (data && older.jobs.length === 0) setOlder({ jobs: [], next_cursor: data.next_cursor });
  }, [data]);
  const more = async () => {
    const page = await getJson<JobPage>(`/api/jobs?limit=200&cursor=${encodeURIComponent(older.next_cursor!)}`);
    setOlder({ jobs: older.jobs.concat(page.jobs), next_cursor: page.next_cursor });
  };
  const first = data?.jobs ?? [];
  const jobs = first.concat(older.jobs.filter((j) => !first.some((f) => f.id === j.id)));
  return (
    <>
      <PageTitle title="Runs" tools={<a class="button main" href="/runs/new">start a run</a>}>
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
                  <td><Badge text={job.status} /></td>
                  <td><Name text={job.workload_id} /></td>
                  <td><Plain text={job.client_id} /></td>
                  <td>{moment(job.started_at)}</td>
                  <td>{took(job)}</td>
                  <td><a href={address(["runs", job.id, "report"])}>report</a></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {older.next_cursor !== null && <button type="button" class="more" onClick={() => { void more(); }}>show older runs</button>}
    </>
  );
}
