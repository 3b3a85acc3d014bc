import { moment, plural } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { getJson, getText, useEvery, useResource } from "../api";
import { listenersOf } from "../listeners";
import { Badge, PageTitle, TextChoice, Trouble, Waiting } from "../parts";
import { address } from "../place";
import { Keys } from "./keys";
import { useMay, useSession } from "../session";
import type { Attempt, AuditDelivery, Configuration, Delivery, JobSummary, Setting } from "../types";

const kSources: Record<Setting["source"], string> = { file: "file", command_line: "command line", default: "default" };

function Values(props: { configuration: Configuration; wanted: string }) {
  const { configuration } = props;
  const wanted = props.wanted.toLowerCase();
  const sections = new Map<string, Setting[]>();
  for (const s of configuration.settings.filter((x) => `${x.path} ${x.value}`.toLowerCase().includes(wanted))) {
    const section = s.path.split(/[.[]/)[0]!;
    sections.set(section, [...(sections.get(section) ?? []), s]);
  }
  if (sections.size === 0) return <p class="muted">No key fits.</p>;
  return (
    <table class="list settings">
      <thead><tr><th scope="col">key</th><th scope="col">value</th><th scope="col">from</th></tr></thead>
      {[...sections].map(([name, list]) => (
        <tbody key={name}>
          <tr class="part"><th colSpan={3} scope="rowgroup"><Name text={name} /></th></tr>
          {list.map((s) => (
            <tr key={s.path} class={s.source}>
              <th scope="row" class="code"><Name text={s.path} /></th>
              <td class="code">{s.value === "" ? <span class="muted">not set</span> : <Plain text={s.value} />}</td>
              <td>{kSources[s.source]}{s.line !== null && `, line ${s.line}`}</td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}

interface Health { name: string; ok: boolean; detail: string }

/** Whether a listener answers, and what it lacks if not. */
async function healthOf(_: string, signal: AbortSignal): Promise<Health[]> {
  const ask = async (name: string, url: string, good: string): Promise<Health> => getText(url, signal).then(() => ({ name, ok: true, detail: good }), (e: Error) => ({ name, ok: false, detail: e.message }));
  const own = await Promise.all([ask("control API", "/healthz", "answers"), ask("runs", "/readyz", "can be done")]);
  const others = await listenersOf("/readyz", signal);
  return [...own, ...others.map((l) => ({ name: l.name, ok: l.url !== null && l.trouble === null, detail: l.trouble ?? l.url ?? "off" }))];
}

function Listeners() {
  const { data, reload } = useResource<Health[]>("health", healthOf);
  useEvery(10_000, reload);
  return (
    <section>
      <h2>Listeners and health</h2>
      <ul class="lines plain" aria-live="polite">{(data ?? []).map((l) => <li key={l.name}><Badge text={l.ok ? "ok" : "not ready"} tone={l.ok ? "yes" : "no"} /> {l.name}: <Plain text={l.detail} /></li>)}</ul>
      <p class="small">For programs: <a href="/openapi.json">/openapi.json</a>, <a href="/metrics">/metrics</a> (Prometheus), <a href="/readyz">/readyz</a>, <a href="/healthz">/healthz</a>.</p>
    </section>
  );
}

/** How often it was tried, what the last attempt came to, and what comes next: while an attempt is under way no time is set for another. */
function Attempts(props: { attempts: Attempt[]; next?: string | null; underWay?: boolean }) {
  const last = props.attempts[props.attempts.length - 1];
  return <span class="muted small">{plural(props.attempts.length, "attempt")}{last && `, the last ${moment(last.at)}: ${last.status || "no answer"}`}{last && last.error !== "" && <> <Plain text={last.error} /></>}{props.next && `, the next ${moment(props.next)}`}{props.underWay && ", one more under way"}</span>;
}

interface Told { job: JobSummary; delivery: Delivery }

async function deliveriesOf(url: string, signal: AbortSignal): Promise<Told[]> {
  const { jobs } = await getJson<{ jobs: JobSummary[] }>(url, signal);
  const ended = jobs.filter((j) => j.finished_at !== null);
  const all = await Promise.all(ended.map((job) => getJson<{ deliveries: Delivery[] }>(`/api/jobs/${job.id}/deliveries`, signal).then((d) => d.deliveries.map((delivery) => ({ job, delivery })))));
  return all.flat();
}

function Deliveries() {
  const { data, error, reload } = useResource<Told[]>("/api/jobs?limit=20", deliveriesOf);
  return (
    <section>
      <div class="head"><h2>Webhook deliveries</h2><button type="button" class="quiet" onClick={reload}>look again</button></div>
      <Trouble error={error} />
      {data && data.length === 0 && <p class="muted">None for the latest 20 runs.</p>}
      {data && data.length > 0 && (
        <ul class="lines plain">
          {data.map(({ job, delivery: d }) => (
            <li key={d.id}>
              <Badge text={d.status} /> <Plain text={hostOf(d.url)} /> of <a class="code" href={address(["runs", job.id])}>{job.id.slice(0, 8)}</a> <Attempts attempts={d.attempts} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What promotion.webhooks were told of the audit log, which is for admins alone. */
function DecisionDeliveries() {
  const isAdmin = useSession()?.role === "admin";
  const { data, error, reload } = useResource<{ deliveries: AuditDelivery[] }>(isAdmin ? "/api/audit/deliveries" : null);
  if (!isAdmin) return null;
  return (
    <section>
      <div class="head"><h2>Webhook deliveries of decisions</h2><button type="button" class="quiet" onClick={reload}>look again</button></div>
      <Trouble error={error} />
      {data && data.deliveries.length === 0 && <p class="muted">None: <code>promotion.webhooks</code> are told of each step of a proposal and each review that opens.</p>}
      {data && data.deliveries.length > 0 && (
        <ul class="lines plain">
          {data.deliveries.map((d) => (
            <li key={`${d.entry} ${d.url}`}>
              <Badge text={d.status} /> <Plain text={hostOf(d.url)} /> of <Plain text={d.event} /> <a class="code" href={address(["settings", "audit"], { subject: d.subject })}><Plain text={d.subject} /></a> <Attempts attempts={d.attempts} next={d.next_attempt_at} underWay={d.status === "pending" && d.next_attempt_at === null} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A webhook's path often is its key. */
function hostOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return "a receiver";
  }
}

export function Settings(props: { query: URLSearchParams }) {
  const { data, error, reload } = useResource<Configuration>("/api/configuration");
  const wanted = props.query.get("find") ?? "";
  const mayAudit = useMay("admin");
  return (
    <>
      <PageTitle title="Settings">{mayAudit && <p class="muted">Who decided what is in the <a href="/settings/audit">audit log</a>.</p>}</PageTitle>
      <Listeners />
      <Keys />
      <Deliveries />
      <DecisionDeliveries />
      <section>
        <h2>Configuration in force</h2>
        <p class="muted">{data?.file ? <>From <span class="code"><Plain text={data.file} /></span>; what it does not say is the default. Secrets are not shown: they are named by the variable that holds them.</> : data && "The service runs without a configuration file: all values are defaults."}</p>
        {data?.warnings.map((w) => <p key={w} class="notice"><Plain text={w} /></p>)}
        <form class="filters" role="search" aria-label="settings" onSubmit={(e) => e.preventDefault()}><TextChoice class="search" name="find" label="find" value={wanted} placeholder="a key or a value" /></form>
        <Trouble error={error} retry={reload} />
        {!data && !error && <Waiting what="the configuration" />}
        {data && <Values configuration={data} wanted={wanted} />}
      </section>
    </>
  );
}
