import { count, percent, words } from "../../components/format";
import { Plain } from "../../components/plain";
import type { Report } from "../../report/model";
import { useResource } from "../api";
import { address } from "../place";
import type { JobDetail } from "../types";

type Leak = NonNullable<Report["dataset"]["leak"]>;
type Pair = Leak["pairs"][number];

function PairItem(props: { pair: Pair }) {
  const { pair } = props;
  const side = (name: string, row: Pair["training"]) => <li>{name} <span class="code">{row.record_id}</span> <Plain text={row.text} /></li>;
  return (
    <li>
      {pair.kind === "answer" ? "a training row holds the answer" : `likeness ${percent(pair.likeness)}`}
      <ul class="reasons">{side("evaluation", pair.evaluation)}{side("training", pair.training)}</ul>
    </li>
  );
}

/** What leaks in the datasets of a run that failed on it: the figures, and the pairs to look at. */
export function RefusedDatasets(props: { job: JobDetail }) {
  const { job } = props;
  const isFailed = job.status === "failed" && job.datasets.length === 0;
  const { data } = useResource<Report>(isFailed ? `/api/jobs/${job.id}/report` : null);
  const leak = data?.dataset.leak;
  if (!isFailed || !leak || data.dataset.refused === undefined) return null;
  const figures = Object.entries(leak).filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[0] !== "near_duplicate_threshold");
  return (
    <section>
      <h2><a href={address(["datasets", job.id])}>Refused datasets</a></h2>
      <p class="muted small">They leak more than the run allows, and are not kept.</p>
      <ul class="facts-list">{figures.map(([name, n]) => <li key={name}>{words(name)}: {count(n)}</li>)}</ul>
      {leak.pairs.length > 0 && <><h3>pairs to look at</h3><ul class="facts-list">{leak.pairs.map((pair, i) => <PairItem key={i} pair={pair} />)}</ul></>}
    </section>
  );
}
