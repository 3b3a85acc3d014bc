import { count, plural, words } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { DatasetSection } from "../../report/dataset";
import type { Report } from "../../report/model";
import { useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { changesOf, type Change } from "../card_figures";
import { PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import type { ReviewSummary } from "../types";
import { PromotionLine, usePromotions } from "./promoted";
import { OtherRun } from "./same_traffic";

const reportOf = (id: string): string => `/api/jobs/${encodeURIComponent(id)}/report`;
const cardOf = (report: Report) => report.dataset as unknown as Record<string, unknown>;

function byOf(c: Change): string {
  if (c.before === null || c.after === null) return c.before === null ? "new" : "gone";
  const by = c.after - c.before;
  return `${by > 0 ? "+" : "\u2212"}${count(Math.abs(by))}`;
}

/** The figures in which two cards differ. */
function Differences(props: { before: Report; after: Report }) {
  const changes = changesOf(cardOf(props.before), cardOf(props.after));
  const digests = (report: Report) => report.dataset.datasets.map((d) => d.digest).join();
  const isSame = digests(props.before) === digests(props.after);
  const groups = [...new Set(changes.map((c) => c.group))];
  return (
    <>
      <p role="status">{isSame ? "The datasets are the same, byte for byte." : `The datasets differ${changes.length === 0 ? ", though no figure of their cards does" : ""}.`}</p>
      {changes.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="what differs">
          <table class="list">
            <thead><tr><th scope="col">figure</th><th scope="col" class="number">there</th><th scope="col" class="number">here</th><th scope="col" class="number">by</th></tr></thead>
            {groups.map((group) => (
              <tbody key={group}>
                <tr class="part"><th colSpan={4} scope="rowgroup">{words(group)}</th></tr>
                {changes.filter((c) => c.group === group).map((c) => (
                  <tr key={c.name}><th scope="row"><Plain text={words(c.name)} /></th><td class="number">{count(c.before)}</td><td class="number">{count(c.after)}</td><td class="number">{byOf(c)}</td></tr>
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  );
}

/** Beside another run of the same traffic. */
function Compared(props: { id: string; report: Report; other: string }) {
  const { id, report, other } = props;
  const before = useResource<Report>(other === "" ? null : reportOf(other));
  return (
    <section>
      <h2>Beside another run's</h2>
      <form class="filters" onSubmit={(e) => e.preventDefault()}><OtherRun id={id} of={report.job} value={other} any="none" /></form>
      <Trouble error={before.error} retry={before.reload} />
      {other !== "" && !before.data && !before.error && <Waiting what="the other card" />}
      {before.data && <Differences before={before.data} after={report} />}
    </section>
  );
}

/** What the rows came from, and what came of them. */
function Lineage(props: { id: string; report: Report }) {
  const { id, report } = props;
  const { holdout, corrections, steps } = report.dataset;
  const { workload_id: workload, client_id: client } = report.job;
  const reviews = useResource<{ reviews: ReviewSummary[] }>("/api/reviews");
  useOnChange(useLive().reviews?.revision, reviews.reload);
  const promotions = usePromotions().filter((p) => p.job_id === id);
  const trained = report.candidates.filter((c) => c.customization?.status === "completed");
  const own = (reviews.data?.reviews ?? []).filter((r) => r.job_id === id);
  return (
    <section>
      <h2>Lineage</h2>
      <ul class="facts-list lineage">
        <li>from <a href={address(["traffic"], { workload, client })}>the traffic</a>: {plural(steps[0]?.in ?? 0, "record")} looked at</li>
        {holdout && <li>evaluation rows of <a href={address(["datasets", holdout.job])}>the datasets of run <span class="code">{holdout.job.slice(0, 8)}</span></a></li>}
        {corrections && corrections.given > 0 && <li>{plural(corrections.given, "corrected answer")} out of <a href="/review">reviews</a>: {count(corrections.train + corrections.validation)} taught</li>}
        {trained.map((c) => <li key={c.model_name}>trained <Name text={c.model_name} />{c.customization!.rows !== null && <> on {plural(c.customization!.rows, "row")}</>}</li>)}
        <li>evaluated {plural(report.candidates.length, "candidate")}: <a href={address(["runs", id, "report"])}>the report</a></li>
        {own.map((r) => <li key={r.id}><a href={address(["review", r.id])}>reviewed</a> by people: {count(r.counts.judged)} of {plural(r.counts.items, "row")}</li>)}
        {promotions.length === 0 && <li class="muted">no model of it was proposed for traffic</li>}
      </ul>
      {promotions.length > 0 && <ul class="lines">{promotions.map((p) => <PromotionLine key={p.id} promotion={p} />)}</ul>}
    </section>
  );
}

const kEnded = ["completed", "failed", "cancelled"];

export function DatasetPage(props: { id: string; query: URLSearchParams }) {
  const { id, query } = props;
  const { data, error, reload } = useResource<Report>(reportOf(id));
  const live = useLive();
  useOnChange(data && !kEnded.includes(data.job.status) ? live.jobs?.revision : null, reload);
  return (
    <>
      <PageTitle title={data ? `Datasets of ${data.job.workload_id}` : "Datasets"} eyebrow={<a href="/datasets">Datasets</a>}>
        {data && <p class="muted">Traffic of <Plain text={data.job.client_id} /> · drawn for the run <a class="code" href={address(["runs", id])}><Name text={id.slice(0, 8)} /></a> · seed {data.reproduce.seed}</p>}
      </PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the card" />}
      {data && data.dataset.steps.length === 0 && <p>The run has drawn none{data.job.status === "running" && " yet"}.</p>}
      {data && <div class="report"><DatasetSection dataset={data.dataset} /></div>}
      {data && data.dataset.steps.length > 0 && <Lineage id={id} report={data} />}
      {data && data.dataset.steps.length > 0 && <Compared id={id} report={data} other={query.get("with") ?? ""} />}
    </>
  );
}
