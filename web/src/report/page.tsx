import { moment, seconds } from "../components/format";
import { CandidateSection } from "./candidate";
import { DatasetSection } from "./dataset";
import { Divergences } from "./divergences";
import type { Report } from "./model";
import { Ranking, Verdict } from "./ranking";

export function ReportPage(props: { report: Report }) {
  const { report } = props;
  const { job } = report;
  return (
    <>
      <header>
        <p class="eyebrow">Flywheel report</p>
        <h1>{job.workload_id}</h1>
        <p class="muted">
          traffic of {job.client_id} · {job.workload_type === "tool_calling" ? "tool calling" : "generic"} workload ·
          finished {moment(job.finished_at)} after {seconds(job.runtime_seconds)}
        </p>
        {job.error && <p class="problem">{job.error}</p>}
      </header>
      <Verdict report={report} />
      <Ranking report={report} />
      <section>
        <h2>Candidates</h2>
        {report.candidates.map((c) => <CandidateSection key={c.model_name} candidate={c} leading={report.leading_score} />)}
      </section>
      <Divergences rows={report.divergent_rows} />
      {report.dataset && <DatasetSection dataset={report.dataset} />}
      <footer>
        <p>
          Job {job.id}, seed {String(job.seed ?? "\u2013")}, {report.software.name} {report.software.version}.
          Intervals are 95 %. {report.scoring.note}
        </p>
        <details><summary>Configuration of this run</summary><pre>{JSON.stringify(report.config, null, 2)}</pre></details>
      </footer>
    </>
  );
}
