import { useEffect, useMemo, useState } from "preact/hooks";
import { count, plural } from "../components/format";
import { visible } from "../components/plain";
import { DivergentRowCard } from "./divergent_row";
import { go, scrollToId, usePlace, type Place } from "./location";
import type { DivergentRow, Report, RowNote } from "./model";
import { asCsv, asJsonLines, download } from "./row_export";
import { answerName, countNames, filterRows, mistakesOf, readingOf, shownAnswer, type Reading } from "./row_filter";

/** A page of rows that draws at once, however many there are. */
const kPageRows = 20;
const kFilters = ["class", "mistake", "model", "newest", "template", "q"];

function Choice(props: { name: string; label: string; value: string | undefined; any: string; options: [string, string][] }) {
  if (props.options.length < 2 && !props.value) return null;
  return (
    <label>
      {props.label}
      <select value={props.value ?? ""} onChange={(e) => go({ [props.name]: e.currentTarget.value, page: "", row: "" })}>
        <option value="">{props.any}</option>
        {props.options.map(([value, text]) => <option key={value} value={value}>{visible(text)}</option>)}
      </select>
    </label>
  );
}

/** The text searched for; the address follows when typing pauses, since browsers bound how often it may change. */
function Search(props: { value: string }) {
  const [text, setText] = useState(props.value);
  useEffect(() => setText(props.value), [props.value]);
  useEffect(() => {
    if (text === props.value) return;
    const timer = setTimeout(() => go({ q: text, page: "", row: "" }), 150);
    return () => clearTimeout(timer);
  }, [text]);
  return <label class="search">search<input type="search" value={text} placeholder="words of request and answers" onInput={(e) => setText(e.currentTarget.value)} /></label>;
}

function Filters(props: { rows: DivergentRow[]; place: Place; reading: Reading }) {
  const { rows, place, reading } = props;
  const counted = (list: [string, number][]): [string, string][] => list.map(([name, n]) => [name, `${name === "" ? "(none)" : name} (${count(n)})`]);
  const classes = useMemo(() => counted(countNames(rows, (r) => [r.label])).filter(([name]) => name !== ""), [rows]);
  const models = useMemo(() => [...new Set(rows.flatMap((r) => r.answers.map(answerName)))].map((n): [string, string] => [n, n]), [rows]);
  const mistakes = useMemo(() => counted(countNames(rows, (r) => mistakesOf(shownAnswer(r, place.model, reading)))), [rows, place.model]);
  const sides = (a: [string, string], b: [string, string], of: (r: DivergentRow) => boolean): [string, string][] => {
    const n = rows.filter(of).length;
    return [[a[0], `${a[1]} (${count(n)})`], [b[0], `${b[1]} (${count(rows.length - n)})`]];
  };
  return (
    <form class="filters" role="search" aria-label="divergent rows" onSubmit={(e) => e.preventDefault()}>
      <Search value={place.q ?? ""} />
      <Choice name="class" label="class" value={place.class} any="all classes" options={classes} />
      <Choice name="mistake" label="mistake" value={place.mistake} any="all mistakes" options={mistakes} />
      <Choice name="model" label="answers of" value={place.model} any="the best-ranked" options={models} />
      <Choice name="newest" label="traffic" value={place.newest} any="newest and older" options={sides(["newest", "newest"], ["older", "older"], (r) => r.newest)} />
      <Choice name="template" label="template" value={place.template} any="seen or not" options={sides(["seen", "in training"], ["unseen", "not in training"], (r) => r.template_in_training)} />
    </form>
  );
}

/** The page of the list that is shown: the one that holds the row of the address, else the one it names. */
function pageOf(rows: DivergentRow[], place: Place): number {
  const at = place.row ? rows.findIndex((r) => r.record_id === place.row) : -1;
  const last = Math.max(0, Math.ceil(rows.length / kPageRows) - 1);
  return at >= 0 ? Math.floor(at / kPageRows) : Math.min(last, Math.max(0, (Number(place.page) || 1) - 1));
}

function Pager(props: { total: number; page: number; where: string }) {
  const { total, page } = props;
  if (total <= kPageRows) return null;
  const turn = (to: number) => {
    go({ page: to === 0 ? "" : String(to + 1), row: "" });
    scrollToId("rows-list");
  };
  return (
    <nav class="pager" aria-label={`pages of rows, ${props.where}`}>
      <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>previous</button>
      <span>{count(page * kPageRows + 1)} to {count(Math.min(total, (page + 1) * kPageRows))} of {count(total)}</span>
      <button type="button" disabled={(page + 1) * kPageRows >= total} onClick={() => turn(page + 1)}>next</button>
    </nav>
  );
}

/** Scrolls to the row of the address once it is drawn. */
function useScrollTo(record: string | undefined) {
  useEffect(() => {
    if (!record) return;
    scrollToId(`row-${record}`);
    document.getElementById(`row-${record}`)?.focus({ preventScroll: true });
  }, [record]);
}

export function Divergences(props: { report: Report; note?: RowNote }) {
  const { rows, total, left_out } = props.report.divergent_rows;
  const place = usePlace();
  const reading = useMemo(() => readingOf(props.report), [props.report]);
  const found = useMemo(() => filterRows(rows, place, reading), [rows, reading, ...kFilters.map((f) => place[f])]);
  useScrollTo(place.row);
  const page = pageOf(found, place);
  const lost = place.row && !rows.some((r) => r.record_id === place.row);
  const title = <h2 id="rows">Where they differ</h2>;
  if (rows.length === 0) return <section>{title}<p class="muted">{reading.best === "" ? "Nothing was evaluated, so there is nothing to compare." : total === 0 ? "No row differs from production's answer." : `${plural(total, "row")} differ; none is in this report.`}</p></section>;
  const filtered = kFilters.some((f) => place[f]);
  return (
    <section>
      {title}
      <p class="muted">
        {plural(total, "row")} on which the best-ranked candidate does not give production's answer{left_out > 0 && `; the first ${count(rows.length)} are here`}.
        What production said and the candidate did not is marked <mark class="lost">so</mark>, what it said instead <mark class="gained">so</mark>.
      </p>
      <Filters rows={rows} place={place} reading={reading} />
      <div class="found" id="rows-list">
        <span role="status">{plural(found.length, "row")}{filtered && ` of ${count(rows.length)}`}</span>
        {filtered && <button type="button" class="quiet" onClick={() => go(Object.fromEntries([...kFilters, "page", "row"].map((f) => [f, ""])))}>clear filters</button>}
        <span class="right">
          <button type="button" class="quiet" onClick={() => download("rows.jsonl", "application/jsonl", asJsonLines(found))}>download JSONL</button>
          <button type="button" class="quiet" onClick={() => download("rows.csv", "text/csv", asCsv(found))}>download CSV</button>
        </span>
      </div>
      {lost && <p class="problem">Row {visible(place.row!)} is not among the divergent rows here.</p>}
      <Pager total={found.length} page={page} where="above" />
      {found.slice(page * kPageRows, (page + 1) * kPageRows).map((row) => (
        <DivergentRowCard key={row.record_id} row={row} report={props.report} place={place} reading={reading} note={props.note?.(row.record_id)} />
      ))}
      {found.length === 0 && <p class="muted">No row fits these filters.</p>}
      {found.length > kPageRows && <p class="print-only muted">Print holds the page that was shown; the file has all {count(found.length)}.</p>}
      <Pager total={found.length} page={page} where="below" />
    </section>
  );
}
