import { scoreFloor } from "../components/axis";
import { moment, seconds } from "../components/format";
import { Name, Plain, Problem } from "../components/plain";
import { CandidateDetails } from "./candidate";
import { Classes } from "./classes";
import { Comparison } from "./comparison";
import { Cost } from "./cost";
import { DatasetSection } from "./dataset";
import { axisOf, Decision } from "./decision";
import { Divergences } from "./divergences";
import { Generalisation } from "./generalisation";
import { HeadToHead } from "./head_to_head";
import { Latency } from "./latency";
import { usePlace } from "./location";
import { contenders, type Report, type RowNote } from "./model";
import { Serve } from "./serve";
import { Trust } from "./trust";

function Contents(props: { report: Report; evaluated: boolean }) {
  const { report, evaluated } = props;
  const parts: [string, string, boolean][] = [
    ["candidates", "candidates", true], ["classes", "classes", evaluated], ["generalisation", "generalisation", evaluated], ["head-to-head", "head to head", report.head_to_head.length > 0],
    ["rows", `rows that differ (${report.divergent_rows.total})`, true], ["cost", "cost", true], ["latency", "latency", evaluated], ["trust", report.trust.clean ? "trust" : "trust: not clean", true],
    ["dataset", "datasets", report.dataset.steps.length > 0], ["serve", "serving", report.serve.length > 0], ["reproduce", "reproducing", true],
  ];
  return <nav class="contents" aria-label="parts of the report">{parts.filter(([, , there]) => there).map(([id, text]) => <a key={id} href={`#${id}`} class={text.includes("not clean") ? "bad" : ""}>{text}</a>)}</nav>;
}

/** Parts of figures below the axis of all: scores of classes and parts reach lower than those of evaluations. */
const lowsOf = (report: Report): number[] => [...report.ranking.entries.map((e) => e.low), ...report.baselines.map((b) => b.low)];

export function ReportPage(props: { report: Report; note?: RowNote }) {
  const { report } = props;
  const { job } = report;
  const place = usePlace();
  const list = contenders(report);
  const shown = list.find((c) => c.key === place.of) ?? list[0];
  const { score, newest, threshold } = report.summary;
  const narrow = axisOf(report, scoreFloor([threshold.value, score?.low ?? 1, newest?.low ?? 1]));
  const parts = shown && axisOf(report, scoreFloor([threshold.value, ...shown.evaluation.classes.map((c) => c.low), ...shown.evaluation.breakdown.flatMap((d) => d.groups.map((g) => g.low))]));
  // The rows are those that the best-ranked evaluation has wrong.
  const linked = shown === list[0] && report.divergent_rows.rows.length > 0;
  return (
    <>
      <header>
        <p class="eyebrow">Flywheel report</p>
        <h1><Name text={job.workload_id} /></h1>
        <p class="muted">
          traffic of <Plain text={job.client_id} /> · {job.workload_type === "tool_calling" ? "tool calling" : job.workload_type === null ? "not classified" : "text"} ·
          {job.finished_at === null ? ` ${job.status}` : ` finished ${moment(job.finished_at)} after ${seconds(job.runtime_seconds)}`}
        </p>
        <p class="muted small">job {job.id}, seed {job.seed}, {report.software.name} {report.software.version}</p>
        <Problem text={job.error} />
      </header>
      <Decision report={report} axis={narrow} />
      <Contents report={report} evaluated={shown !== undefined} />
      <Comparison report={report} axis={axisOf(report, scoreFloor(lowsOf(report)))} />
      {shown && parts && <Classes contender={shown} list={list} axis={parts} linked={linked} />}
      {shown && parts && <Generalisation contender={shown} list={list} axis={parts} />}
      <HeadToHead report={report} />
      <Divergences report={report} note={props.note} />
      <Cost report={report} list={list} />
      <Latency list={list} />
      <section>
        <h2 id="details">Candidates in detail</h2>
        {report.candidates.map((c, i) => <CandidateDetails key={i} candidate={c} report={report} />)}
      </section>
      <Trust report={report} />
      <DatasetSection dataset={report.dataset} />
      <Serve report={report} />
    </>
  );
}
