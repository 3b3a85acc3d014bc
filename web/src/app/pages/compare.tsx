import { useMemo } from "preact/hooks";
import { AnswerDiff, kSideWords } from "../../components/answer_diff";
import { Conversation } from "../../components/conversation";
import { count, plural, score } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { asMessage, leadingKind, messagesOf, type DivergentRow, type Report, type RowAnswer } from "../../report/model";
import { answerName } from "../../report/row_filter";
import { useResource } from "../api";
import { Choice, PageTitle, Trouble, Waiting } from "../parts";
import { address, setQuery } from "../place";

type Side = "a" | "b" | "same";
interface Pair { row: DivergentRow; a: RowAnswer; b: RowAnswer; better: Side }

function pairsOf(report: Report, a: string, b: string): Pair[] {
  return report.divergent_rows.rows.flatMap((row): Pair[] => {
    const [left, right] = [a, b].map((name) => row.answers.find((x) => answerName(x) === name));
    if (!left || !right) return [];
    const [l, r] = [left.agreement ?? 0, right.agreement ?? 0];
    return [{ row, a: left, b: right, better: l > r ? "a" : r > l ? "b" : "same" }];
  });
}

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

function Compared(props: { report: Report; query: URLSearchParams }) {
  const { report, query } = props;
  const names = useMemo(() => [...new Set(report.divergent_rows.rows.flatMap((r) => r.answers.map(answerName)))], [report]);
  const a = query.get("a") ?? names[0] ?? "";
  const b = query.get("b") ?? names.find((n) => n !== a) ?? "";
  const which = query.get("show") ?? "";
  const pairs = useMemo(() => pairsOf(report, a, b), [report, a, b]);
  const found = pairs.filter((p) => which === "" || p.better === which);
  const shown = Math.max(kShown, Number(query.get("rows")) || 0);
  if (names.length < 2) return <p class="muted">There are no two candidates whose answers differ from production's.</p>;
  const n = (side: Side) => pairs.filter((p) => p.better === side).length;
  const options = names.map((name): [string, string] => [name, name]);
  return (
    <>
      <form class="filters" onSubmit={(e) => e.preventDefault()}>
        <Choice name="a" label="left" value={a} any="the best-ranked" options={options} />
        <Choice name="b" label="right" value={b} any="the next" options={options} />
        <Choice name="show" label="rows" value={which} any={`all (${count(pairs.length)})`} options={[["a", `left agrees more (${n("a")})`], ["b", `right agrees more (${n("b")})`], ["same", `as much (${n("same")})`]]} />
      </form>
      <p class="muted small">Of the rows on which the best-ranked candidate does not give production's answer. What differs is marked <mark class="side">so</mark>.</p>
      <h2><span role="status">{plural(found.length, "row")}</span></h2>
      {found.slice(0, shown).map((p) => <PairCard key={p.row.record_id} pair={p} kind={leadingKind(report)} />)}
      {found.length > shown && <button type="button" class="more" onClick={() => setQuery({ rows: String(shown + kShown) })}>show more ({count(found.length - shown)} left)</button>}
    </>
  );
}

export function ComparePage(props: { id: string; query: URLSearchParams }) {
  const { data, error, reload } = useResource<Report>(`/api/jobs/${props.id}/report`);
  return (
    <>
      <PageTitle title="Compare answers" eyebrow={<a href={address(["runs", props.id])}>Run</a>} />
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the report" />}
      {data && <Compared report={data} query={props.query} />}
    </>
  );
}
