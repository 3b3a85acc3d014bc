import { count, percent, plural } from "../../components/format";
import { Name } from "../../components/plain";
import { fullName } from "../../report/model";
import { useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { ago } from "../numbers";
import { PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import type { ReviewSummary } from "../types";

export function Reviews() {
  const { data, error, reload } = useResource<{ reviews: ReviewSummary[] }>("/api/reviews");
  useOnChange(useLive().reviews?.revision, reload);
  return (
    <>
      <PageTitle title="Review"><p class="muted">People judge the answers on which a candidate and production differ, before anybody relies on it.</p></PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the reviews" />}
      {data && data.reviews.length === 0 && <p>None yet. A run whose verdict is promising opens one; of any other ended run its page does when you ask for it.</p>}
      {data && data.reviews.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="reviews">
          <table class="list">
            <thead><tr><th scope="col">workload</th><th scope="col">candidate</th><th scope="col" class="number">judged</th><th scope="col">as good as production</th><th scope="col">people</th><th scope="col">opened</th></tr></thead>
            <tbody>
              {data.reviews.map((r) => (
                <tr key={r.id}>
                  <th scope="row"><a href={address(["review", r.id])}><Name text={r.workload_id} /></a></th>
                  <td><Name text={fullName(r.model_name, r.variant)} /></td>
                  <td class="number">{count(r.counts.judged)} of {count(r.counts.items)}</td>
                  <td>{r.quality ? `${percent(r.quality.as_good)} (${percent(r.quality.low)} to ${percent(r.quality.high)})` : "\u2013"}</td>
                  <td>{plural(Object.keys(r.counts.people).length, "person").replace("persons", "people")}</td>
                  <td>{ago(r.created_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
