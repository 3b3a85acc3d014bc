import { useState } from "preact/hooks";
import { count, percent, plural, seconds, shortPercent } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { fullName } from "../../report/model";
import { post, useFailure, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { ago } from "../numbers";
import { Badge, Figure, PageTitle, Trouble, Waiting } from "../parts";
import { usePerson } from "../person";
import { PersonInput } from "../person_field";
import { address } from "../place";
import { useMay, type Role } from "../session";
import type { AuditEntry, EngineLog, PairLine, Promotion, PromotionStage } from "../types";
import { Engine } from "./engine_log";
import { Stage } from "./promotions";

/** Figures change with every request. */
const kPause = 1000;
const kShownPairs = 20;

/** `role`: who may, where it is not the operator. */
interface Step { action: string; title: string; tells: string; tone?: "danger"; role?: Role }
const kSign: Step = { action: "sign", title: "Sign", tells: "these very bytes may get traffic", role: "reviewer" };
const kReject: Step = { action: "reject", title: "Reject", tells: "it ends here", tone: "danger", role: "reviewer" };
const kShadow: Step = { action: "start_shadow", title: "Start shadow", tells: "it gets copies; no client sees its answers" };
const kCanary: Step = { action: "start_canary", title: "Start canary", tells: "it answers the first share of the conversations" };
const kRollBack: Step = { action: "roll_back", title: "Roll back", tells: "off traffic from the next request on", tone: "danger" };
/** What a person can do where it stands, as docs/promotion.md has it. */
const kSteps: Record<PromotionStage, Step[]> = {
  proposed: [kSign, kReject],
  signed_off: [kShadow, kCanary, kReject],
  shadow: [kCanary, kRollBack],
  canary: [
    { action: "advance", title: "Advance", tells: "to the next share of the conversations" },
    { action: "go_live", title: "Go live", tells: "it answers all conversations" }, kRollBack],
  live: [kRollBack, { action: "retire", title: "Retire", tells: "production answers again" }],
  retired: [], rejected: [], rolled_back: [],
};

function Actions(props: { promotion: Promotion; done: () => void }) {
  const [person, setPerson] = usePerson();
  const [reason, setReason] = useState("");
  const [error, setError] = useFailure();
  const [busy, setBusy] = useState(false);
  const may = { viewer: true, reviewer: useMay("reviewer"), operator: useMay("operator"), admin: true };
  const { stage, proposer, signatures } = props.promotion;
  const hasSigned = signatures.some((s) => s.person === person);
  const own = stage !== "proposed" || person === "" ? null : person === proposer ? "You proposed this, so somebody else signs it." : hasSigned ? "You have signed this; the next signature is another person's." : null;
  const steps = kSteps[stage].filter((step) => own === null || step.action !== "sign");
  if (steps.length === 0) return null;
  if (!may.reviewer) return <section><h2>Next step</h2><p class="muted">Signing and rejecting take the role reviewer, other steps the role operator.</p></section>;
  const take = async (step: Step) => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/promotions/${encodeURIComponent(props.promotion.id)}/${step.action}`, { person, reason, revision: props.promotion.revision, ...(step.action === "sign" && { digest: props.promotion.digest }) });
      setReason("");
    } catch (e) {
      setError(e);
    }
    setBusy(false);
    props.done();
  };
  return (
    <section>
      <h2>Next step</h2>
      <div class="acts">
        <PersonInput person={person} set={setPerson} />
        <label>why<input value={reason} maxLength={1000} autocomplete="off" onInput={(e) => setReason(e.currentTarget.value)} /></label>
      </div>
      <ul class="lines plain">
        {steps.map((step) => <li key={step.action}><button type="button" class={step.tone} disabled={busy || person === "" || !may[step.role ?? "operator"]} onClick={() => void take(step)}>{step.title}</button> <span class="muted">{step.tells}{!may[step.role ?? "operator"] && "; takes the role operator"}</span></li>)}
      </ul>
      {own !== null && <p class="muted">{own}</p>}
      {person === "" && <p class="small muted">Give your name first: it goes into the audit log.</p>}
      <Trouble error={error} />
    </section>
  );
}

function Gates(props: { promotion: Promotion }) {
  const progress = props.promotion.progress;
  if (!progress) return null;
  return (
    <section>
      <h2>Gates</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="gates">
        <table class="list">
          <thead><tr><th scope="col">gate</th><th scope="col" class="number">looked at</th><th scope="col" class="number">bad</th><th scope="col" class="number">at most</th><th scope="col">stands</th></tr></thead>
          <tbody>
            {progress.gates.map((g) => (
              <tr key={g.gate}>
                <th scope="row">{g.title}</th><td class="number">{count(g.count)}</td><td class="number">{g.count > 0 ? percent(g.mean) : "\u2013"}</td><td class="number">{shortPercent(g.limit)}</td>
                <td>{g.is_failed ? <span class="badge no">failed</span> : g.count > 0 ? "holds" : "nothing seen yet"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Pairs(props: { id: string; count: number | undefined }) {
  const { data, reload } = useResource<{ pairs: PairLine[] }>(`/api/promotions/${encodeURIComponent(props.id)}/pairs?limit=${kShownPairs}`);
  useOnChange(props.count, reload);
  if (!data || data.pairs.length === 0) return null;
  const isJudged = data.pairs.some((p) => p.judge !== null);
  return (
    <section>
      <h2>Last shadowed pairs</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="pairs">
        <table class="list">
          <thead><tr><th scope="col">exchange</th><th scope="col">client had</th><th scope="col" class="number">the same</th>{isJudged && <th scope="col" class="number">judge</th>}<th scope="col">mistakes</th><th scope="col" class="number">candidate</th><th scope="col" class="number">other side</th></tr></thead>
          <tbody>
            {data.pairs.map((p) => (
              <tr key={p.record_id}>
                <th scope="row"><a href={address(["traffic", p.record_id])}>{ago(p.at)}</a></th><td>{p.client_had}</td><td class="number">{p.metric !== "" ? shortPercent(p.score) : "no answer"}</td>
                {isJudged && <td class="number">{p.judge !== null ? shortPercent(p.judge) : "\u2013"}</td>}
                <td><Name text={p.mistakes.join(", ")} /></td><td class="number">{seconds(p.candidate_seconds)}</td><td class="number">{seconds(p.other_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function History(props: { id: string; changed: string }) {
  const { data, reload } = useResource<{ entries: AuditEntry[] }>(`/api/promotions/${encodeURIComponent(props.id)}/history`);
  useOnChange(props.changed, reload);
  const mine = data?.entries ?? [];
  if (mine.length === 0) return null;
  return (
    <section>
      <h2>What happened</h2>
      <ol class="lines plain">
        {mine.map((e) => <li key={e.number}><strong>{e.action.replace("promotion.", "").replace("_", " ")}</strong> by <Plain text={e.person} />, {ago(e.at)}{e.reason !== "" && <>: <Plain text={e.reason} /></>}</li>)}
      </ol>
    </section>
  );
}

const Where = (props: { promotion: Promotion }) => props.promotion.upstream !== null ? <>by upstream <Plain text={props.promotion.upstream} /></> : <>served by this machine</>;

const kEngineTones = { waiting: "busy", starting: "busy", ready: "yes", failed: "no", refused: "no" };

/** What its engine wrote last, open where it is not ready; nothing of one that has not run. */
function EngineWords(props: { promotion: Promotion }) {
  const { id, stage, served_here: served } = props.promotion;
  const state = served?.engine?.state;
  const { data, error, reload } = useResource<{ engines: EngineLog[] }>(`/api/promotions/${encodeURIComponent(id)}/engine_log`);
  useOnChange(`${stage} ${state} ${served?.engine?.failures}`, reload);
  const last = data?.engines[0];
  return <><Trouble error={error} retry={reload} />{last && <Engine log={last} name="engine's log" failed={state === "failed"} reload={reload} />}</>;
}

/** What this machine serves, and how its engine does. */
function Served(props: { promotion: Promotion }) {
  const served = props.promotion.served_here;
  if (!served) return null;
  const engine = served.engine;
  return (
    <section>
      <h2>Served here</h2>
      {!engine && <p class="muted">Its engine runs while the proposal is on traffic.</p>}
      {engine && <p><Badge text={engine.state} tone={kEngineTones[engine.state]} /> {engine.description !== null && <Plain text={engine.description} />}{engine.failures > 0 && <> It failed {count(engine.failures)} {engine.failures === 1 ? "time" : "times"}{engine.hangs > 0 && `, ${count(engine.hangs)} of them because it ran and answered nothing,`} since the service started; production answered meanwhile.</>}</p>}
      {engine && engine.why !== null && <p class="small">{engine.state === "ready" ? "The last failure: " : ""}<Plain text={engine.why} /></p>}
      <dl class="facts-grid">
        <div><dt>base</dt><dd><code>{served.base}</code></dd></div>
        {served.adapter !== null && <div><dt>adapter</dt><dd><code>{served.adapter}</code></dd></div>}
        {served.keep_layers !== null && <div><dt>layers kept</dt><dd>{served.keep_layers.join(", ")}</dd></div>}
        <div><dt>context</dt><dd>{count(served.context_length)} tokens</dd></div>
        <div><dt>chat template</dt><dd>{served.chat_template !== null ? <code>{served.chat_template}</code> : "the model's own"}</dd></div>
      </dl>
      <EngineWords promotion={props.promotion} />
    </section>
  );
}

export function PromotionPage(props: { id: string }) {
  const { data: p, error, reload } = useResource<Promotion>(`/api/promotions/${encodeURIComponent(props.id)}`);
  useOnChange(useLive().promotions?.revision, reload, kPause);
  if (!p) return <><PageTitle title="Promotion" /><Trouble error={error} retry={reload} />{!error && <Waiting what="the promotion" />}</>;
  const pairs = p.pairs && p.pairs.pairs > 0 ? p.pairs : null;
  return (
    <>
      <PageTitle title={fullName(p.model_name, p.variant)} eyebrow={<><a href="/promotions">Promotions</a> / <Name text={p.workload_id} /></>} tools={<span role="status"><Stage promotion={p} /></span>}>
        <p class="muted">For <Name text={p.workload_id} /> of <Name text={p.client_id} />, <Where promotion={p} />. Proposed by <Plain text={p.proposer} />, <span role="status">signed by {p.signatures.length > 0 ? <Plain text={p.signatures.map((s) => s.person).join(", ")} /> : "nobody yet"} ({p.signatures.length} of {plural(p.signatures_needed, "signature")})</span>. <a href={address(["runs", p.job_id, "report"])}>The report</a></p>
        {p.reason !== "" && <p><Plain text={p.reason} /></p>}
        {p.trouble !== null && <p class="problem"><Plain text={p.trouble} /></p>}
      </PageTitle>
      <Trouble error={error} retry={reload} />
      <dl class="figures">
        <Figure name="answers" value={shortPercent(p.share)}>of the conversations</Figure>
        <Figure name="shadowed" value={shortPercent(p.shadow)}>of the requests go to both sides</Figure>
        <Figure name="requests" value={p.progress ? count(p.progress.requests) : "\u2013"}>{p.progress && p.progress.missing > 0 ? `about ${count(p.progress.missing)} more until the next share` : "of clients"}</Figure>
        {pairs && <Figure name="the same as the other side" value={percent(pairs.score)}>of {count(pairs.compared)} pairs; 95 % within {seconds(pairs.candidate_seconds.p95)}, the other side {seconds(pairs.other_seconds.p95)}</Figure>}
      </dl>
      <Actions promotion={p} done={reload} />
      <Served promotion={p} />
      <Gates promotion={p} />
      <Pairs id={p.id} count={p.pairs?.pairs} />
      <History id={p.id} changed={p.changed_at} />
      <section>
        <h2>What a signature names</h2>
        <dl class="facts-grid">{Object.entries(p.digests).map(([name, digest]) => <div key={name}><dt>{name}</dt><dd><code>{digest}</code></dd></div>)}<div><dt>all of them</dt><dd><code>{p.digest}</code></dd></div></dl>
      </section>
    </>
  );
}
