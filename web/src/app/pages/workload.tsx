import { count, dollars, moment, percent, plural, seconds } from "../../components/format";
import { useFold } from "../../components/fold";
import { Name, Plain } from "../../components/plain";
import { TimeBars } from "../../components/time_bars";
import { useEvery, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { compact, cost, isUsageUnknown, kNotKnown, parseTime, stretch } from "../numbers";
import { Choice, Figure, NotYetStored, PageTitle, Trouble, Waiting } from "../parts";
import { address, usePlace } from "../place";
import type { JobSummary, NamedCount, Point, Statistics, WorkloadStatistics } from "../types";
import { JobLine } from "./overview";
import { PromotionLine, usePromotions } from "./promoted";
import { StartLink } from "./start_link";

interface Measure { name: string; parts: string[]; values: (p: Point) => number[]; text: (v: number) => string }

function measuresOf(statistics: Statistics): Record<string, Measure> {
  const price = statistics.production.price;
  return {
    volume: { name: "interactions", parts: ["answered", "errors"], values: (p) => [p.records - p.errors, p.errors], text: (v) => compact(Math.round(v * 10) / 10) },
    tokens: { name: "tokens", parts: ["of the requests", "of the answers"], values: (p) => [p.prompt_tokens, p.completion_tokens], text: compact },
    ...(price && { cost: { name: "cost", parts: ["cost"], values: (p: Point) => [cost(p, price)], text: dollars } }),
  };
}

function OverTime(props: { statistics: Statistics; workload: WorkloadStatistics; shown: string }) {
  const { workload: w } = props;
  const measures = measuresOf(props.statistics);
  const measure = measures[props.shown] ?? measures.volume!;
  const width = w.series.width_seconds;
  const bars = w.series.points.map((p) => ({ at: parseTime(p.at), values: measure.values(p), title: `${moment(p.at)}: ${measure.parts.map((name, i) => `${measure.text(measure.values(p)[i]!)} ${name}`).join(", ")}` }));
  return (
    <section>
      <div class="head">
        <h2>Over time</h2>
        <span class="choice"><Choice name="show" label="what" value={props.shown} any="interactions" options={Object.entries(measures).filter(([k]) => k !== "volume").map(([k, m]) => [k, m.name])} /></span>
      </div>
      <TimeBars bars={bars} width={width * 1000} yText={measure.text} parts={measure.parts} label={`${measure.name} over time, one bar for each ${stretch(width)}`} />
      <p class="small muted">One bar for each {stretch(width)}.{props.shown === "cost" && ` At the price that the configuration gives for ${props.statistics.production.name ?? "production"}.`}</p>
    </section>
  );
}

/** What was made of the traffic: its runs, their datasets, and the models that were proposed for it. */
function MadeOfIt(props: { workload: WorkloadStatistics; jobs: JobSummary[] }) {
  const isOf = (of: { workload_id: string; client_id: string }) => of.workload_id === props.workload.workload_id && of.client_id === props.workload.client_id;
  const jobs = props.jobs.filter(isOf);
  const promotions = usePromotions().filter(isOf).reverse();
  const drawn = jobs.filter((j) => j.status === "completed");
  return (
    <>
      <section>
        <h2>Promotions</h2>
        {promotions.length > 0 ? <ul class="lines">{promotions.map((p) => <PromotionLine key={p.id} promotion={p} />)}</ul> : <p class="muted">No model was proposed for this workload yet.</p>}
      </section>
      <section>
        <h2>Runs</h2>
        {jobs.length > 0 ? <ul class="lines">{jobs.map((j) => <JobLine key={j.id} job={j} />)}</ul> : <p class="muted">None yet of this workload.</p>}
      </section>
      <section>
        <h2>Datasets</h2>
        {drawn.length > 0 ? <ul class="lines plain">{drawn.map((j) => <li key={j.id}><a href={address(["datasets", j.id])}>drawn {moment(j.started_at)}</a> <span class="muted small">for the run <span class="code">{j.id.slice(0, 8)}</span></span></li>)}</ul> : <p class="muted">A run that completes leaves its datasets here.</p>}
      </section>
    </>
  );
}

/** Names with their shares, each a link to its interactions. */
function Counts(props: { title: string; counts: NamedCount[]; link: (name: string) => string | null; things: string }) {
  const total = props.counts.reduce((a, c) => a + c.records, 0);
  const { beyond, button } = useFold(props.counts.length, 12, props.things);
  if (props.counts.length === 0) return null;
  return (
    <section class="counts">
      <h2>{props.title}</h2>
      <ul class="bars-list">
        {props.counts.map((c, i) => {
          const link = props.link(c.name);
          return (
            <li key={c.name} class={beyond(i)}>
              <span class="name-cell">{link ? <a href={link}><Name text={c.name} /></a> : <Name text={c.name} />}</span>
              <span class="share-bar" aria-hidden="true"><i style={{ width: `${(100 * c.records) / total}%` }} /></span>
              <span class="number">{count(c.records)} <span class="muted small">{percent(c.records / total)}</span></span>
            </li>
          );
        })}
      </ul>
      {button}
    </section>
  );
}

function Figures(props: { workload: WorkloadStatistics; statistics: Statistics }) {
  const { total, records, oldest, newest } = props.workload;
  const price = props.statistics.production.price;
  const isUnknown = isUsageUnknown(total);
  return (
    <dl class="figures">
      <Figure name="interactions" value={count(records)}>{moment(oldest)} to {moment(newest)}</Figure>
      <Figure name="tokens" value={isUnknown ? kNotKnown : compact(total.prompt_tokens + total.completion_tokens)}>{!isUnknown && `${compact(total.prompt_tokens)} asked, ${compact(total.completion_tokens)} answered`}{!isUnknown && total.without_usage > 0 && "; "}{total.without_usage > 0 && `${count(total.without_usage)} do not say`}</Figure>
      {price && <Figure name="cost" value={isUnknown ? kNotKnown : dollars(cost(total, price))}>at the price of <Plain text={props.statistics.production.name ?? "production"} />{total.without_usage > 0 && ", of those that say their tokens"}</Figure>}
      <Figure name="errors" value={total.records > 0 ? percent(total.errors / total.records) : "\u2013"}>{plural(total.errors, "interaction")} without an answer</Figure>
      {total.seconds_mean !== null && <Figure name="time" value={seconds(total.seconds_mean)}>mean of an answer</Figure>}
    </dl>
  );
}

function OneWorkload(props: { workload: WorkloadStatistics; statistics: Statistics; jobs: JobSummary[]; shown: string }) {
  const w = props.workload;
  const traffic = (query: Record<string, string>) => address(["traffic"], { workload: w.workload_id, client: w.client_id, ...query });
  return (
    <>
      {!w.is_complete && <p class="small muted" role="status">Counted so far: {count(w.total.records)} of {count(w.records)}.</p>}
      <Figures workload={w} statistics={props.statistics} />
      <OverTime statistics={props.statistics} workload={w} shown={props.shown} />
      <div class="columns">
        <Counts title="Classes of answers" counts={w.classes} things="classes" link={(name) => (name === "(other)" ? null : traffic({ class: name }))} />
        <Counts title="Models that answered" counts={w.models} things="models" link={(name) => traffic({ model: name })} />
        <Counts title="How they ended" counts={w.endings} things="ends" link={(name) => traffic({ ending: name })} />
        <Counts title="Finish reasons" counts={w.finish_reasons} things="reasons" link={() => null} />
        <Counts title="Ways in" counts={w.origins} things="ways" link={(name) => traffic({ origin: name })} />
        <Counts title="Who answered on the routes" counts={w.variants} things="variants" link={() => null} />
      </div>
      <MadeOfIt workload={w} jobs={props.jobs} />
    </>
  );
}

export function WorkloadPage(props: { workload: string; client: string }) {
  const live = useLive();
  const { query } = usePlace();
  const filter = new URLSearchParams({ workload_id: props.workload, points: "96", ...(props.client !== "" && { client_id: props.client }) });
  const statistics = useResource<Statistics>(`/api/statistics?${filter}`);
  const jobs = useResource<{ jobs: JobSummary[] }>("/api/jobs?limit=200");
  useOnChange(live.traffic?.records, statistics.reload);
  useOnChange(live.jobs?.revision, jobs.reload, 300);
  useEvery(statistics.data?.workloads.some((w) => !w.is_complete) ? 700 : null, statistics.reload);
  const found = statistics.data?.workloads ?? [];
  const w = found[0];
  const tools = w && (
    <span class="tools">
      <a class="button" href={address(["traffic"], { workload: w.workload_id, client: w.client_id })}>its traffic</a>
      <StartLink of={w} />
    </span>
  );
  return (
    <>
      <PageTitle title={props.workload} eyebrow={<a href="/workloads">Workloads</a>} tools={tools}>
        {w && found.length === 1 && <p class="muted">traffic of <Plain text={w.client_id} /></p>}
        {found.length > 1 && <p class="filters"><Choice name="client" label="traffic of" value={w!.client_id} any="choose" options={found.map((f) => [f.client_id, f.client_id])} /></p>}
      </PageTitle>
      <Trouble error={statistics.error} retry={statistics.reload} />
      {!statistics.data && !statistics.error && <Waiting what="the traffic" />}
      <NotYetStored waiting={statistics.data?.waiting} />
      {statistics.data && !w && <p class="problem">There is no traffic of this workload.</p>}
      {w && statistics.data && <OneWorkload workload={w} statistics={statistics.data} jobs={jobs.data?.jobs ?? []} shown={query.get("show") ?? ""} />}
    </>
  );
}
