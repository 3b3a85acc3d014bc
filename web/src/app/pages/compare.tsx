import { useMemo } from "preact/hooks";
import { AnswerDiff, kSideWords } from "../../components/answer_diff";
import { Conversation } from "../../components/conversation";
import { count, plural, score } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { asMessage, leadingKind, messagesOf, type Report, type RowAnswer } from "../../report/model";
import { answerName } from "../../report/row_filter";
import { useResource } from "../api";
import { Choice, PageTitle, Trouble, Waiting } from "../parts";
import { address, setQuery } from "../place";
import { answerersOf, areSameRows, pairsOf, type Pair, type Side } from "../run_pairs";
import { OtherRun } from "./same_traffic";

const kShown = 20;

function PairCard(props: { pair: Pair; kind: "rate" | "graded" }) {
  const { row, a, b } = props.pair;
  const messages = messagesOf(row);
  const name = (x: RowAnswer) => <><Plain text={answerName(x)} /> <span class="muted small">{score(x.agreement, props.kind)}</span></>;
  return (
    <article class="row" aria-label={`row ${row.record_id}`}>
      <header><h3>{row.label === "" ? "row" : <Name text={row.label} />}</h3><span class="row-tools"><Name text={row.record_id} /></span></header>
      {messages.length > 0 && <details><summary>Whole conversation ({plural(messages.length, "message")})</summary><Conversation messages={messages} /></details>}
      <AnswerDiff reference={asMessage(a.message) ?? {}} answer={asMessage(b.message)} names={[name(a), name(b)]} trouble={b.failure ?? b.error} words={kSideWords} />
      <details><summary>Beside production's answer</summary><AnswerDiff reference={asMessage(row.reference) ?? {}} answer={asMessage(b.message)} names={["production", name(b)]} trouble={null} /></details>
    </article>
  );
}

/** What the rows are that are shown, and which are not. */
function WhichRows(props: { left: Report; right: Report }) {
  const { left, right } = props;
  if (left === right) return <>Of the rows on which the best-ranked candidate does not give production's answer.</>;
  if (areSameRows(left, right)) return <>Both runs were measured on the same rows. Of those on which the best-ranked candidate of either does not give production's answer.</>;
  return <>The runs were measured on other rows: only those stand here that are in both and on which the best-ranked candidates of both do not give production's answer.</>;
}

function Compared(props: { left: Report; right: Report; query: URLSearchParams }) {
  const { left, right, query } = props;
  const [names, others] = useMemo(() => [answerersOf(left), answerersOf(right)], [left, right]);
  const a = query.get("a") ?? names[0] ?? "";
  const b = query.get("b") ?? (left === right ? names.find((n) => n !== a) : others[0]) ?? "";
  const which = query.get("show") ?? "";
  const pairs = useMemo(() => pairsOf(left, a, right, b), [left, a, right, b]);
  const found = pairs.filter((p) => which === "" || p.better === which);
  const shown = Math.max(kShown, Number(query.get("rows")) || 0);
  if (a === "" || b === "") return <p class="muted">{left === right ? "There are no two candidates whose answers differ from production's." : "One of the runs has no answers that differ from production's."}</p>;
  const n = (side: Side) => pairs.filter((p) => p.better === side).length;
  const optionsOf = (list: string[]) => list.map((name): [string, string] => [name, name]);
  return (
    <>
      <form class="filters" onSubmit={(e) => e.preventDefault()}>
        <Choice name="a" label="left" value={a} any="the best-ranked" options={optionsOf(names)} />
        <Choice name="b" label={left === right ? "right" : "right, of the other run"} value={b} any={left === right ? "the next" : "the best-ranked"} options={optionsOf(others)} />
        <Choice name="show" label="rows" value={which} any={`all (${count(pairs.length)})`} options={[["a", `left agrees more (${n("a")})`], ["b", `right agrees more (${n("b")})`], ["same", `as much (${n("same")})`]]} />
      </form>
      <p class="muted small"><WhichRows left={left} right={right} /> What differs is marked <mark class="side">so</mark>.</p>
      <h2><span role="status">{plural(found.length, "row")}</span></h2>
      {found.slice(0, shown).map((p) => <PairCard key={p.row.record_id} pair={p} kind={leadingKind(left)} />)}
      {found.length > shown && <button type="button" class="more" onClick={() => setQuery({ rows: String(shown + kShown) })}>show more ({count(found.length - shown)} left)</button>}
    </>
  );
}

const reportOf = (id: string): string => `/api/jobs/${encodeURIComponent(id)}/report`;

/** Two candidates of a run, or one of this run and one of another, row by row. */
export function ComparePage(props: { id: string; query: URLSearchParams }) {
  const { id, query } = props;
  const { data, error, reload } = useResource<Report>(reportOf(id));
  const with_ = query.get("with") ?? "";
  const other = useResource<Report>(with_ === "" ? null : reportOf(with_));
  const right = with_ === "" ? data : other.data;
  return (
    <>
      <PageTitle title="Compare answers" eyebrow={<a href={address(["runs", id])}>Run</a>} />
      <Trouble error={error ?? other.error} retry={() => { reload(); other.reload(); }} />
      {data && <form class="filters" onSubmit={(e) => e.preventDefault()}><OtherRun id={id} of={data.job} value={with_} any="this run alone" /></form>}
      {(!data || !right) && !error && !other.error && <Waiting what="the report" />}
      {data && right && <Compared left={data} right={right} query={query} />}
    </>
  );
}
