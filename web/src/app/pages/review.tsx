import { count, percent, plural, words } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { kDecisionWords, fullName } from "../../report/model";
import { useKept, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { Badge, Choice, Figure, PageTitle, Trouble, Waiting } from "../parts";
import { usePerson } from "../person";
import { PersonForm } from "../person_field";
import { useMay } from "../session";
import { address, setQuery } from "../place";
import type { QueueItem, ReviewAgreement, RowSource, WholeReview } from "../types";

/** What a person still has to judge, in the queue's order. */
export const openItems = (queue: QueueItem[]): QueueItem[] => queue.filter((i) => i.mine === null);

function Figures(props: { review: WholeReview }) {
  const { counts, quality, judge, shadow } = props.review;
  return (
    <dl class="figures">
      <Figure name="judged" value={`${count(counts.judged - (shadow?.judged ?? 0))} of ${count(counts.items - (shadow?.items ?? 0))}`}>rows of the evaluation on which the two differ{props.review.left_out > 0 && `; ${count(props.review.left_out)} more are not in the queue`}</Figure>
      <Figure name="as good as production" value={quality ? percent(quality.as_good) : "\u2013"}>{quality ? `${percent(quality.low)} to ${percent(quality.high)} of the traffic, people's verdicts counted` : "known after the first verdict"}</Figure>
      {shadow && <Figure name="of live traffic" value={`${count(shadow.judged)} of ${count(shadow.items)}`}>requests on which the two differ are judged{shadow.as_good !== null && `; on ${percent(shadow.as_good)} of ${count(shadow.told)} the candidate is no worse (${percent(shadow.low)} to ${percent(shadow.high)})`}. They count in no other figure.</Figure>}
      {judge && <Figure name="the judge against people" value={`${count(judge.found_good + judge.found_bad)} of ${count(judge.good + judge.bad)}`}>finds good what is good: {percent(judge.sensitivity.low, 0)} to {percent(judge.sensitivity.high, 0)}, bad what is bad: {percent(judge.specificity.low, 0)} to {percent(judge.specificity.high, 0)}</Figure>}
    </dl>
  );
}

function Agreements(props: { agreements: ReviewAgreement[] }) {
  if (props.agreements.length === 0) return null;
  return (
    <section>
      <h2>How people agree</h2>
      <ul class="lines plain">
        {props.agreements.map((a) => (
          <li key={a.people.join("\n")}>
            <Plain text={a.people[0]} /> and <Plain text={a.people[1]} />: the same verdict on {count(a.equal)} of {plural(a.rows, "row")}
            {a.kappa !== null && <>, Cohen's kappa <strong>{a.kappa.toFixed(2)}</strong> <span class="muted">({a.low.toFixed(2)} to {a.high.toFixed(2)})</span></>}
          </li>
        ))}
      </ul>
    </section>
  );
}

const kShown = 60;

/** Whose rows are meant, as it stands in the address. */
export const sourceOf = (query: URLSearchParams): RowSource | "" => {
  const from = query.get("from");
  return from === "evaluation" || from === "shadow" ? from : "";
};
export const kShadowTag = "of live traffic";

function QueueList(props: { review: WholeReview; from: string; rows: string }) {
  const shown = Math.max(kShown, Number(props.rows) || 0);
  const { queue, id } = props.review;
  return (
    <section>
      <h2>Queue</h2>
      <p class="small muted">The most telling first: high stakes, rare classes, and rows on which judge and metric disagree. Rows that differ alike stand together.{props.review.shadow && " Requests of live traffic come after them, as they came in."}</p>
      {props.review.shadow && <p class="filters"><Choice name="from" label="rows" value={props.from} any="all" options={[["evaluation", "of the evaluation"], ["shadow", kShadowTag]]} /></p>}
      <ol class="lines">
        {queue.slice(0, shown).map((item, i) => (
          <li key={item.record_id}>
            <a class="queue-line" href={address(["review", id, item.record_id], { from: props.from })}>
              <span><strong>{item.class ? <Name text={item.class} /> : `row ${i + 1}`}</strong> <span class="tags">{item.source === "shadow" && <span class="tag">{kShadowTag}</span>}{item.why.map((w) => <span key={w} class="tag">{w}</span>)}{i > 0 && queue[i - 1]!.group === item.group && <span class="tag">like the one before</span>}</span></span>
              <span class="small muted">{item.mine !== null ? words(item.mine) : item.judged_by > 0 ? `judged by ${item.judged_by}` : "open"}</span>
            </a>
          </li>
        ))}
      </ol>
      {queue.length > shown && <button type="button" class="more" onClick={() => setQuery({ rows: String(shown + 200) })}>show more ({count(queue.length - shown)} left)</button>}
    </section>
  );
}

export function ReviewPage(props: { id: string; query: URLSearchParams }) {
  const from = sourceOf(props.query);
  const [person, setPerson] = usePerson();
  const { data: known, error, reload } = useResource<WholeReview>(`/api/reviews/${encodeURIComponent(props.id)}?person=${encodeURIComponent(person)}&source=${from}`);
  // Who leaves the name's field by a click on a row is on the way to that row while the answer for the name comes.
  const data = useKept(known);
  useOnChange(useLive().reviews?.revision, reload);
  const may = useMay("reviewer");
  const next = data ? openItems(data.queue)[0] : undefined;
  return (
    <>
      <PageTitle title={data ? `Review of ${data.workload_id}` : "Review"} eyebrow={<a href="/review">Reviews</a>} tools={data && <a class="button" href={`/api/reviews/${encodeURIComponent(data.id)}/labels.jsonl`} download={`labels-${data.id}.jsonl`}>labels as JSONL</a>}>
        {data && <p class="muted"><Plain text={fullName(data.model_name, data.variant)} /> against production on {plural(data.rows, "row")}, of which {count(data.divergent)} differ · the run's verdict: <Badge text={kDecisionWords[data.decision] ?? data.decision} tone={data.decision} /> · <a href={address(["runs", data.job_id, "report"])}>report</a></p>}
      </PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the review" />}
      <PersonForm person={person} set={setPerson} />
      {data && (
        <>
          <p class="tools">
            {next && !may && <span class="muted">Judging takes the role reviewer.</span>}
            {next && may && person !== "" && <a class="button main" href={address(["review", data.id, next.record_id], { from })}>judge the next row</a>}
            {next && may && person === "" && <span class="muted">Say who you are to begin.</span>}
            {!next && <span role="status">You have judged every row{from === "shadow" && " of live traffic"}{from === "evaluation" && " of the evaluation"}.</span>}
          </p>
          <Figures review={data} />
          <Agreements agreements={data.agreements} />
          <QueueList review={data} from={from} rows={props.query.get("rows") ?? ""} />
        </>
      )}
    </>
  );
}
