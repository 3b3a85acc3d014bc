import { useRef, useState } from "preact/hooks";
import { Plain } from "../../components/plain";
import { post, useFailure, useOnChange, useResource, type ApiError, type FieldProblem } from "../api";
import { useLive } from "../live";
import { Choice, PageTitle, Trouble, Waiting } from "../parts";
import { address, go, setQuery, useWriteLater } from "../place";
import { useMay } from "../session";
import type { Configuration, WorkloadName } from "../types";

/** `empty`: what no value means; without it there has to be one. */
interface Field { key: string; title: string; hint: string; check: (v: string) => string; empty?: string; choices?: string[] }

const whole = (least: number) => (v: string) => (/^\d+$/.test(v) && Number(v) >= least ? "" : `a whole number from ${least}`);
const share = (least: number, most: number) => (v: string) => (v.trim() !== "" && Number(v) >= least && Number(v) <= most ? "" : `a number from ${least} to ${most}`);

const jobId = (v: string) => (/^[0-9a-f]{24}$/.test(v) ? "" : "the id of a run, 24 hex digits");

const kTruths = ["true", "false"];
const truth = (v: string) => (kTruths.includes(v) ? "" : "true or false");
const kSuspicious = ["keep", "drop"];

/** The keys of data_split_config that people change most. */
const kFields: Field[] = [
  { key: "eval_size", title: "evaluation rows", hint: "on which every candidate is measured", check: whole(1) },
  { key: "val_ratio", title: "validation share", hint: "of the training rows, for the training's own checks", check: share(0, 0.999999) },
  { key: "min_total_records", title: "least records", hint: "with fewer the run is not begun", check: whole(1) },
  { key: "limit", title: "most records", hint: "drawn from all of them", check: whole(1), empty: "all" },
  { key: "random_seed", title: "seed", hint: "the same seed draws the same rows", check: whole(0), empty: "one is drawn" },
  { key: "newest_eval_share", title: "share of newest rows", hint: "of the evaluation rows, from traffic that training never saw", check: share(0, 1) },
];

/** The others; docs/configuration.md has all of them. */
const kMoreFields: Field[] = [
  { key: "newest_holdout", title: "newest part held out", hint: "of the time span, which training never sees", check: share(0, 1) },
  { key: "keep_templates_together", title: "templates on one side", hint: "rows of one template are all for evaluation or none", check: truth },
  { key: "keep_near_duplicates_apart", title: "near-duplicates apart", hint: "none of an evaluation row in training", check: truth },
  { key: "near_duplicate_threshold", title: "near-duplicate from", hint: "the likeness from which two requests are nearly one", check: share(0.01, 1) },
  { key: "max_leaked_share", title: "most leaked", hint: "share of evaluation rows with a near-duplicate in training", check: share(0, 1) },
  { key: "max_answered_share", title: "most answers in training", hint: "share of evaluation rows whose own answer stands in a training row", check: share(0, 1) },
  { key: "holdout_job", title: "held-out rows of run", hint: "this run is evaluated on the rows of that one, which is of the same traffic", check: jobId, empty: "they are drawn" },
  { key: "holdout_min_rows", title: "least held-out rows", hint: "with fewer of them left the run fails", check: whole(1) },
  { key: "parse_function_arguments", title: "arguments are parsed", hint: "a record whose arguments are no JSON is left out", check: truth },
  { key: "suspicious_answers", title: "answers that look wrong", hint: "are kept, or dropped from training and validation", check: (v) => (kSuspicious.includes(v) ? "" : "keep or drop"), choices: kSuspicious },
];
const kAllFields = [...kFields, ...kMoreFields];

const kSection = "data_split_config.";
const valueOf = (configuration: Configuration, path: string): string => configuration.settings.find((s) => s.path === path)?.value ?? "";

/** Keys whose values are text, be they digits. */
const kTexts = ["holdout_job", "suspicious_answers"];

/** A setting's value as JSON: the configuration writes null as nothing. */
const asJson = (key: string, v: string): unknown => (v === "" ? null : kTexts.includes(key) ? v : v === "true" || v === "false" ? v === "true" : Number(v));

/** The whole section: the service lays what a request says over its own defaults, not over its configuration, and the form shows the configuration. */
const wholeSection = (configuration: Configuration, changed: Record<string, string>) =>
  Object.fromEntries(configuration.settings.filter((s) => s.path.startsWith(kSection)).map(({ path, value }) => {
    const key = path.slice(kSection.length);
    return [key, asJson(key, changed[key] ?? value)];
  }));

function SplitField(props: { field: Field; standing: string; value: string | undefined; problem: string; set: (v: string) => void }) {
  const { field, value, standing } = props;
  const id = `field-${field.key}`;
  const choices = field.check === truth ? kTruths : field.choices;
  return (
    <div class="field">
      <label for={id}>{field.title} <code>{field.key}</code></label>
      {choices
        ? <select id={id} value={value ?? standing} aria-describedby={`${id}-hint`} onChange={(e) => props.set(e.currentTarget.value)}>{choices.map((v) => <option key={v} value={v}>{v}</option>)}</select>
        : <input id={id} value={value ?? standing} inputMode="decimal" aria-invalid={props.problem !== ""} aria-describedby={`${id}-hint`} onInput={(e) => props.set(e.currentTarget.value)} />}
      <span id={`${id}-hint`} class={props.problem === "" ? "small muted" : "small bad"}>{props.problem === "" ? `${field.hint}${field.empty ? `; empty: ${field.empty}` : ""}` : <Plain text={`must be ${props.problem}`} />}</span>
    </div>
  );
}

function Candidates(props: { configuration: Configuration }) {
  const models = props.configuration.settings.filter((s) => /^nims\[\d+\]\.model_name$/.test(s.path));
  if (models.length === 0) return <p class="problem">This service has no candidates: start it with a configuration whose <code>nims</code> names at least one.</p>;
  return <p class="small muted">Candidates: {models.map((m, i) => <>{i > 0 && ", "}<Plain text={m.value} /></>)}. <a href="/settings">The whole configuration</a>.</p>;
}

/** Problems that the service found, by the last name of where they are. */
const problemsOf = (error: ApiError | null): Record<string, string> => Object.fromEntries((error?.problems ?? []).map((p: FieldProblem) => [p.loc[p.loc.length - 1] ?? "", p.msg]));

/** How "no value" stands in the address, where an empty member is none. */
const kNull = "null";
const changedIn = (query: URLSearchParams) => Object.fromEntries(kAllFields.flatMap((f) => (query.get(f.key) ? [[f.key, query.get(f.key) === kNull ? "" : query.get(f.key)!]] : [])));

/** The fields that were changed, which stand in the address. */
function useChanged(query: URLSearchParams, standing: (key: string) => string): [Record<string, string>, (values: Record<string, string>) => void] {
  const [values, setValues] = useState<Record<string, string>>(() => changedIn(query));
  const written = useRef(values);
  const write = () => {
    written.current = values;
    setQuery(Object.fromEntries(kAllFields.map(({ key }) => [key, values[key] === undefined || values[key] === standing(key) ? "" : values[key] || kNull])));
  };
  useWriteLater(values === written.current ? null : write, values);
  return [values, setValues];
}

function Form(props: { configuration: Configuration; workloads: WorkloadName[]; query: URLSearchParams }) {
  const { configuration, workloads, query } = props;
  const [values, setValues] = useChanged(query, (key) => valueOf(configuration, kSection + key));
  const [error, setError] = useFailure();
  const [busy, setBusy] = useState(false);
  const workload = query.get("workload") ?? (workloads.length === 1 ? workloads[0]!.workload_id : "");
  const clients = workloads.filter((w) => w.workload_id === workload);
  const client = query.get("client") ?? (clients.length === 1 ? clients[0]!.client_id : "");
  const theirs = problemsOf(error);
  const problem = (f: Field) => (values[f.key] === undefined || (values[f.key] === "" && f.empty) ? "" : f.check(values[f.key]!)) || theirs[f.key] || "";
  const changed = Object.entries(values).filter(([key, v]) => v !== valueOf(configuration, kSection + key));
  const start = async (event: Event) => {
    event.preventDefault();
    if (kAllFields.some((f) => problem(f) !== "" && !theirs[f.key])) return;
    setBusy(true);
    try {
      const split = changed.length > 0 ? { data_split_config: wholeSection(configuration, Object.fromEntries(changed)) } : {};
      const job = await post<{ id: string }>("/api/jobs", { workload_id: workload, client_id: client, ...split });
      go(address(["runs", job.id]));
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const chosen = clients.find((c) => c.client_id === client);
  const may = useMay("operator");
  const draw = (f: Field) => <SplitField key={f.key} field={f} standing={valueOf(configuration, kSection + f.key)} value={values[f.key]} problem={problem(f)} set={(v) => { setError(null); setValues({ ...values, [f.key]: v }); }} />;
  return (
    <form class="form" onSubmit={start}>
      <div class="filters">
        <Choice name="workload" label="workload" value={workload} any="choose" options={[...new Set(workloads.map((w) => w.workload_id))].map((w) => [w, w])} also={{ client: "" }} />
        <Choice name="client" label="traffic of" value={client} any="choose" options={clients.map((c) => [c.client_id, c.client_id])} />
      </div>
      {chosen && <p class="small muted">{chosen.records.toLocaleString("en-US")} interactions.</p>}
      <Candidates configuration={configuration} />
      <fieldset>
        <legend>How rows are drawn</legend>
        <div class="fields">{kFields.map(draw)}</div>
        <details open={kMoreFields.some((f) => values[f.key] !== undefined || problem(f) !== "")}>
          <summary>more keys of data_split_config</summary>
          <div class="fields">{kMoreFields.map(draw)}</div>
        </details>
      </fieldset>
      <Trouble error={error} />
      <p><button type="submit" class="main" disabled={busy || !may || workload === "" || client === ""}>{busy ? "starting \u2026" : "start the run"}</button>{!may && <span class="muted"> Starting a run takes the role operator.</span>}</p>
      {changed.length > 0 && <p class="small muted">Other than configured: {changed.map(([k, v]) => `${k} = ${v === "" ? "null" : v}`).join(", ")}.</p>}
    </form>
  );
}

export function StartRun(props: { query: URLSearchParams }) {
  const configuration = useResource<Configuration>("/api/configuration");
  const workloads = useResource<{ workloads: WorkloadName[] }>("/api/workloads");
  useOnChange(useLive().traffic?.records, workloads.reload, 3000);
  const error = configuration.error ?? workloads.error;
  return (
    <>
      <PageTitle title="Start a run" eyebrow={<a href="/runs">Runs</a>} />
      <Trouble error={error} retry={() => { configuration.reload(); workloads.reload(); }} />
      {(!configuration.data || !workloads.data) && !error && <Waiting what="the configuration" />}
      {configuration.data && workloads.data && <Form configuration={configuration.data} workloads={workloads.data.workloads} query={props.query} />}
    </>
  );
}
