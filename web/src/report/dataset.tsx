import { useFold } from "../components/fold";
import { count, percent, words } from "../components/format";
import { Name, Plain } from "../components/plain";
import type { Report } from "./model";

type Dataset = Report["dataset"];
type TableRow = Record<string, string | number>;

function Steps(props: { dataset: Dataset }) {
  const widest = Math.max(1, ...props.dataset.steps.map((s) => s.in));
  return (
    <ol class="funnel">
      {props.dataset.steps.map((s) => (
        <li key={s.step}>
          <div class="funnel-head"><span>{words(s.step)}</span><span class="number">{count(s.in)} → {count(s.out)}</span></div>
          <div class="funnel-bar" aria-hidden="true"><span style={{ width: `${(100 * s.out) / widest}%` }} /><i style={{ width: `${(100 * (s.in - s.out)) / widest}%` }} /></div>
          {Object.keys(s.reasons).length > 0 && <ul class="reasons">{Object.entries(s.reasons).map(([reason, n]) => <li key={reason}>{count(n)} × <Plain text={reason} /></li>)}</ul>}
        </li>
      ))}
    </ol>
  );
}

const isTable = (value: unknown): value is TableRow[] =>
  Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === "object" && row !== null && Object.values(row).every((v) => typeof v === "string" || typeof v === "number"));

/** Counts of one kind of part (classes, turns, lengths, days) on every side, each with its share of that side. */
function SidesTable(props: { name: string; rows: TableRow[] }) {
  const fold = useFold(props.rows.length, 8, "rows");
  const columns = [...new Set(props.rows.flatMap(Object.keys))];
  const label = columns.find((c) => props.rows.every((r) => typeof r[c] === "string")) ?? columns[0]!;
  const sides = columns.filter((c) => c !== label);
  const sums = new Map(sides.map((s) => [s, props.rows.reduce((sum, r) => sum + (Number(r[s]) || 0), 0)]));
  const isCount = (s: string) => props.rows.every((r) => r[s] === undefined || Number.isInteger(r[s]));
  return (
    <div class="sides-table">
      <h3>{words(props.name)}</h3>
      <div class="scroll">
        <table>
          <thead><tr><th scope="col">{words(label)}</th>{sides.map((s) => <th key={s} scope="col" class="number">{words(s)}</th>)}</tr></thead>
          <tbody>
            {props.rows.map((row, i) => (
              <tr key={i} class={fold.beyond(i)}>
                <th scope="row">{row[label] === "" ? "all rows" : <Name text={String(row[label])} />}</th>
                {sides.map((s) => <td key={s} class="number">{typeof row[s] === "number" ? count(row[s] as number) : String(row[s] ?? "\u2013")}{isCount(s) && sums.get(s)! > 0 && <> <span class="muted share">{percent(Number(row[s]) / sums.get(s)!, 0)}</span></>}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {fold.button}
    </div>
  );
}

export function DatasetSection(props: { dataset: Dataset }) {
  const { dataset } = props;
  const tables = Object.entries(dataset).filter(([name, value]) => name !== "datasets" && isTable(value)) as [string, TableRow[]][];
  const leak = Object.entries((dataset as Record<string, unknown>).leak ?? {}).filter(([, v]) => typeof v === "number") as [string, number][];
  if (dataset.steps.length === 0 && dataset.datasets.length === 0) return null;
  return (
    <section>
      <h2 id="dataset">How the datasets were made</h2>
      <Steps dataset={dataset} />
      {dataset.notes.length > 0 && <ul class="notes">{dataset.notes.map((n) => <li key={n}><Plain text={n} /></li>)}</ul>}
      {tables.length > 0 && <div class="sides-tables">{tables.map(([name, rows]) => <SidesTable key={name} name={name} rows={rows} />)}</div>}
      {leak.length > 0 && <><h3>leaks</h3><ul class="facts-list">{leak.map(([name, n]) => <li key={name}>{words(name)}: {count(n)}</li>)}</ul></>}
      <h3>datasets</h3>
      <ul class="facts-list">
        {dataset.datasets.map((d) => <li key={d.name}><Name text={d.name} />: {count(d.num_records)} rows, <span class="code">SHA-256 {d.digest.slice(0, 12)}…</span></li>)}
      </ul>
    </section>
  );
}
