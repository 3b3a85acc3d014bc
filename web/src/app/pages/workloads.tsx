import { count, dollars, percent } from "../../components/format";
import { Name } from "../../components/plain";
import { Sparkline } from "../../components/sparkline";
import { useEvery, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { ago, compact, cost } from "../numbers";
import { NotYetStored, PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import type { Statistics } from "../types";

export function Workloads() {
  const live = useLive();
  const { data, error, reload } = useResource<Statistics>("/api/statistics?points=48");
  useOnChange(live.traffic?.records, reload);
  useEvery(data?.workloads.some((w) => !w.is_complete) ? 700 : null, reload);
  return (
    <>
      <PageTitle title="Workloads" tools={<a class="button" href="/discovery">find workloads</a>}><p class="muted">A workload is one task of an application: a route, an agent's node. Each can be taken over by a smaller model on its own.</p></PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the traffic" />}
      <NotYetStored waiting={data?.waiting} />
      {data && data.workloads.length === 0 && <p>No traffic yet. <a href="/">How to send some</a>.</p>}
      {data && data.workloads.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="workloads">
          <table class="list">
            <thead><tr><th scope="col">workload</th><th scope="col">client</th><th scope="col">over time</th><th scope="col" class="number">interactions</th><th scope="col" class="number">tokens</th><th scope="col" class="number">cost</th><th scope="col" class="number">errors</th><th scope="col">newest</th></tr></thead>
            <tbody>
              {data.workloads.map((w) => (
                <tr key={`${w.workload_id}\n${w.client_id}`}>
                  <th scope="row"><a href={address(["workloads", w.workload_id], { client: w.client_id })}><Name text={w.workload_id} /></a></th>
                  <td><Name text={w.client_id} /></td>
                  <td class="spark"><Sparkline values={w.series.points.map((p) => p.records)} label="interactions over time" /></td>
                  <td class="number">{count(w.records)}</td>
                  <td class="number">{compact(w.total.prompt_tokens + w.total.completion_tokens)}</td>
                  <td class="number">{data.production.price ? dollars(cost(w.total, data.production.price)) : "\u2013"}</td>
                  <td class="number">{w.total.records > 0 ? percent(w.total.errors / w.total.records) : "\u2013"}</td>
                  <td>{ago(w.newest)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
