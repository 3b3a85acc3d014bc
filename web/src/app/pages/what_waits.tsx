import { count, plural } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { address } from "../place";
import type { JobSummary, Promotion, ReviewSummary } from "../types";

const kFailed = 3;

/** What a person should look at: reviews with rows that nobody has judged, and runs that failed lately. */
export function WhatWaits(props: { jobs: JobSummary[] }) {
  const reviews = useResource<{ reviews: ReviewSummary[] }>("/api/reviews");
  const open = (reviews.data?.reviews ?? []).filter((r) => r.counts.judged < r.counts.items);
  const failed = props.jobs.filter((j) => j.status === "failed").slice(0, kFailed);
  const promotions = useResource<{ promotions: Promotion[] }>("/api/promotions");
  const live = useLive();
  useOnChange(live.promotions?.revision, promotions.reload);
  useOnChange(live.reviews?.revision, reviews.reload);
  const proposed = (promotions.data?.promotions ?? []).filter((p) => p.stage === "proposed" || p.stage === "signed_off");
  if (failed.length === 0 && open.length === 0 && proposed.length === 0) return null;
  return (
    <section>
      <h2>Waits for you</h2>
      <ul class="lines">
        {open.map((r) => (
          <li key={r.id} class="line">
            <a href={address(["review", r.id])}><span class="badge">review</span><strong><Name text={r.workload_id} /></strong><span><Plain text={r.model_name} />: {plural(r.counts.items - r.counts.judged, "row")} to judge</span><span class="muted right">{count(r.counts.judged)} of {count(r.counts.items)} judged</span></a>
          </li>
        ))}
        {proposed.map((p) => (
          <li key={p.id} class="line">
            <a href={address(["promotions", p.id])}><span class="badge">promotion</span><strong><Name text={p.workload_id} /></strong><span><Plain text={p.model_name} /> {p.stage === "proposed" ? "waits for a signature" : "is signed and may start"}</span></a>
          </li>
        ))}
        {failed.map((j) => <li key={j.id} class="line"><a href={address(["runs", j.id])}><span class="badge no">failed</span>a run of <strong><Name text={j.workload_id} /></strong> failed: see why</a></li>)}
      </ul>
    </section>
  );
}
