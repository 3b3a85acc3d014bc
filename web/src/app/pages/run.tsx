import { useEffect, useRef, useState } from "preact/hooks";
import { count, moment, percent, plural, seconds, words } from "../../components/format";
import { Name, Plain, Problem } from "../../components/plain";
import { TrainingCurve, type LossPoint } from "../../components/training_curve";
import { variantName } from "../../report/model";
import { post, remove, useFailure, useKept, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { parseTime } from "../numbers";
import { Badge, PageTitle, Progress, Trouble, Waiting } from "../parts";
import { address, go } from "../place";
import { useMay } from "../session";
import type { CandidateState, CustomizationState, EvaluationState, JobDetail } from "../types";
import { EngineLogs } from "./engine_log";
import { useJobEvents, type JobProgress } from "./job_events";
import { Propose } from "./propose";
import { RefusedDatasets } from "./refused";

const kStages: Record<string, string> = {
  datasets: "drawing the datasets", judge: "asking the judge", baseline: "having the judge rate a trivial text", production: "asking production again", deploy: "starting the engine", customization: "fine-tuning",
  "deploy-tuned": "starting the engine with the adapter", undeploy: "stopping the engine", report: "writing the report",
};
export const stageName = (stage: string): string => kStages[stage] ?? (stage.endsWith("-eval") ? `evaluating, ${variantName(stage)}` : words(stage));

const isEnded = (job: JobDetail): boolean => job.status !== "running" && job.status !== "pending";

/** The score that leads: what the names of scores have in common is only that the first is the one to look at. */
const scoreText = (scores: Record<string, number>): string => Object.entries(scores).slice(0, 3).map(([name, v]) => `${words(name)} ${percent(v)}`).join(", ");

function EvaluationLine(props: { evaluation: EvaluationState; progress: JobProgress | undefined }) {
  const { evaluation: e } = props;
  const done = Math.max(e.rows_done, props.progress?.rows_done ?? 0);
  const total = Math.max(e.rows_total, props.progress?.rows_total ?? 0);
  const ended = e.finished_at !== null;
  return (
    <li class="step">
      <span class="step-name">{variantName(e.variant)}</span>
      {!ended && total > 0 && <Progress done={done} total={total} label={`${count(done)} of ${count(total)} rows`} />}
      <span class="step-text">
        {ended ? (e.error ? <span class="bad"><Plain text={e.error} /></span> : `${scoreText(e.scores)}; ${plural(e.rows_total, "row")} in ${seconds(e.runtime_seconds)}`)
          : `${count(done)} of ${count(total)} rows${props.progress?.seconds_left ? `, ${seconds(props.progress.seconds_left)} left` : ""}`}
        {e.rows_failed > 0 && <span class="bad"> {count(e.rows_failed)} failed</span>}
      </span>
    </li>
  );
}

function TrainingLine(props: { training: CustomizationState; progress: JobProgress | undefined; curve: LossPoint[] }) {
  const { training: t, progress } = props;
  const done = Math.max(t.steps_completed, progress?.step ?? 0);
  const total = Math.max(t.steps_total, progress?.total_steps ?? 0);
  const loss = progress?.loss ?? t.loss;
  const ended = t.finished_at !== null;
  return (
    <li class="step">
      <span class="step-name">fine-tuning</span>
      {!ended && total > 0 && <Progress done={done} total={total} label={`step ${count(done)} of ${count(total)}`} />}
      <span class="step-text">
        {t.error ? <span class="bad"><Plain text={t.error} /></span> : `step ${count(done)} of ${count(total)}`}
        {loss !== null && loss !== undefined && `, loss ${loss.toFixed(3)}`}
        {ended ? ` in ${seconds(t.runtime_seconds)}` : (progress?.seconds_left ?? t.seconds_left) > 0 && `, ${seconds(progress?.seconds_left ?? t.seconds_left)} left`}
      </span>
      {props.curve.length > 1 && <TrainingCurve points={props.curve} />}
    </li>
  );
}

function Candidate(props: { job: JobDetail; candidate: CandidateState; index: number; live: ReturnType<typeof useJobEvents> }) {
  const { candidate: c, index, live } = props;
  return (
    <section class="candidate-run">
      <div class="head"><h2><Name text={c.model_name} /></h2><Badge text={words(c.status)} tone={{ completed: "yes", failed: "no", "running-evals": "busy", "deploying-nim": "busy" }[c.status] ?? "quiet"} /></div>
      {c.deployment && <p class="small muted"><Plain text={c.deployment} /></p>}
      <Problem text={c.error} />
      <ol class="steps">
        {c.evaluations.filter((e) => !e.variant.startsWith("customized")).map((e) => <EvaluationLine key={e.variant} evaluation={e} progress={live.progress[`${index} ${e.variant}`]} />)}
        {c.customizations.map((t, i) => <TrainingLine key={i} training={t} progress={live.progress[`${index} customization`]} curve={live.curves[index] ?? []} />)}
        {c.evaluations.filter((e) => e.variant.startsWith("customized")).map((e) => <EvaluationLine key={e.variant} evaluation={e} progress={live.progress[`${index} ${e.variant}`]} />)}
      </ol>
      <EngineLogs job={props.job} candidate={index} />
    </section>
  );
}

function Elapsed(props: { job: JobDetail }) {
  const [, tick] = useState(0);
  const running = !isEnded(props.job);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const { run_started_at: from, finished_at: to } = props.job;
  if (from === null) return <>waits for its turn</>;
  return <>{to === null ? "for" : "took"} {seconds(Math.max(0, ((to === null ? Date.now() : parseTime(to)) - parseTime(from)) / 1000))}</>;
}

/** Asks once more before what cannot be taken back. */
function Sure(props: { label: string; question: string; act: () => Promise<void> }) {
  const [asked, ask] = useState(false);
  const [error, setError] = useFailure();
  const [yes, first] = [useRef<HTMLButtonElement>(null), useRef<HTMLButtonElement>(null)];
  const wasAsked = useRef(false);
  useEffect(() => {
    if (asked) yes.current?.focus();
    else if (wasAsked.current) first.current?.focus();
    wasAsked.current = asked;
  }, [asked]);
  const act = () => props.act().catch(setError).then(() => ask(false));
  if (!asked) return <><button type="button" ref={first} onClick={() => ask(true)}>{props.label}</button><Trouble error={error} /></>;
  return (
    <span class="sure" role="group" aria-label={props.question}>
      {props.question} <button type="button" class="danger" ref={yes} onClick={act}>yes, {props.label}</button> <button type="button" onClick={() => ask(false)}>no</button>
    </span>
  );
}

/** Leads to the run's review, which is opened where there is none yet. */
function OpenReview(props: { job: JobDetail }) {
  const [error, setError] = useFailure();
  const open = () => post<{ id: string }>("/api/reviews", { job_id: props.job.id }).then((r) => go(address(["review", r.id])), setError);
  return <><button type="button" onClick={open}>review</button><Trouble error={error} /></>;
}

function Datasets(props: { job: JobDetail }) {
  if (props.job.datasets.length === 0) return null;
  return (
    <section>
      <h2><a href={address(["datasets", props.job.id])}>Datasets</a></h2>
      <ul class="lines plain">{props.job.datasets.map((d) => <li key={d.name}><Name text={d.name} /> <span class="muted small">{plural(d.num_records, "row")}, sha256 {d.digest.slice(0, 12)}</span></li>)}</ul>
    </section>
  );
}

export function RunPage(props: { id: string }) {
  const { data: job, error, reload } = useResource<JobDetail>(`/api/jobs/${props.id}`);
  const live = useJobEvents(props.id, reload);
  // A run that has ended tells no more, and may be deleted.
  useOnChange(useLive().jobs?.revision, reload);
  const was = useKept(job);
  const isDeleted = was !== null && error?.status === 404;
  const [mayReview, mayOperate] = [useMay("reviewer"), useMay("operator")];
  const tools = job && (
    <span class="tools">
      <a class="button" href={address(["runs", job.id, "report"])}>report</a>
      {job.nims.length > 0 && isEnded(job) && <a class="button" href={address(["runs", job.id, "compare"])}>compare answers</a>}
      {job.status === "completed" && !job.datasets_only && mayReview && <OpenReview job={job} />}
      {mayOperate && (isEnded(job)
        ? <Sure label="delete" question="Delete this run with its report and adapters?" act={async () => { await remove(`/api/jobs/${job.id}`); go("/runs"); }} />
        : <Sure label="cancel" question="Cancel this run?" act={async () => { await post(`/api/jobs/${job.id}/cancel`); reload(); }} />)}
    </span>
  );
  const datasets = live.progress["null datasets"];
  return (
    <>
      <PageTitle title={was ? `Run of ${was.workload_id}` : "Run"} eyebrow={<a href="/runs">Runs</a>} tools={tools}>
        {job && <p class="muted"><span role="status"><Badge text={job.status} /></span>{job.datasets_only && " datasets only ·"} <Elapsed job={job} /> · traffic of <Plain text={job.client_id} /> · ordered {moment(job.started_at)} · seed {job.seed} · <span class="code">{job.id}</span></p>}
      </PageTitle>
      {isDeleted ? <p class="notice" role="status">This run was deleted, with its report and adapters.</p> : <Trouble error={error} retry={reload} />}
      {!job && !error && <Waiting what="the run" />}
      {job && (
        <>
          <Problem text={job.error} />
          {job.warnings.map((w) => <p key={w} class="notice"><Plain text={w} /></p>)}
          {job.stage && <p class="stage" role="status"><i class="pulse" aria-hidden="true" /> {stageName(job.stage)}{job.stage === "datasets" && datasets && `: ${count(datasets.rows_done)} of ${count(datasets.rows_total)} records read`}</p>}
          {!live.connected && !isEnded(job) && <p class="small muted" role="status">The connection is lost; it is taken up again.</p>}
          {job.nims.map((c, i) => <Candidate key={i} job={job} candidate={c} index={i} live={live} />)}
          <Datasets job={job} />
          <RefusedDatasets job={job} />
          {job.status === "completed" && !job.datasets_only && <Propose job={job} />}
        </>
      )}
    </>
  );
}
