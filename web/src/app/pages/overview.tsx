import { CopyButton } from "../../components/copy";
import { count, dollars, plural } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { Sparkline } from "../../components/sparkline";
import { useEvery, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { ago, compact, cost, stretch, isUsageUnknown, kNotKnown } from "../numbers";
import { Badge, Figure, NotYetStored, PageTitle, Trouble, Waiting } from "../parts";
import { address, setQuery, usePlace } from "../place";
import { listenersOf, type Listener } from "../listeners";
import { useMay, useSession } from "../session";
import type { JobSummary, Statistics, WorkloadStatistics } from "../types";
import { OnTraffic } from "./promoted";
import { WhatWaits } from "./what_waits";

/** Where the commands look by themselves. */
const kUsualService = "http://127.0.0.1:8000";

interface Command { title: string; text: string; note?: string }

/** `url` as it is reached from where this page is: a listener on all of a machine's addresses names none of them. */
function reached(url: string): string {
  const whole = new URL(url);
  if (["0.0.0.0", "[::]"].includes(whole.hostname)) whole.hostname = location.hostname;
  return whole.origin;
}

function commandsOf(listeners: Listener[], asksForKey: boolean): Command[] {
  const { origin } = location;
  const server = origin === kUsualService ? "" : ` --server ${origin}`;
  const key = asksForKey ? ' -H "authorization: Bearer $FLYWHEEL_KEY"' : "";
  const gateway = listeners.find((l) => l.name === "gateway");
  const through: Command = { title: "All that an application asks, through the gateway", text: "" };
  if (gateway?.url) through.text = `export OPENAI_BASE_URL=${reached(gateway.url)}/v1`;
  else if (!gateway) Object.assign(through, { text: "flywheel serve --upstream https://api.openai.com/v1\nexport OPENAI_BASE_URL=http://127.0.0.1:8001/v1", note: "The gateway is off. A service that is started so has it." });
  if (gateway?.trouble) through.note = `The gateway has a trouble: ${gateway.trouble}`;
  return [
    { title: "Sample traffic of a customer-service agent", text: `flywheel sample --workload router --count 1400 > traffic.jsonl\nflywheel load traffic.jsonl${server}` },
    { title: "One interaction, as an application logs it", text: `curl -sS ${origin}/api/records${key} -H 'content-type: application/x-ndjson' --data-raw '{"timestamp": ${Math.floor(Date.now() / 1000)}, "workload_id": "first", "client_id": "me", "request": {"model": "big-model", "messages": [{"role": "user", "content": "Hello"}]}, "response": {"model": "big-model", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello! How can I help?"}, "finish_reason": "stop"}]}}'` },
    through,
  ];
}

/** What an empty service shows: how traffic gets in. The page changes by itself when it has. */
function FirstRequest() {
  const { data: listeners } = useResource<Listener[]>("/readyz", listenersOf);
  const asksForKey = useSession()?.is_needed ?? false;
  if (!listeners) return null;
  return (
    <section class="first">
      <h2>Send the first traffic</h2>
      <p>There is no traffic yet. Paste one of these into a shell; this page shows it as soon as it arrives.{asksForKey && <> This service asks who you are: <code>FLYWHEEL_KEY</code> there has to be your key.</>}</p>
      {commandsOf(listeners, asksForKey).map(({ title, text, note }) => (
        <div key={title} class="command">
          <div class="head"><h3>{title}</h3>{text !== "" && <CopyButton label="copy" text={() => text} />}</div>
          {note && <p class="small muted"><Plain text={note} /></p>}
          {text !== "" && <pre tabIndex={0}>{text}</pre>}
        </div>
      ))}
      <p class="waiting-for" role="status"><i class="pulse" aria-hidden="true" /> waiting for the first interaction</p>
    </section>
  );
}

function WorkloadCard(props: { workload: WorkloadStatistics; statistics: Statistics }) {
  const w = props.workload;
  const price = props.statistics.production.price;
  const values = w.series.points.map((p) => p.records);
  return (
    <li class="card">
      <a href={address(["workloads", w.workload_id], { client: w.client_id })}>
        <span class="head"><strong><Name text={w.workload_id} /></strong><span class="muted small">of <Plain text={w.client_id} /></span></span>
        <Sparkline values={values} label={`interactions of ${w.workload_id}, one bar for each ${stretch(w.series.width_seconds)}`} />
        <span class="facts">
          <span>{compact(w.records)} {w.records === 1 ? "interaction" : "interactions"}</span>
          <span>{compact(w.total.prompt_tokens + w.total.completion_tokens)} tokens</span>
          {price && <span>{dollars(cost(w.total, price))}</span>}
          {w.total.errors > 0 && <span class="bad">{plural(w.total.errors, "error")}</span>}
          <span class="muted">newest {ago(w.newest)}</span>
        </span>
        {!w.is_complete && <span class="small muted">counted so far: {count(w.total.records)} of {count(w.records)}</span>}
      </a>
    </li>
  );
}

const kShownWorkloads = 12;

function WorkloadCards(props: { statistics: Statistics }) {
  const all = usePlace().query.get("workloads") === "all";
  const sorted = [...props.statistics.workloads].sort((a, b) => b.records - a.records);
  const shown = all ? sorted : sorted.slice(0, kShownWorkloads);
  return (
    <section>
      <h2>Traffic</h2>
      <ul class="cards">{shown.map((w) => <WorkloadCard key={`${w.workload_id}\n${w.client_id}`} workload={w} statistics={props.statistics} />)}</ul>
      {sorted.length > shown.length && <button type="button" class="more" onClick={() => setQuery({ workloads: "all" })}>show all {count(sorted.length)}</button>}
    </section>
  );
}

export function JobLine(props: { job: JobSummary }) {
  const { job } = props;
  return (
    <li class="line">
      <a href={address(["runs", job.id])}>
        <Badge text={job.status} />
        <strong><Name text={job.workload_id} /></strong>
        <span class="muted">of <Plain text={job.client_id} /></span>
        <span class="muted right">{ago(job.started_at)}</span>
      </a>
    </li>
  );
}

function LatestRuns(props: { jobs: JobSummary[] }) {
  const under = props.jobs.filter((j) => j.status === "running" || j.status === "pending");
  const ended = props.jobs.filter((j) => !under.includes(j)).slice(0, 5);
  return (
    <section>
      <div class="head"><h2>Runs</h2>{useMay("operator") && <a href="/runs/new">start a run</a>}</div>
      {under.length > 0 && <><h3>Under way</h3><ul class="lines">{under.map((j) => <JobLine key={j.id} job={j} />)}</ul></>}
      {ended.length > 0 && <><h3>Ended</h3><ul class="lines">{ended.map((j) => <JobLine key={j.id} job={j} />)}</ul></>}
      {props.jobs.length === 0 && <p class="muted">None yet. A run makes datasets out of a workload's traffic, fine-tunes the candidates and says whether one can take over.</p>}
    </section>
  );
}

function Wheel(props: { statistics: Statistics; jobs: JobSummary[]; total: number }) {
  const { workloads, production } = props.statistics;
  const sum = (of: (w: WorkloadStatistics) => number) => workloads.reduce((a, w) => a + of(w), 0);
  const price = production.price;
  const without = sum((w) => w.total.without_usage);
  const isUnknown = workloads.length > 0 && workloads.every((w) => isUsageUnknown(w.total));
  return (
    <dl class="figures wheel">
      <Figure name="captured" value={compact(sum((w) => w.records))}>interactions of {plural(workloads.length, "workload")}</Figure>
      <Figure name="tokens" value={isUnknown ? kNotKnown : compact(sum((w) => w.total.prompt_tokens + w.total.completion_tokens))}>asked and answered{without > 0 && `; ${count(without)} do not say`}</Figure>
      {price && <Figure name="worth" value={isUnknown ? kNotKnown : dollars(sum((w) => cost(w.total, price)))}>at the price of <Plain text={production.name ?? "production"} /></Figure>}
      <Figure name="runs" value={count(props.total)}>{count(props.jobs.filter((j) => j.status === "completed").length)} {props.total > props.jobs.length ? `of the newest ${props.jobs.length} ` : ""}completed</Figure>
    </dl>
  );
}

export function Overview() {
  const live = useLive();
  const statistics = useResource<Statistics>("/api/statistics?points=48");
  const jobs = useResource<{ jobs: JobSummary[] }>("/api/jobs?limit=50");
  useOnChange(live.traffic?.records, statistics.reload);
  useOnChange(live.jobs?.revision, jobs.reload, 300);
  const counting = statistics.data?.workloads.some((w) => !w.is_complete) ?? false;
  useEvery(counting ? 700 : null, statistics.reload);
  const known = statistics.data;
  const list = jobs.data?.jobs ?? [];
  return (
    <>
      <PageTitle title="Overview" />
      <Trouble error={statistics.error ?? jobs.error} retry={() => { statistics.reload(); jobs.reload(); }} />
      {!known && !statistics.error && <Waiting what="the traffic" />}
      <NotYetStored waiting={known?.waiting} />
      {known && known.workloads.length === 0 && <FirstRequest />}
      {known && known.workloads.length > 0 && <><Wheel statistics={known} jobs={list} total={Math.max(live.jobs?.jobs ?? 0, list.length)} /><WhatWaits jobs={list} /><OnTraffic /><WorkloadCards statistics={known} /></>}
      {jobs.data && (list.length > 0 || (known?.workloads.length ?? 0) > 0) && <LatestRuns jobs={list} />}
    </>
  );
}
