import { Answer, Conversation } from "../components/message";
import { evalName, type DivergentRow } from "./model";

function Row(props: { row: DivergentRow }) {
  const { row } = props;
  return (
    <article class="divergence">
      <p class="muted small">
        {row.label || "row"} · record {row.record_id}{row.novel_wording && " · wording that training never saw"}
      </p>
      <Conversation messages={row.messages} />
      <div class="sides">
        <div class="side"><h5>production</h5><Answer message={row.reference} /></div>
        {row.answers.map((a) => (
          <div class="side" key={`${a.model_name} ${a.eval_type}`}>
            <h5>{a.model_name} <span class="muted">{evalName(a.eval_type)}</span></h5>
            {a.error && <p class="problem">{a.error}</p>}
            <Answer message={a.message} reference={row.reference} />
          </div>
        ))}
      </div>
    </article>
  );
}

export function Divergences(props: { rows: DivergentRow[] }) {
  if (props.rows.length === 0) return null;
  return (
    <section>
      <h2>Where they differ</h2>
      <p class="muted">The first {props.rows.length} rows on which the best candidate does not give the production answer. What differs is marked.</p>
      {props.rows.map((row) => <Row key={row.record_id} row={row} />)}
    </section>
  );
}
