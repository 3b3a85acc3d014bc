import { useMemo } from "preact/hooks";
import { AnswerDiff, kSideWords } from "../../components/answer_diff";
import { Conversation } from "../../components/conversation";
import { count, plural, score, type Kind } from "../../components/format";
import { GoneNote, GoneTag } from "../../components/gone_record";
import { Name, Plain } from "../../components/plain";
import { asMessage, contenderKey, fullName, leadingKind, type Report } from "../../report/model";
import { useKept, useResource } from "../api";
import { Choice, PageTitle, Trouble, Waiting } from "../parts";
import { address, setQuery } from "../place";
import { areSameRows } from "../run_pairs";
import type { ComparedAnswer, ComparedRow, Comparison } from "../types";
import { OtherRun } from "./same_traffic";

const kPage = 20;
const kFirst = { from: "" };

/** The evaluations of a run that have rows, the best-ranked first, as the address and the person name them. */
const answerersOf = (report: Report): [string, string][] => report.ranking.entries.map((e) => [contenderKey(e.candidate, e.variant), fullName(e.model_name, e.variant)]);

function RowCard(props: { row: ComparedRow; names: [string, string]; kind: Kind }) {
  const { row, names, kind } = props;
  const messages = useMemo(() => (row.messages ?? []).flatMap((m) => asMessage(m) ?? []), [row]);
  const name = (text: string, x: ComparedAnswer) => <><Plain text={text} /> <span class="muted small">{score(x.agreement, kind)}{x.asks > 1 && `, asked ${count(x.asks)} times`}</span></>;
  const { left, right } = row;
  return (
    <article class="row" aria-label={`row ${row.record_id}`}>
      <header><h3>{row.label === "" ? "row" : <Name text={row.label} />}</h3><span class="row-tools">{!row.is_in_log && <GoneTag />} <Name text={row.record_id} /></span></header>
      {!row.is_in_log && <GoneNote />}
      {messages.length > 0 && <details><summary>Whole conversation ({plural(messages.length, "message")})</summary><Conversation messages={messages} /></details>}
      {(left.failure ?? left.error) && <p class="problem">The left one gave no answer: <Plain text={left.failure ?? left.error ?? ""} /></p>}
      <AnswerDiff reference={asMessage(left.message) ?? {}} answer={asMessage(right.message)} names={[name(names[0], left), name(names[1], right)]} trouble={right.failure ?? right.error} words={kSideWords} />
      <details><summary>Beside production's answer</summary><AnswerDiff reference={asMessage(row.reference) ?? {}} answer={asMessage(right.message)} names={["production", name(names[1], right)]} trouble={null} /></details>
    </article>
  );
}

/** What the rows are that are counted, and which are not. */
function WhichRows(props: { left: Report; right: Report; comparison: Comparison }) {
  const { left, right, comparison: { counts } } = props;
  const only = counts.left_only + counts.right_only;
  return (
    <>
      {left !== right && (areSameRows(left, right) ? "Both runs were measured on the same rows. " : "The runs were measured on other rows: those count that are in both. ")}
      All {plural(counts.rows, "evaluation row")} that both answered{only > 0 && `; ${count(only)} more only one of them was asked`}{counts.without_score > 0 && `; ${count(counts.without_score)} have no score of the judge`}.
      Better is who agrees more with production. What differs is marked <mark class="side">so</mark>.
    </>
  );
}

function Pages(props: { from: number; shown: number; next: string | null; total: number }) {
  const { from, shown, next, total } = props;
  if (from === 0 && next === null) return null;
  const turn = (to: string) => {
    setQuery({ from: to });
    window.scrollTo(0, 0);
  };
  return (
    <nav class="tools" aria-label="pages of rows">
      {from > 0 && <button type="button" class="more" onClick={() => turn(from > kPage ? String(from - kPage) : "")}>rows before</button>}
      <span class="muted small">{count(from + 1)} to {count(from + shown)} of {count(total)}</span>
      {next !== null && <button type="button" class="more" onClick={() => turn(next)}>rows after</button>}
    </nav>
  );
}

function Compared(props: { id: string; left: Report; right: Report; query: URLSearchParams }) {
  const { id, left, right, query } = props;
  const [names, others] = useMemo(() => [answerersOf(left), answerersOf(right)], [left, right]);
  const a = query.get("a") || names[0]?.[0] || "";
  const b = query.get("b") || (left === right ? names.find(([key]) => key !== a)?.[0] : others[0]?.[0]) || "";
  const show = query.get("show") ?? "";
  const from = Number(query.get("from")) || 0;
  const with_ = query.get("with") ?? "";
  const asked = new URLSearchParams({ left: a, right: b, limit: String(kPage), cursor: String(from) });
  if (show !== "") asked.set("show", show);
  if (with_ !== "") asked.set("with", with_);
  const { data, error, reload } = useResource<Comparison>(a === "" || b === "" ? null : `/api/jobs/${encodeURIComponent(id)}/comparison?${asked}`);
  const known = useKept(data);
  if (a === "" || b === "") return <p class="muted">{left === right ? "There are no two candidates with answers." : "One of the runs has no answers."}</p>;
  const n = (key: keyof Comparison["counts"]) => (known ? ` (${count(known.counts[key])})` : "");
  const total = known ? (show === "" ? known.counts.rows : known.counts[show as "both"] ?? 0) : 0;
  const titleOf = (list: [string, string][], key: string) => list.find(([k]) => k === key)?.[1] ?? key;
  return (
    <>
      <form class="filters" onSubmit={(e) => e.preventDefault()}>
        <Choice name="a" label="left" value={a} any="the best-ranked" options={names} also={kFirst} />
        <Choice name="b" label={left === right ? "right" : "right, of the other run"} value={b} any={left === right ? "the next" : "the best-ranked"} options={others} also={kFirst} />
        <Choice name="show" label="rows" value={show} any={`all${n("rows")}`} options={[["left_better", `left better${n("left_better")}`], ["right_better", `right better${n("right_better")}`], ["both", `both agree${n("both")}`], ["neither", `neither agrees${n("neither")}`]]} also={kFirst} />
      </form>
      <Trouble error={error} retry={reload} />
      {!known && !error && <Waiting what="the rows" />}
      {known && <p class="muted small"><WhichRows left={left} right={right} comparison={known} /></p>}
      {data && <h2><span role="status">{plural(total, "row")}</span></h2>}
      {data?.rows.map((row) => <RowCard key={row.record_id} row={row} names={[titleOf(names, a), titleOf(others, b)]} kind={leadingKind(left)} />)}
      {data && <Pages from={from} shown={data.rows.length} next={data.next_cursor} total={total} />}
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
      {data && <form class="filters" onSubmit={(e) => e.preventDefault()}><OtherRun id={id} of={data.job} value={with_} any="this run alone" also={{ a: "", b: "", ...kFirst }} /></form>}
      {(!data || !right) && !error && !other.error && <Waiting what="the report" />}
      {data && right && <Compared id={id} left={data} right={right} query={query} />}
    </>
  );
}
