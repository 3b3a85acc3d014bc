// Proposing what a run evaluated for its workload's traffic: what `flywheel promote propose` does.
import { useState } from "preact/hooks";
import { moment } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { fullName, variantName } from "../../report/model";
import { post, useFailure, useResource } from "../api";
import { Choice, PageTitle, TextChoice, Trouble, Waiting } from "../parts";
import { usePerson } from "../person";
import { PersonInput } from "../person_field";
import { address, go, usePlace, writtenQuery } from "../place";
import { useMay } from "../session";
import type { Configuration, JobDetail, JobSummary, Promotion } from "../types";

/** The gateway sends a request as the application made it: what was asked otherwise is not proposed. */
const isAskedAsProductionIs = (variant: string): boolean => ["zero-shot", "fine-tuned"].includes(variantName(variant));

/** Model and variant of what the run has to propose; null: the first of its report's ranking. */
const evaluatedIn = (job: JobDetail): [string, string][] =>
  job.nims.flatMap((c) => c.evaluations.filter((e) => e.finished_at !== null && e.error === null && isAskedAsProductionIs(e.variant)).map((e): [string, string] => [c.model_name, e.variant]));

/** Of a candidate in the address, and back: names of variants have no blanks. */
const nameOf = ([model, variant]: [string, string]) => `${model} ${variant}`;
const evaluationOf = (name: string) => ({ model_name: name.slice(0, Math.max(0, name.lastIndexOf(" "))), variant: name.slice(name.lastIndexOf(" ") + 1) });

const upstreamsIn = (configuration: Configuration | null): string[] => (configuration?.settings ?? []).filter((s) => /^gateway\.upstreams\[\d+\]\.name$/.test(s.path)).map((s) => s.value);

function ProposeForm(props: { job: JobDetail }) {
  const { job } = props;
  const [person, setPerson] = usePerson();
  const configuration = useResource<Configuration>("/api/configuration");
  const { query } = usePlace();
  const upstream = query.get("upstream") ?? "";
  const [error, setError] = useFailure();
  const [busy, setBusy] = useState(false);
  const candidates = evaluatedIn(job);
  const propose = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const said = writtenQuery();
    const asked = said.get("upstream") ?? "";
    try {
      const made = await post<Promotion>("/api/promotions", { job_id: job.id, ...evaluationOf(said.get("candidate") ?? ""), upstream: asked, served_model: asked === "" ? "" : said.get("served") ?? "", person, reason: said.get("why") ?? "" });
      go(address(["promotions", made.id]));
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <form class="form" aria-label="propose for promotion" onSubmit={(e) => void propose(e)}>
      <div class="filters">
        <Choice name="candidate" label="candidate" value={query.get("candidate") ?? ""} any="the first of the report's ranking" options={candidates.map((c) => [nameOf(c), fullName(...c)])} />
        <Choice name="upstream" label="served by" value={upstream} any="this machine" options={upstreamsIn(configuration.data).map((name) => [name, `upstream ${name}`])} />
        {upstream !== "" && <TextChoice name="served" label="model asked of it" value={query.get("served") ?? ""} type="text" placeholder="as requests name it" />}
        <PersonInput person={person} set={setPerson} />
        <TextChoice class="search" name="why" label="why" value={query.get("why") ?? ""} type="text" most={1000} />
      </div>
      <Trouble error={error} />
      <p><button type="submit" class="main" disabled={busy || person === ""}>{busy ? "proposing \u2026" : "propose"}</button> <span class="small muted">{person === "" ? "Give your name first: it goes into the audit log." : "Somebody else signs before it touches traffic."}</span></p>
    </form>
  );
}

/** On the page of a run that completed. */
export function Propose(props: { job: JobDetail }) {
  const may = useMay("operator");
  return (
    <section>
      <h2>Propose for promotion</h2>
      {may ? <ProposeForm job={props.job} /> : <p class="muted">Proposing takes the role operator.</p>}
    </section>
  );
}

/** The button that leads to ProposePage, for who may. */
export const ProposeLink = () => (useMay("operator") ? <a class="button main" href={address(["promotions", "new"])}>propose a model</a> : null);

export function ProposePage(props: { query: URLSearchParams }) {
  const id = props.query.get("job") ?? "";
  const jobs = useResource<{ jobs: JobSummary[] }>("/api/jobs?limit=200");
  const job = useResource<JobDetail>(id === "" ? null : `/api/jobs/${encodeURIComponent(id)}`);
  const completed = (jobs.data?.jobs ?? []).filter((j) => j.status === "completed");
  const error = jobs.error ?? job.error;
  return (
    <>
      <PageTitle title="Propose a model" eyebrow={<a href="/promotions">Promotions</a>}>
        <p class="muted">What a completed run evaluated, for the traffic of its workload. The proposal names the exact bytes; somebody else signs for them.</p>
      </PageTitle>
      <Trouble error={error} retry={() => { jobs.reload(); job.reload(); }} />
      {!jobs.data && !error && <Waiting what="the runs" />}
      {jobs.data && completed.length === 0 && <p>No run has completed yet. <a href="/runs/new">Start one</a></p>}
      {completed.length > 0 && <div class="filters"><Choice name="job" label="run" value={id} any="choose" options={completed.map((j) => [j.id, `${j.workload_id} of ${j.client_id}, ${moment(j.started_at)}, ${j.id.slice(0, 8)}`])} also={{ candidate: "" }} /></div>}
      {job.data && <p class="small muted">For <Name text={job.data.workload_id} /> of <Plain text={job.data.client_id} />. <a href={address(["runs", id, "report"])}>The report</a></p>}
      {job.data && <Propose key={id} job={job.data} />}
    </>
  );
}
