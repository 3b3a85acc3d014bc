import { count } from "../components/format";
import type { Report } from "./model";

type Dataset = NonNullable<Report["dataset"]>;

function Steps(props: { dataset: Dataset }) {
  const widest = Math.max(1, ...props.dataset.steps.map((s) => s.in));
  return (
    <ol class="funnel">
      {props.dataset.steps.map((s) => (
        <li key={s.step}>
          <div class="funnel-head"><span>{s.step}</span><span class="number">{count(s.in)} → {count(s.out)}</span></div>
          <div class="funnel-bar"><span style={{ width: `${(100 * s.out) / widest}%` }} /><i style={{ width: `${(100 * (s.in - s.out)) / widest}%` }} /></div>
          {Object.keys(s.reasons).length > 0 && (
            <ul class="reasons">{Object.entries(s.reasons).map(([reason, n]) => <li key={reason}>{count(n)} × {reason}</li>)}</ul>
          )}
        </li>
      ))}
    </ol>
  );
}

export function DatasetSection(props: { dataset: Dataset }) {
  const { dataset } = props;
  return (
    <section>
      <h2>How the datasets were made</h2>
      <Steps dataset={dataset} />
      {dataset.notes.length > 0 && <ul class="notes">{dataset.notes.map((n) => <li key={n}>{n}</li>)}</ul>}
      {dataset.classes.length > 0 && (
        <div class="scroll">
          <table>
            <thead><tr><th>class</th><th class="number">evaluation</th><th class="number">training</th><th class="number">validation</th></tr></thead>
            <tbody>
              {dataset.classes.map((c) => (
                <tr key={c.label}><td>{c.label || "all rows"}</td><td class="number">{count(c.eval)}</td><td class="number">{count(c.train)}</td><td class="number">{count(c.validation)}</td></tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <dl class="facts">
        {dataset.datasets.map((d) => (
          <div key={d.name}><dt>{d.name}</dt><dd>{count(d.num_records)} rows, <span class="path">SHA-256 {d.digest.slice(0, 12)}…</span></dd></div>
        ))}
      </dl>
    </section>
  );
}
