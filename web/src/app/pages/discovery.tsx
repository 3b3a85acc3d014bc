// Workloads that nobody named: looks for them, and puts those that a person accepts into force, as `flywheel workloads` does.
import { useState } from "preact/hooks";
import { count, moment, percent, plural } from "../../components/format";
import { Name, Plain, visible } from "../../components/plain";
import { post, remove, useEvery, useFailure, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { Choice, Figure, PageTitle, Progress, Trouble, Waiting } from "../parts";
import { address } from "../place";
import { useMay } from "../session";
import type { AcceptedRules, Discovery, LabelRule, ProposedWorkload, Statistics } from "../types";

/** What a rule asks of a request, without the name that it gives. */
function Rule(props: { rule: LabelRule }) {
  const parts = Object.entries(props.rule).filter(([key]) => key !== "workload");
  return <dl class="facts-grid rule">{parts.flatMap(([key, value]) => [<dt key={key}>{key}</dt>, <dd key={`${key} value`} class="code"><Plain text={typeof value === "string" ? value : JSON.stringify(value)} /></dd>])}</dl>;
}

const kKinds: [keyof ProposedWorkload["answers"], string][] = [["tool_calls", "tool calls"], ["json", "JSON"], ["text", "text"], ["error", "errors"]];

const kMostNames = 6;

/** The most frequent names. */
function Most(props: { before: string; counts: Record<string, number> }) {
  const names = Object.entries(props.counts).sort((a, b) => b[1] - a[1]).map(([name]) => name);
  if (names.length === 0) return null;
  const more = names.length - kMostNames;
  return <>{props.before}<Plain text={names.slice(0, kMostNames).join(", ")} />{more > 0 && ` and ${count(more)} more`}</>;
}

function Proposal(props: { workload: ProposedWorkload; isChosen: boolean; choose: ((chosen: boolean) => void) | null }) {
  const w = props.workload;
  return (
    <section aria-label={visible(w.name)}>
      <h3>
        {props.choose ? <label><input type="checkbox" checked={props.isChosen} onChange={(e) => props.choose!(e.currentTarget.checked)} /> <Name text={w.name} /></label> : <Name text={w.name} />}
        {" "}<span class="muted small">{plural(w.records, "record")}, {percent(w.share)}</span>
      </h3>
      <p class="small muted">
        Answered with {kKinds.filter(([kind]) => w.answers[kind] > 0).map(([kind, name]) => `${name} (${count(w.answers[kind])})`).join(", ")}
        <Most before="; calls " counts={w.called} /><Most before="; by " counts={w.models} /><Most before="; for " counts={w.clients} />
        {w.oldest && w.newest && <>; {moment(w.oldest)} to {moment(w.newest)}</>}
      </p>
      <Rule rule={w.rule} />
      {w.examples.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`examples of ${visible(w.name)}`}>
          <table class="list">
            <thead><tr><th scope="col">asked</th><th scope="col">answered</th><th scope="col"><span class="muted">record</span></th></tr></thead>
            <tbody>{w.examples.map((e) => <tr key={e.record_id}><td class="text-cell"><Plain text={e.asked} /></td><td class="text-cell"><Plain text={e.answered} /></td><td><a href={address(["traffic", e.record_id])}>whole</a></td></tr>)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** Moves what is stored under the names that accepted rules give, a slice at a time. */
async function moveStored(source: string, tell: (moved: number, read: number) => void): Promise<void> {
  let cursor: string | null = null;
  let moved = 0, read = 0;
  do {
    const slice: { read: number; moved: number; next_cursor: string | null } = await post("/api/workloads/accepted/apply", { workload_id: source, cursor });
    moved += slice.moved;
    read += slice.read;
    cursor = slice.next_cursor;
    tell(moved, read);
  } while (cursor !== null);
}

function Accept(props: { chosen: string[]; source: string; done: () => void }) {
  const [as, setAs] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const [error, setError] = useFailure();
  const accept = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await post("/api/workloads/accepted", { names: props.chosen, as: as === "" ? null : as });
      await moveStored(props.source, (moved, read) => setSaid(`${count(moved)} of ${plural(read, "stored record")} moved`));
      props.done();
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  const isNothing = props.chosen.length === 0;
  return (
    <form class="filters" aria-label="accept workloads" onSubmit={(e) => void accept(e)}>
      <label>all as one workload named<input value={as} maxLength={200} autocomplete="off" placeholder="empty: each by its own name" onInput={(e) => setAs(e.currentTarget.value)} /></label>
      <button type="submit" class="main" disabled={busy || isNothing}>{busy ? "accepting \u2026" : isNothing ? "accept" : `accept ${props.chosen.length}`}</button>
      <span class="small muted" role="status">{said ?? "What comes in is named from now on, and what is stored moves under the name."}</span>
      <Trouble error={error} />
    </form>
  );
}

function Found(props: { discovery: Discovery; mayAct: boolean; done: () => void }) {
  const found = props.discovery.found!;
  const [marked, setChosen] = useState<string[]>([]);
  // Somebody else's search may have found others meanwhile.
  const chosen = marked.filter((name) => found.workloads.some((w) => w.name === name));
  const choose = (name: string) => (isChosen: boolean) => setChosen((all) => (isChosen ? [...all, name] : all.filter((n) => n !== name)));
  return (
    <section>
      <h2>Proposed</h2>
      <dl class="figures">
        <Figure name="workloads" value={count(found.workloads.length)}>in the traffic of <Name text={props.discovery.workload_id ?? ""} /></Figure>
        <Figure name="records" value={count(found.records)}>{count(found.compared)} compared with each other, all counted</Figure>
        <Figure name="in none" value={count(found.in_none)}>too few are alike to make a workload</Figure>
        {found.without_content > 0 && <Figure name="passed over" value={count(found.without_content)}>their content has expired</Figure>}
      </dl>
      {found.workloads.length === 0 && <p>No workload was found: fewer than ten records are alike, or there are none.</p>}
      {props.mayAct && found.workloads.length > 0 && <Accept chosen={chosen} source={props.discovery.workload_id ?? ""} done={() => { setChosen([]); props.done(); }} />}
      {found.workloads.map((w) => <Proposal key={w.name} workload={w} isChosen={chosen.includes(w.name)} choose={props.mayAct ? choose(w.name) : null} />)}
    </section>
  );
}

function Accepted(props: { accepted: AcceptedRules; mayAct: boolean; reload: () => void }) {
  const [error, setError] = useFailure();
  const [said, setSaid] = useState<string | null>(null);
  const forget = (workload: string) => remove(`/api/workloads/accepted/${encodeURIComponent(workload)}`).then(props.reload, setError);
  const move = (source: string) => moveStored(source, (moved, read) => setSaid(`${count(moved)} of ${plural(read, "stored record")} moved`)).catch(setError);
  if (props.accepted.accepted.length === 0) return null;
  return (
    <section>
      <h2>Accepted</h2>
      {props.accepted.accepted.map(({ workload_id, rules }) => (
        <div key={workload_id}>
          <p class="small muted">In the traffic of <Name text={workload_id} />, the first rule that fits. {props.mayAct && <button type="button" class="quiet" onClick={() => void move(workload_id)}>move what is stored</button>} <span role="status">{said}</span></p>
          <div class="scroll" tabIndex={0} role="region" aria-label="accepted rules">
            <table class="list">
              <thead><tr><th scope="col">workload</th><th scope="col">rule</th><th scope="col"><span class="muted">forget</span></th></tr></thead>
              <tbody>
                {rules.map((rule, i) => (
                  <tr key={i}>
                    <th scope="row"><a href={address(["workloads", rule.workload])}><Name text={rule.workload} /></a></th>
                    <td class="text-cell"><Rule rule={rule} /></td>
                    <td>{props.mayAct && <button type="button" class="danger" aria-label={`forget ${visible(rule.workload)}`} onClick={() => void forget(rule.workload)}>forget</button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      ))}
      <Trouble error={error} />
    </section>
  );
}

function UnderWay(props: { discovery: Discovery; mayAct: boolean; reload: () => void }) {
  const d = props.discovery;
  const done = d.records_counted > 0 ? d.records_counted : d.records_compared;
  return (
    <p role="status">
      {d.records_counted > 0 ? "Counting" : "Comparing"} the records of <Name text={d.workload_id ?? ""} />: {count(done)} of {count(d.records_total)}{" "}
      <Progress done={done} total={d.records_total} label={`${count(done)} of ${count(d.records_total)} records`} />{" "}
      {props.mayAct && <button type="button" class="quiet" onClick={() => void remove("/api/workloads/discovery").then(props.reload, props.reload)}>stop</button>}
    </p>
  );
}

export function DiscoveryPage(props: { query: URLSearchParams }) {
  const source = props.query.get("workload") ?? "";
  const mayAct = useMay("operator");
  const discovery = useResource<Discovery>("/api/workloads/discovery");
  const accepted = useResource<AcceptedRules>("/api/workloads/accepted");
  const statistics = useResource<Statistics>("/api/statistics?points=1");
  const [error, setError] = useFailure();
  const d = discovery.data;
  const isRunning = d?.status === "running";
  const live = useLive();
  useOnChange(live.discovery?.revision, () => { discovery.reload(); accepted.reload(); });
  useOnChange(live.traffic?.workloads, statistics.reload);
  useEvery(isRunning ? 700 : null, discovery.reload);
  const names = [...new Set((statistics.data?.workloads ?? []).map((w) => w.workload_id))];
  const look = () => post("/api/workloads/discovery", { workload_id: source === "" ? null : source }).then(() => { setError(null); discovery.reload(); }, setError);
  const trouble = error ?? discovery.error ?? accepted.error;
  return (
    <>
      <PageTitle title="Find workloads" eyebrow={<a href="/workloads">Workloads</a>}>
        <p class="muted">Traffic that its application did not tag, told apart by system message, tools and output. What you accept becomes a rule: it names what comes in, and what is stored moves under the name.</p>
      </PageTitle>
      <Trouble error={trouble} retry={() => { setError(null); discovery.reload(); accepted.reload(); }} />
      {!d && !trouble && <Waiting what="what was found" />}
      {d && mayAct && (
        <div class="filters">
          <Choice name="workload" label="look into" value={source} any="what came untagged" options={names.map((n) => [n, n])} />
          <button type="button" class="main" disabled={isRunning} onClick={() => void look()}>find workloads</button>
        </div>
      )}
      {d && !mayAct && <p class="muted">Looking and accepting take the role operator.</p>}
      {d && isRunning && <UnderWay discovery={d} mayAct={mayAct} reload={discovery.reload} />}
      {d?.status === "failed" && <p class="problem" role="alert">The search failed: <Plain text={d.error ?? ""} /></p>}
      {d?.status === "cancelled" && <p class="muted">The search was stopped.</p>}
      {d?.found && <Found discovery={d} mayAct={mayAct} done={accepted.reload} />}
      {accepted.data && <Accepted accepted={accepted.data} mayAct={mayAct} reload={accepted.reload} />}
    </>
  );
}
