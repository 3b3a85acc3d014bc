import { moment } from "../../components/format";
import { Name } from "../../components/plain";
import { useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { Badge, PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import type { JobSummary } from "../types";

const kShown = 200;

/** A run's datasets have one card: the list of cards is that of the runs. */
export function Datasets() {
  const { data, error, reload } = useResource<{ jobs: JobSummary[] }>(`/api/jobs?limit=${kShown}`);
  useOnChange(useLive().jobs?.revision, reload, 300);
  const jobs = data?.jobs ?? [];
  return (
    <>
      <PageTitle title="Datasets"><p class="muted">Each run draws an evaluation dataset, the same with examples, and training rows out of a workload's traffic. Its card says what went in, what was left out and why, and what stands on both sides although it should not.</p></PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the runs" />}
      {data && jobs.length === 0 && <p>None yet: <a href="/runs/new">start a run</a>.</p>}
      {jobs.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="datasets">
          <table class="list">
            <thead><tr><th scope="col">card</th><th scope="col">workload</th><th scope="col">client</th><th scope="col">ordered</th><th scope="col">run</th></tr></thead>
            <tbody>
              {jobs.map((job) => (
                <tr key={job.id}>
                  <th scope="row"><a class="code" href={address(["datasets", job.id])}>{job.id.slice(0, 8)}</a></th>
                  <td><Name text={job.workload_id} /></td>
                  <td><Name text={job.client_id} /></td>
                  <td>{moment(job.started_at)}</td>
                  <td><Badge text={job.status} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {jobs.length === kShown && <p class="muted small">The newest {kShown}; the cards of older runs are reached from <a href="/runs">Runs</a>.</p>}
    </>
  );
}
