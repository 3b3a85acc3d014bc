// The choice of another run of the same traffic, to stand beside one.
import { moment } from "../../components/format";
import { useResource } from "../api";
import { Choice } from "../parts";
import type { JobSummary } from "../types";

const kListed = 200;

/** Stands in the address as `with`. */
export function OtherRun(props: { id: string; of: { workload_id: string; client_id: string }; value: string; any: string; also?: Record<string, string> }) {
  const { id, of } = props;
  const { data } = useResource<{ jobs: JobSummary[] }>(`/api/jobs?limit=${kListed}`);
  const options = (data?.jobs ?? []).filter((j) => j.id !== id && j.workload_id === of.workload_id && j.client_id === of.client_id).map((j): [string, string] => [j.id, `${j.id.slice(0, 8)}, ${moment(j.started_at)}`]);
  return (
    <>
      <Choice name="with" label="run" value={props.value} any={props.any} also={props.also} options={options} />
      {data && options.length === 0 && <p class="muted small">There is no other run of this traffic{data.jobs.length === kListed && ` among the newest ${kListed}`}.</p>}
    </>
  );
}
