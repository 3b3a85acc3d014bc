import { useFold } from "../components/fold";
import { count, percent, words } from "../components/format";
import { Name, Plain } from "../components/plain";
import { Head } from "../components/score_row";
import type { Report } from "./model";

type Dataset = Report["dataset"];

function Reasons(props: { counts: Record<string, number> | undefined; what: string }) {
  const reasons = Object.entries(props.counts ?? {});
  return reasons.length > 0 && <ul class="reasons">{reasons.map(([reason, n]) => <li key={reason}>{count(n)} {props.what}: <Plain text={reason} /></li>)}</ul>;
}

function Steps(props: { dataset: Dataset }) {
  const widest = Math.max(1, ...props.dataset.steps.map((s) => s.in));
  return (
    <ol class="funnel">
      {props.dataset.steps.map((s) => (
        <li key={s.step}>
          <div class="funnel-head"><span>{words(s.step)}</span><span class="number">{count(s.in)} → {count(s.out)}</span></div>
          <div class="funnel-bar" aria-hidden="true"><span style={{ width: `${(100 * s.out) / widest}%` }} /><i style={{ width: `${(100 * (s.in - s.out)) / widest}%` }} /></div>
          <Reasons counts={s.reasons} what="left out" />
          <Reasons counts={s.repaired} what="mended" />
        </li>
      ))}
    </ol>
  );
}

/** How many have a value of a trait on one side, and which part of the side they are. */
interface Cell { count: number; share: number; weighted: number }
interface Table { title: string; sides: string[]; rows: { value: string; cells: (Cell | undefined)[] }[] }

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const objects = (v: unknown): Record<string, unknown>[] => (Array.isArray(v) ? v.filter(isObject) : []);

/** Counts by a trait: each side is `{rows, share, weighted_share}`, or a number alone whose share is counted here. */
function tableOf(title: string, list: Record<string, unknown>[]): Table {
  const label = Object.keys(list[0] ?? {}).find((key) => typeof list[0]![key] === "string") ?? "";
  const sides = [...new Set(list.flatMap(Object.keys))].filter((key) => key !== label);
  const countOf = (v: unknown) => Number(isObject(v) ? v.rows ?? v.records : v);
  const cellOf = (side: string, v: unknown): Cell | undefined => {
    if (v === undefined || Number.isNaN(countOf(v))) return undefined;
    const share = Number(isObject(v) ? v.share : countOf(v) / list.reduce((sum, row) => sum + (countOf(row[side]) || 0), 0)) || 0;
    return { count: countOf(v), share, weighted: isObject(v) && typeof v.weighted_share === "number" ? v.weighted_share : share };
  };
  return { title, sides, rows: list.map((row) => ({ value: String(row[label] ?? ""), cells: sides.map((side) => cellOf(side, row[side])) })) };
}

function CellText(props: { cell: Cell | undefined }) {
  const c = props.cell;
  if (!c) return <>{"\u2013"}</>;
  const [share, weighted] = [percent(c.share, 0), percent(c.weighted, 0)];
  return <>{count(c.count)} <span class="muted share">{share}</span>{weighted !== share && <span class="muted weighed"> weighed {weighted}</span>}</>;
}

/** Counts by one trait (classes, turns, lengths, days) on every side beside the traffic's. */
function SidesTable(props: { table: Table }) {
  const { title, sides, rows } = props.table;
  const fold = useFold(rows.length, 8, "rows");
  return (
    <div class="sides-table">
      <h3>{words(title)}</h3>
      <div class="scroll" tabIndex={0}>
        <table>
          <Head columns={["", ...sides.map((side) => `${words(side)}>`)]} />
          <tbody>
            {rows.map((row, i) => (
              <tr key={i} class={fold.beyond(i)}>
                <th scope="row">{row.value === "" ? "all rows" : <Name text={row.value} />}</th>
                {row.cells.map((cell, k) => <td key={k} class="number"><CellText cell={cell} /></td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {fold.button}
    </div>
  );
}

/** The card's mixes, and every other list of counts in it; the mix of classes says more than the counts of classes. */
function tablesOf(card: Record<string, unknown>): Table[] {
  const mixes = objects(card.mix).map((mix) => tableOf(String(mix.of), objects(mix.values)));
  const lists = Object.entries(card).filter(([name]) => !["mix", "steps", "datasets"].includes(name) && !(name === "classes" && mixes.some((m) => m.title === "class")));
  return [...mixes, ...lists.map(([name, list]) => tableOf(name, objects(list)))].filter((table) => table.rows.length > 0);
}

/** Groups of figures in the card, such as what leaks: a name, and numbers by name. */
function figuresOf(card: Record<string, unknown>): [string, [string, number][]][] {
  return Object.entries(card).flatMap(([name, group]): [string, [string, number][]][] => (isObject(group)
    ? [[name, Object.entries(group).filter((entry): entry is [string, number] => typeof entry[1] === "number")]] : []));
}

interface Suspicion { why: string; training: number; evaluation: number; examples: { record_id: string; detail: string }[] }

/** Answers of production that look wrong, by reason, with examples to look at. */
function Suspicious(props: { found: unknown }) {
  const found = isObject(props.found) ? props.found : {};
  const reasons = objects(found.reasons) as unknown as Suspicion[];
  if (reasons.length === 0) return null;
  return (
    <>
      <h3>answers that look wrong{found.left_out === true ? ": left out of training" : ""}</h3>
      <ul class="facts-list">
        {reasons.map((reason) => (
          <li key={reason.why}>
            <Plain text={reason.why} />: {count(reason.training)} that may train, {count(reason.evaluation)} of evaluation
            <ul class="reasons">{reason.examples.map((e) => <li key={e.record_id}><span class="code">{e.record_id}</span> <Plain text={e.detail} /></li>)}</ul>
          </li>
        ))}
      </ul>
    </>
  );
}

export function DatasetSection(props: { dataset: Dataset }) {
  const { dataset } = props;
  const card = dataset as unknown as Record<string, unknown>;
  if (dataset.steps.length === 0 && dataset.datasets.length === 0) return null;
  return (
    <section>
      <h2 id="dataset">How the datasets were made</h2>
      <Steps dataset={dataset} />
      {dataset.notes.length > 0 && <ul class="notes">{dataset.notes.map((n) => <li key={n}><Plain text={n} /></li>)}</ul>}
      <div class="sides-tables">{tablesOf(card).map((table) => <SidesTable key={table.title} table={table} />)}</div>
      <div class="sides-tables">
        {figuresOf(card).map(([name, figures]) => (
          <div key={name}>
            <h3>{words(name)}</h3>
            <ul class="facts-list">{figures.map(([what, n]) => <li key={what}>{words(what)}: {what.endsWith("share") ? percent(n) : count(n)}</li>)}</ul>
          </div>
        ))}
      </div>
      <Suspicious found={card.suspicious} />
      <h3>datasets</h3>
      <ul class="facts-list">
        {dataset.datasets.map((d) => <li key={d.name}><Name text={d.name} />: {count(d.num_records)} rows, <span class="code">SHA-256 {d.digest.slice(0, 12)}…</span></li>)}
      </ul>
    </section>
  );
}
